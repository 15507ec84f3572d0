package packager

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

// What a segment of text holds is bounded, whatever there is to say.
func TestCuesOfASegmentAreBounded(t *testing.T) {
	t.Parallel()
	var cues []Cue
	for i := range media.Ticks(100) {
		cues = append(cues, Cue{From: i, To: 200 - i, Source: uint32(i), Body: CueBody(&media.Line{Text: "x"})})
	}
	count := func(s timed) int { return bytes.Count(s.data, []byte("vttc")) }
	all := cutCues(cues, 0, 300, crowd{together: 1000, pieces: 1000, bytes: 1 << 20})
	require.Len(t, all, 200)
	assert.Equal(t, 100, count(all[99]))
	assert.Equal(t, timed{dts: 200, pts: 200, pos: 200, duration: 100, sync: true, data: emptyWVTT}, all[199])
	for i, s := range cutCues(cues, 0, 300, crowd{together: 10, pieces: 50, bytes: 1 << 20}) {
		require.Less(t, i, 50)
		assert.Equal(t, min(i+1, 10), count(s))
	}
	few := cutCues(cues, 0, 300, crowd{together: 10, pieces: 1000, bytes: 1000})
	require.Len(t, few, 200)
	assert.Equal(t, 5, count(few[4]))
	assert.Zero(t, count(few[20]))
	last := few[len(few)-1]
	assert.Equal(t, media.Ticks(300), last.dts+last.duration)
}

// A segment of text is one chunk, as a packager writes it.
func TestTextSegment(t *testing.T) {
	t.Parallel()
	cues := []Cue{{From: 5, To: 15, Source: 7, Body: CueBody(&media.Line{ID: "i", Settings: "line:0", Text: "hello"})}}
	data, first := TextSegment(cues, 10, 20, 3)
	got := string(data)
	assert.Equal(t, "\x00\x00\x00\x08vtte", got[first:])
	assert.True(t, strings.HasPrefix(got, "\x00\x00\x00\x18stypmsdh\x00\x00\x00\x00msdhcmfs"))
	assert.True(t, strings.HasSuffix(got, "\x00\x00\x00\x48mdat\x00\x00\x00\x38vttc\x00\x00\x00\x0cvsid\x00\x00\x00\x07\x00\x00\x00\x09ideni\x00\x00\x00\x0esttgline:0\x00\x00\x00\x0dpaylhello\x00\x00\x00\x08vtte"), "%q", got)
	f := fragment{sequence: 3, first: true, samples: cutCues(nil, 10, 20, crowd{together: 1, pieces: 1, bytes: 10})}
	want, _ := f.encode()
	data, _ = TextSegment(nil, 10, 20, 3)
	assert.Equal(t, want, data)
}
