package vod

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"weir/internal/media"
)

// avcConfig is that of 640×480 at 25 frames a second.
const avcConfig = "\x01\x64\x00\x1e\xff\xe1\x00\x19\x67\x64\x00\x1e\xac\xd9\x40\xa0\x2f\xf9\x61\x00\x00\x03\x00\x01\x00\x00\x03\x00\x3c\x8f\x16\x2d\x96" +
	"\x01\x00\x05\x68\xeb\xec\xb2\x2c\xfd\xf8\xf8\x00"

// made is a track of samples that are made up.
func made(t require.TestingT, id uint32, kind media.Kind, f media.Format, samples []Sample) *Track {
	b := newBuilder(testFile, "track")
	for _, s := range samples {
		require.NoError(t, b.add(s))
	}
	k := &Track{ID: id, Kind: kind, Format: f, Samples: b.done()}
	st := k.Samples.Stats()
	k.Start, k.End = st.First, st.Last
	return k
}

// drawTitle are pictures with key frames anywhere, of a B-pyramid's order or none, and sound that begins and ends somewhere near.
func drawTitle(t *rapid.T) *Index {
	scale := rapid.SampledFrom([]uint32{25, 600, 12800, 90000, 1000}).Draw(t, "scale")
	frame := int64(scale) / 25
	n := rapid.IntRange(1, 2000).Draw(t, "frames")
	late := rapid.IntRange(0, 3).Draw(t, "reorder")
	key := 0
	var video []Sample
	at := int64(100)
	for i := range n {
		s := Sample{Offset: at, Size: uint32(100 + i%50), DTS: int64(i) * frame, Duration: uint32(frame), Sync: i == key}
		if i == key {
			key += rapid.IntRange(1, 300).Draw(t, "gop")
		}
		if late > 0 {
			s.CTS = int32(frame) * int32(late)
		}
		at = s.End()
		video = append(video, s)
	}
	var audio []Sample
	begin := rapid.Int64Range(0, 48000*8).Draw(t, "begin")
	for i := range rapid.Int64Range(1, 4000).Draw(t, "sound") {
		s := Sample{Offset: at, Size: 30, DTS: begin + i*1024, Duration: 1024, Sync: true}
		at = s.End()
		audio = append(audio, s)
	}
	x := &Index{Size: testFile, Tracks: []*Track{
		made(t, 1, media.Video, media.Format{Codec: media.AVC, Config: []byte(avcConfig), Clock: media.Clock{Timescale: scale}}, video),
		made(t, 2, media.Audio, media.Format{Codec: media.AAC, Config: []byte{0x11, 0x90}, Clock: media.Clock{Timescale: 48000}}, audio),
	}}
	return x
}

// However pictures and sound lie, each sample is in one segment, in order; rows begin at the first key frame from the next border on, and sound
// with the first sample that is presented from there on.
func TestPlanAgainstModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		x := drawTitle(t)
		segment := time.Duration(rapid.IntRange(500, 10_000).Draw(t, "segment")) * time.Millisecond
		title, err := New([]Input{{Index: x}}, segment)
		require.NoError(t, err)
		checkRows(t, title)
		for _, c := range title.columns {
			next := 0
			for row := range c.cuts {
				require.Equal(t, next, int(c.cuts[row].first), "%s %d", c.Name, row)
				chunk, err := c.chunk(row, func(*Sample) { next++ })
				require.NoError(t, err)
				require.Equal(t, len(chunk.Samples) == 0, c.cuts[row].size == 0)
				seg, ok := title.Segment(c.Name, uint64(row))
				require.Equal(t, c.cuts[row].size > 0, ok)
				require.Equal(t, c.cuts[row].size, seg.Size)
			}
			require.Equal(t, c.of.Samples.Len(), next)
		}
		v, a := title.columns[0], title.columns[1]
		begins := make(map[int]int) // the row that a picture begins
		for row := range v.cuts {
			if v.cuts[row].size > 0 {
				begins[int(v.cuts[row].first)] = row
			}
		}
		origin := v.zero
		var border media.Ticks
		for i, s := range v.of.Samples.Samples(0, v.of.Samples.Len()) {
			at := v.time(s.PTS()) - origin
			row, begun := begins[i]
			forced := row > 0 && begun && !s.Sync
			if i > 0 && !forced {
				require.Equal(t, s.Sync && at >= border, begun, "picture %d at %d, border %d", i, at, border)
			}
			if forced {
				require.Greater(t, (v.cuts[row].start - v.cuts[row-1].start), media.Ticks(90000*59))
			}
			if begun {
				start := title.plan.borders[row] - origin
				if i > 0 {
					require.Equal(t, at, start)
				}
				border = media.NextBorder(start, 90000, segment)
			}
		}
		for row := range a.cuts {
			border := media.RescaleUp(title.plan.borders[row], 90000, 48000)
			for _, s := range a.of.Samples.Samples(int(a.cuts[row].first)-1, int(a.cuts[row].first)) {
				require.Less(t, a.time(s.PTS()), border)
			}
			for _, s := range a.of.Samples.Samples(int(a.cuts[row].first), int(a.cuts[row].first)+1) {
				require.True(t, row == 0 || a.time(s.PTS()) >= border)
			}
		}
	})
}

// A row is cut at any picture where no key frame comes for a minute.
func TestNoKeyFrameForAMinute(t *testing.T) {
	t.Parallel()
	var video []Sample
	for i := range int64(150 * 25) {
		video = append(video, Sample{Offset: i * 10, Size: 10, DTS: i, Duration: 1, Sync: i == 0})
	}
	x := &Index{Size: testFile, Tracks: []*Track{
		made(t, 1, media.Video, media.Format{Codec: media.AVC, Config: []byte(avcConfig), Clock: media.Clock{Timescale: 25}}, video),
	}}
	title, err := New([]Input{{Index: x}}, 4*time.Second)
	require.NoError(t, err)
	w := title.Window()
	require.Equal(t, 3, w.Rows.Len())
	require.Equal(t, time.Minute, w.Target)
	forced, _ := title.Forced()
	require.Equal(t, 2, forced)
	require.False(t, w.Rows.At(1).Segments[0].Parts[0].Independent)
	_, ok := title.Keys("v1", 1)
	require.False(t, ok)
}

// Where video tracks have no key frames together, the first one's are cut at after a while.
func TestKeyFramesApart(t *testing.T) {
	t.Parallel()
	video := func(id uint32, first int64) *Track {
		var all []Sample
		for i := range int64(100 * 25) {
			all = append(all, Sample{Offset: i * 10, Size: 10, DTS: i, Duration: 1, Sync: i == 0 || i%50 == first})
		}
		return made(t, id, media.Video, media.Format{Codec: media.AVC, Config: []byte(avcConfig), Clock: media.Clock{Timescale: 25}}, all)
	}
	title, err := New([]Input{{Index: &Index{Size: testFile, Tracks: []*Track{video(1, 0), video(2, 12)}}}}, 4*time.Second)
	require.NoError(t, err)
	checkRows(t, title)
	w := title.Window()
	forced, apart := title.Forced()
	require.Zero(t, forced)
	require.Equal(t, 4, apart)
	require.Equal(t, 5, w.Rows.Len())
	for i := 1; i < w.Rows.Len(); i++ {
		row := w.Rows.At(i)
		require.Equal(t, 22*time.Second, row.Start.Sub(w.Rows.At(i-1).Start))
		require.True(t, row.Segments[0].Parts[0].Independent)
		require.False(t, row.Segments[1].Parts[0].Independent)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	_, err := New(nil, 4*time.Second)
	require.ErrorIs(t, err, ErrFile)
	_, err = New([]Input{{Index: &Index{Tracks: []*Track{{ID: 7, Kind: media.Video, Why: "it is encrypted"}}}, File: 1}}, 4*time.Second)
	require.ErrorIs(t, err, ErrFile)
	require.ErrorContains(t, err, "no track plays: track 7 of file 2: it is encrypted")
	_, err = New(nil, time.Millisecond)
	require.Error(t, err)
	require.NotErrorIs(t, err, ErrFile)
}
