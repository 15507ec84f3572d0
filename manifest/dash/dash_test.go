package dash_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/dash"
	"weir/manifest/manifesttest"
)

func TestNothingToList(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]*media.Window{"no rows": {}, "no row left": manifesttest.New(0).Window()} {
		_, err := dash.MPD(w, manifest.Links{})
		require.ErrorIs(t, err, dash.ErrEmpty, name)
	}
}

func TestSegmentNumberOver32Bits(t *testing.T) {
	t.Parallel()
	c := manifesttest.New(math.MaxUint32 + 1)
	c.Run(0, manifesttest.AVC(1, 1280, 720, "avc1.64001f"))
	c.Row(2*time.Second, 1_000_000)
	_, err := dash.MPD(c.Window(), manifest.Links{})
	require.ErrorContains(t, err, "startNumber")
}

// TestTitleThatLooksLikeAnAttribute has the text that stands for a Period's times.
func TestTitleThatLooksLikeAnAttribute(t *testing.T) {
	t.Parallel()
	w := manifesttest.Cases()["changed-resolution"]
	w.Title = "a start=\"PT0S\" \x00 <Period>"
	doc, err := dash.MPD(w, manifest.Links{})
	require.NoError(t, err)
	d, err := parse(doc)
	require.NoError(t, err)
	require.Equal(t, "a start=\"PT0S\" \ufffd <Period>", d.Title)
	require.Equal(t, w.Rows.At(0).Run.Start.UnixNano(), int64(d.Periods[0].Start.Duration))
	validate(t, doc)
}

func TestPresentationDelay(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]struct{ target, dvr, want time.Duration }{
		"room enough":   {2 * time.Second, 10 * time.Minute, 6 * time.Second},
		"short window":  {time.Second, 3 * time.Second, 2 * time.Second},
		"shorter still": {2 * time.Second, 3 * time.Second, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := manifesttest.Cases()["video-audio"]
			w.Target, w.DVR = in.target, in.dvr
			doc, err := dash.MPD(w, manifest.Links{})
			require.NoError(t, err)
			d, err := parse(doc)
			require.NoError(t, err)
			require.Equal(t, in.want, d.Delay.Duration)
		})
	}
}

// TestJoins tells players how a Period goes on from the one before.
func TestJoins(t *testing.T) {
	t.Parallel()
	const connected, continuous = "urn:mpeg:dash:period-connectivity:2015", "urn:mpeg:dash:period-continuity:2015"
	video, audio := manifesttest.AVC(1, 1280, 720, "avc1.64001f"), manifesttest.AAC("a1", 1, 48000, "")
	for name, in := range map[string]struct {
		hole   time.Duration
		video  media.Track
		scheme string
	}{
		"same parameters after a hole": {5 * time.Second, video, connected},
		"same parameters, no hole":     {0, video, continuous},
		"changed parameters":           {0, manifesttest.AVC(2, 1920, 1080, "avc1.640028"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := manifesttest.New(0)
			c.Run(0, video)
			c.Rows(3, 2*time.Second, 1_000_000)
			c.Run(in.hole, in.video, audio)
			c.Rows(3, 2*time.Second, 1_000_000)
			doc, err := dash.MPD(c.Window(), manifest.Links{})
			require.NoError(t, err)
			d, err := parse(doc)
			require.NoError(t, err)
			sets := d.Periods[1].Sets
			require.Empty(t, sets[1].Properties, "audio was not there before")
			if in.scheme == "" {
				require.Empty(t, sets[0].Properties)
				return
			}
			require.Equal(t, in.scheme, sets[0].Properties[0].Scheme)
			require.Equal(t, d.Periods[0].ID, sets[0].Properties[0].Value)
		})
	}
}

// TestEqualDurationsAreFolded keeps a day of even segments to a line.
func TestEqualDurationsAreFolded(t *testing.T) {
	t.Parallel()
	c := manifesttest.New(0)
	c.Run(0, manifesttest.AVC(1, 1280, 720, "avc1.64001f"))
	c.Rows(43200, 2*time.Second, 1_000_000)
	doc, err := dash.MPD(c.Window(), manifest.Links{})
	require.NoError(t, err)
	d, err := parse(doc)
	require.NoError(t, err)
	require.Len(t, d.Periods[0].Sets[0].Template.S, 1)
	require.Len(t, d.Periods[0].Sets[0].segments(), 43200)
}
