package hls_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/hls"
	"weir/manifest/manifesttest"
)

func TestNothingToList(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]*media.Window{"no rows": {}, "no row left": manifesttest.New(0).Window()} {
		_, err := hls.Media(w, "v1", manifest.Links{}, hls.Whole)
		require.ErrorIs(t, err, hls.ErrEmpty, name)
		_, err = hls.Multivariant(w, manifest.Links{})
		require.ErrorIs(t, err, hls.ErrEmpty, name)
	}
}

func TestUnknownTrack(t *testing.T) {
	t.Parallel()
	_, err := hls.Media(manifesttest.Cases()["audio-only"], "v1", manifest.Links{}, hls.Whole)
	require.ErrorIs(t, err, hls.ErrTrack)
}

// TestTextIsTheCallers renders twice: bytes handed out before stay as they are.
func TestTextIsTheCallers(t *testing.T) {
	t.Parallel()
	w := manifesttest.Cases()["video-audio"]
	one, err := hls.Media(w, "v1", manifest.Links{}, hls.Whole)
	require.NoError(t, err)
	was := string(one)
	two, err := hls.Media(w, "v1", manifest.Links{}, hls.Whole)
	require.NoError(t, err)
	require.Equal(t, was, string(two))
	two[0] = 'x'
	require.Equal(t, was, string(one))
}

// TestMultivariantIsSteady lets a channel run on at rates that creep up: the text changes in a few coarse steps only.
func TestMultivariantIsSteady(t *testing.T) {
	t.Parallel()
	c := manifesttest.New(0)
	c.Run(0, manifesttest.AVC(1, 1280, 720, "avc1.64001f"), manifesttest.AAC("a1", 1, 48000, "en"))
	texts := make(map[string]bool)
	for i := range 1000 {
		c.Row(2*time.Second, 4_000_000+400*i) // up by a tenth
		if c.Len() > 30 {
			c.Trim(1)
		}
		text, err := hls.Multivariant(c.Window(), manifest.Links{})
		require.NoError(t, err)
		texts[string(text)] = true
	}
	require.LessOrEqual(t, len(texts), 30)
}

// TestTrackOfGapsOnly has an audio track whose media has left the window: players that have its playlist get it, new ones are not
// told of it.
func TestTrackOfGapsOnly(t *testing.T) {
	t.Parallel()
	c := manifesttest.New(0)
	c.Run(0, manifesttest.AVC(1, 1280, 720, "avc1.64001f"), manifesttest.AAC("a1", 1, 48000, "en"))
	c.Rows(2, 2*time.Second, 1_000_000)
	c.End("a1")
	c.Rows(4, 2*time.Second, 1_000_000)
	c.Trim(2)
	w := c.Window()
	doc, err := hls.Media(w, "a1", manifest.Links{}, hls.Whole)
	require.NoError(t, err)
	p, err := parsePlaylist(doc)
	require.NoError(t, err)
	require.Len(t, p.segments, 4)
	all, err := hls.Multivariant(w, manifest.Links{})
	require.NoError(t, err)
	require.NotContains(t, string(all), "a1")
}

// What was never on air has no dates; all else is listed as ever.
func TestUndated(t *testing.T) {
	t.Parallel()
	for name, w := range manifesttest.Cases() {
		if w.Rows.Len() == 0 {
			continue
		}
		undated := *w
		undated.Undated = true
		for _, track := range w.Tracks {
			dated, err := hls.Media(w, track.Name, manifest.Links{}, hls.Whole)
			require.NoError(t, err)
			got, err := hls.Media(&undated, track.Name, manifest.Links{}, hls.Whole)
			require.NoError(t, err)
			want := regexp.MustCompile("(?m)^#EXT-X-PROGRAM-DATE-TIME:.*\n").ReplaceAllString(string(dated), "")
			require.NotEqual(t, want, string(dated), name)
			require.Equal(t, want, string(got), "%s %s", name, track.Name)
		}
	}
}
