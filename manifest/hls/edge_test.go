package hls_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/hls"
	"weir/manifest/manifesttest"
)

func edgeOf(t *testing.T, w *media.Window, track string) hls.Edge {
	t.Helper()
	e, ok := hls.Last(w, track)
	require.True(t, ok)
	return e
}

// TestEdge is a typical playlist: segment 109 is closed and has four parts of video, 110 is being made and has two.
func TestEdge(t *testing.T) {
	t.Parallel()
	e := edgeOf(t, manifesttest.LowLatencyCases()["low-latency"], "v1")
	require.Equal(t, []any{uint64(109), 4, 2, false}, []any{e.MSN, e.Parts, e.Open, e.Ended})
	for _, c := range []struct {
		msn         uint64
		part        int
		has, tooFar bool
	}{
		{0, -1, true, false},
		{100, 17, true, false},
		{109, -1, true, false},
		{109, 3, true, false},
		{109, 4, true, false}, // part 0 of 110
		{109, 8, true, false},
		{109, 9, true, true}, // the part target is 0.52 s, the advance part limit 5.8
		{110, -1, false, false},
		{110, 1, true, false},
		{110, 2, false, false},
		{110, 6, false, false},
		{110, 7, false, true},
		{111, -1, false, false},
		{111, 0, false, false},
		{111, 5, false, true},
		{112, -1, false, true},
		{112, 0, false, true},
		{math.MaxUint64, -1, false, true},
		{math.MaxUint64, math.MaxInt, false, true},
		{110, math.MaxInt, false, true},
	} {
		require.Equal(t, c.has, e.Has(c.msn, c.part), "%d %d", c.msn, c.part)
		require.Equal(t, c.tooFar, e.TooFar(c.msn, c.part), "%d %d", c.msn, c.part)
	}
}

// TestEdgeAtBorder asks for a part behind the last of a segment that is closed, when nothing of the next one is there.
func TestEdgeAtBorder(t *testing.T) {
	t.Parallel()
	e := edgeOf(t, manifesttest.LowLatencyCases()["low-latency-border"], "v1")
	require.True(t, e.Has(109, 3))
	require.False(t, e.Has(109, 4))
	require.False(t, e.TooFar(109, 4))
	require.False(t, e.Has(110, 0))
}

// TestEdgeOfGaps has a track without media: whoever waits for its next part is answered when the segment is told to be a gap.
func TestEdgeOfGaps(t *testing.T) {
	t.Parallel()
	e := edgeOf(t, manifesttest.LowLatencyCases()["low-latency-audio-ends"], "a1")
	require.Equal(t, uint64(108), e.MSN)
	require.True(t, e.Has(108, 0))
	require.False(t, e.Has(109, 0))
}

// TestEdgeWithoutParts is answered by whole segments.
func TestEdgeWithoutParts(t *testing.T) {
	t.Parallel()
	e := edgeOf(t, manifesttest.LowLatencyCases()["unchunked"], "v1")
	require.True(t, e.Has(109, 50))
	require.False(t, e.TooFar(109, 50))
	require.False(t, e.Has(110, 0))
	require.False(t, e.Has(110, -1))
	require.True(t, e.TooFar(112, -1))
}

func TestEdgeOfEnded(t *testing.T) {
	t.Parallel()
	w := manifesttest.LowLatencyCases()["ended"]
	rows, ok := hls.LastRow(w)
	require.True(t, ok)
	for _, e := range []hls.Edge{edgeOf(t, w, "v1"), rows} {
		require.True(t, e.Has(4711, 3))
		require.False(t, e.TooFar(4711, 3))
	}
}

func TestEdgeOfNothing(t *testing.T) {
	t.Parallel()
	_, ok := hls.Last(&media.Window{}, "v1")
	require.False(t, ok)
	_, ok = hls.LastRow(&media.Window{})
	require.False(t, ok)
	_, ok = hls.Last(manifesttest.LowLatencyCases()["low-latency"], "v2")
	require.False(t, ok)
}

func TestEdgeAllocatesNothing(t *testing.T) {
	w := manifesttest.LowLatencyCases()["low-latency-audio-ahead"]
	found := 0
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if e, ok := hls.Last(w, "a1"); ok && e.Has(110, 0) {
			found++
		}
	}))
	require.NotZero(t, found)
}

// TestOtherPartsThanNow has a chunk setting that was changed: segments that were cut otherwise are listed without parts, as these would break
// the bounds that PART-TARGET sets.
func TestOtherPartsThanNow(t *testing.T) {
	t.Parallel()
	video := manifesttest.AVC(1, 1280, 720, "avc1.64001f")
	c := manifesttest.New(0)
	c.LowLatency = true
	for _, chunk := range []time.Duration{time.Second, 200 * time.Millisecond, time.Second} {
		c.Run(0, manifesttest.Chunked(video, chunk))
		c.Rows(1, 2*time.Second, 1_000_000)
	}
	doc, err := hls.Media(c.Window(), "v1", manifest.Links{}, hls.Whole)
	require.NoError(t, err)
	p, err := parsePlaylist(doc)
	require.NoError(t, err)
	require.Equal(t, []int{0, 0, 2}, []int{len(p.segments[0].parts), len(p.segments[1].parts), len(p.segments[2].parts)})
	require.EqualValues(t, 1000, p.partTarget)
}

// TestLinksCannotBreakLines has links that nobody should have let through.
func TestLinksCannotBreakLines(t *testing.T) {
	t.Parallel()
	w := manifesttest.LowLatencyCases()["low-latency"]
	evil := manifest.Links{Playlists: "?a=\"\r\n#EXT-X-ENDLIST", Media: "?b=\"\n\x00\xff ü"}
	for _, delta := range []hls.Delta{hls.Whole, hls.Skip, hls.SkipRanges} {
		doc, err := hls.Media(w, "v1", evil, delta)
		require.NoError(t, err)
		require.NotContains(t, string(doc), "\n#EXT-X-ENDLIST")
		require.Contains(t, string(doc), `URI="110.2.m4s?b=%22%0A%00%FF%20%C3%BC"`)
		require.Contains(t, string(doc), `URI="../a1/index.m3u8?a=%22%0D%0A#EXT-X-ENDLIST"`)
		_, err = parseMultivariant(doc)
		require.Error(t, err)
	}
	doc, err := hls.Multivariant(w, evil)
	require.NoError(t, err)
	m, err := parseMultivariant(doc)
	require.NoError(t, err)
	require.Len(t, m.variants, 1)
	require.Equal(t, "v1/index.m3u8?a=%22%0D%0A#EXT-X-ENDLIST", m.variants[0]["URI"])
}

// Where segments are as long as each other, the next one is hinted at when the open one is as long: nobody asks for a part that is never made.
func TestHintAtExpectedBorder(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		lengths []time.Duration // of the closed segments; the open one is 2 s
		parts   int             // that are there of it
		border  bool
	}{
		"in the middle":       {[]time.Duration{2 * time.Second, 2 * time.Second}, 9, false},
		"at its end":          {[]time.Duration{2 * time.Second, 2 * time.Second}, 10, true},
		"beyond":              {[]time.Duration{1600 * time.Millisecond, 1600 * time.Millisecond}, 10, false},
		"of uneven ones":      {[]time.Duration{1600 * time.Millisecond, 2 * time.Second}, 10, false},
		"of too few of a run": {[]time.Duration{2 * time.Second}, 10, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := manifesttest.New(7)
			c.LowLatency = true
			c.Run(0, manifesttest.Chunked(manifesttest.AVC(1, 1280, 720, "avc1.64001f"), 200*time.Millisecond))
			for _, d := range tt.lengths {
				c.Row(d, 3_000_000)
			}
			c.Plan(2*time.Second, 3_000_000)
			for range tt.parts {
				require.True(t, c.Part("v1"))
			}
			w := c.Window()
			open := 7 + uint64(len(tt.lengths))
			number, part := open, tt.parts
			if tt.border {
				number, part = open+1, 0
			}
			text, err := hls.Media(w, "v1", manifest.Links{}, hls.Whole)
			require.NoError(t, err)
			require.Contains(t, string(text), fmt.Sprintf(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="%d.%d.m4s"`, number, part))
			e, ok := hls.Last(w, "v1")
			require.True(t, ok)
			require.True(t, e.Hints(number, part))
			require.True(t, e.Hints(open, tt.parts), "the next part is waited for in any case")
			require.False(t, e.Hints(number, part+1))
		})
	}
}
