package manifest_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/manifesttest"
)

func TestLanguage(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{
		"en": "en", "de-AT": "de-AT", "zh-Hant-TW": "zh-Hant-TW", "es-419": "es-419", "x-klingon": "x-klingon",
		"swe": "sv", "ger": "de", "GER": "de", "fre-CA": "fr-CA", "alb": "sq", "wel": "cy", "rum": "ro", "chi": "zh", "deu": "de", "deu-AT": "de-AT", "haw": "haw",
		"": "", "und": "", "-": "", "en-": "", "419": "", "e n": "", `en"`: "", "en\n": "", "deutschland": "", "日本": "", "en_US": "",
	} {
		require.Equal(t, want, manifest.Language(tag), "%q", tag)
	}
}

func TestPeak(t *testing.T) {
	t.Parallel()
	for peak, want := range map[int]uint32{
		0: 1000, 1: 1000, 128_000: 150_000, 3_000_000: 3_300_000, 3_000_001: 3_400_000, math.MaxInt32 * 4: math.MaxUint32,
	} {
		require.Equal(t, want, manifest.Peak(media.Rate{Peak: peak}), peak)
	}
}

// TestPeakKeepsMeasuredBelow125Percent is Apple's rule for BANDWIDTH, with room for a peak that still rises by a third, and none for
// boasting.
func TestPeakKeepsMeasuredBelow125Percent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		video := rapid.IntRange(1000, 200_000_000).Draw(t, "video")
		audio := rapid.IntRange(1000, 1_000_000).Draw(t, "audio")
		told := float64(manifest.Peak(media.Rate{Peak: video}, media.Rate{Peak: audio}))
		require.Less(t, float64(video+audio)*4/3, told*1.25)
		require.LessOrEqual(t, told, float64(video+audio)*1.22)
		average := float64(manifest.Average(media.Rate{Average: video}, media.Rate{Average: audio}))
		require.LessOrEqual(t, float64(video+audio), average)
		require.LessOrEqual(t, average, float64(video+audio)*1.1)
	})
}

func TestSpans(t *testing.T) {
	t.Parallel()
	video, audio := manifesttest.AVC(1, 1280, 720, "avc1.64001f"), manifesttest.AAC("a1", 1, 48000, "")
	c := manifesttest.New(7)
	c.Run(0, video, audio)
	c.Rows(3, time.Second, 1_000_000)
	c.Run(0, video)
	c.CutWithoutIDR()
	c.Rows(2, time.Second, 1_000_000)
	c.Trim(1)
	w := c.Window()

	spans := manifest.Spans(w.Rows)
	require.Len(t, spans, 2)
	require.Equal(t, []int{0, 2, 2, 4}, []int{spans[0].From, spans[0].To, spans[1].From, spans[1].To})
	require.Equal(t, []uint64{0, 1}, []uint64{spans[0].Run.ID, spans[1].Run.ID})
	require.Equal(t, 1, spans[0].Column("a1"))
	require.Equal(t, -1, spans[1].Column("a1"))
	require.True(t, spans[0].Independent(w.Rows, 0))
	require.False(t, spans[1].Independent(w.Rows, 0))
	require.True(t, manifest.Plays(w.Rows, spans, "a1"))
	require.False(t, manifest.Plays(w.Rows, spans[1:], "a1"))
	require.False(t, manifest.Plays(w.Rows, spans, "a2"))
}
