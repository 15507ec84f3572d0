package dash_test

import (
	"testing"
	"time"

	"github.com/Eyevinn/dash-mpd/mpd"
	"github.com/stretchr/testify/require"

	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/dash"
	"weir/manifest/manifesttest"
)

// Thumbnails are a set of their own behind all others, in a static MPD of one Period.
func TestImages(t *testing.T) {
	t.Parallel()
	made := func(runs int, ended bool) *mpd.MPD {
		c := manifesttest.New(100)
		c.Ended = ended
		for range runs {
			c.Run(0, manifesttest.AVC(1, 1280, 720, "avc1.64001f"), manifesttest.AAC("a1", 1, 48000, "en"))
			c.Rows(3, 2*time.Second, 100_000)
		}
		w := c.Window()
		w.Images = &media.Images{Name: "i1", Interval: 3 * time.Second, Columns: 5, Rows: 4, Width: 192, Height: 108, Bandwidth: 4000}
		doc, err := dash.MPD(w, manifest.Links{Media: "?v=$&token=a"})
		require.NoError(t, err)
		validate(t, doc)
		m, err := mpd.MPDFromBytes(doc)
		require.NoError(t, err)
		return m
	}
	sets := made(1, true).Periods[0].AdaptationSets
	set := sets[len(sets)-1]
	require.EqualValues(t, "image", set.ContentType)
	require.EqualValues(t, 601, *set.Id)
	st := set.SegmentTemplate
	require.Equal(t, "i1/$Number$.jpg?v=%24&token=a", st.Media)
	require.EqualValues(t, []uint32{60, 1, 1}, []uint32{*st.Duration, *st.Timescale, *st.StartNumber})
	require.Nil(t, st.SegmentTimeline)
	require.Len(t, set.Representations, 1)
	r := set.Representations[0]
	require.Equal(t, []any{"i1", "image/jpeg", uint32(960), uint32(432), uint32(4000)}, []any{r.Id, r.MimeType, r.Width, r.Height, r.Bandwidth})
	require.Len(t, r.EssentialProperties, 1)
	require.EqualValues(t, "http://dashif.org/guidelines/thumbnail_tile", r.EssentialProperties[0].SchemeIdUri)
	require.Equal(t, "5x4", r.EssentialProperties[0].Value)

	for _, m := range []*mpd.MPD{made(2, true), made(1, false)} {
		for _, p := range m.Periods {
			for _, set := range p.AdaptationSets {
				require.NotEqualValues(t, "image", set.ContentType)
			}
		}
	}
}
