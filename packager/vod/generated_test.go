package vod

import (
	"bytes"
	"encoding/binary"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
	"weir/packager/trick"
)

// generate makes a file with ffmpeg, or skips the test where that, or an encoder, is not there.
func generate(t testing.TB, name, args string) string {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
	path := filepath.Join(t.TempDir(), name)
	all := append(append([]string{"-v", "error", "-nostdin", "-y"}, strings.Fields(args)...), path)
	out, err := exec.CommandContext(t.Context(), "ffmpeg", all...).CombinedOutput()
	if err != nil && strings.Contains(string(out), "Unknown encoder") {
		t.Skip(string(out))
	}
	require.NoError(t, err, "%s", out)
	return path
}

const (
	testPictures = "-f lavfi -i testsrc=size=128x72:rate=25:duration=6 "
	testSound    = "-f lavfi -i sine=duration=6.3:sample_rate=48000 "
	asH264       = "-c:v libx264 -preset ultrafast -bf 3 -g 25 -c:a aac "
)

// Whatever way ffmpeg writes a file, all of it comes out as it is there.
func TestWhatFFmpegWrites(t *testing.T) {
	t.Parallel()
	for name, args := range map[string]string{
		"moov at the end":           testPictures + testSound + asH264,
		"moov at the front":         testPictures + testSound + asH264 + "-movflags +faststart",
		"without an edit list":      testPictures + testSound + asH264 + "-use_editlist 0",
		"offsets below 0":           testPictures + testSound + asH264 + "-movflags +negative_cts_offsets",
		"fragments":                 testPictures + testSound + asH264 + "-movflags +frag_keyframe+empty_moov",
		"fragments behind samples":  testPictures + testSound + asH264 + "-movflags +frag_keyframe",
		"fragments, data from moof": testPictures + testSound + asH264 + "-movflags +frag_keyframe+empty_moov+default_base_moof -frag_size 20000",
		"fragments, edits in moov":  testPictures + testSound + asH264 + "-movflags +frag_keyframe+delay_moov",
		"HEVC":                      testPictures + testSound + "-c:v libx265 -preset ultrafast -x265-params log-level=none:bframes=3:keyint=25 -tag:v hvc1 -c:a ac3",
		"AV1":                       testPictures + testSound + "-c:v libsvtav1 -preset 12 -g 25 -c:a libopus",
		"three languages":           testPictures + testSound + testSound + testSound + asH264 + "-map 0 -map 1 -map 2 -map 3 -metadata:s:a:0 language=eng -metadata:s:a:1 language=deu",
		"odd frame rate":            "-f lavfi -i testsrc=size=128x72:rate=30000/1001:duration=5 " + asH264 + "-video_track_timescale 1000",
		"late sound":                testPictures + "-itsoffset 1.5 " + testSound + asH264,
		"late pictures":             "-itsoffset 2.7 " + testPictures + testSound + asH264,
		"FLAC":                      testSound + "-c:a flac -strict -2",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkFile(t, generate(t, "a.mp4", args))
		})
	}
}

func TestLanguagesOfTracks(t *testing.T) {
	t.Parallel()
	path := generate(t, "a.mp4", testSound+testSound+"-map 0 -map 1 -c:a aac -metadata:s:a:0 language=eng")
	x, err := Read(t.Context(), load(t, path))
	require.NoError(t, err)
	title, err := New([]Input{{Index: x}}, time.Second)
	require.NoError(t, err)
	require.Equal(t, "eng", title.run.Tracks[0].Language)
	require.Empty(t, title.run.Tracks[1].Language)
	other, err := New([]Input{{Index: x, Language: "pt-BR"}}, time.Second)
	require.NoError(t, err)
	require.Equal(t, "pt-BR", other.run.Tracks[1].Language)
	require.NotEqual(t, title.Version(), other.Version())
	require.NotEqual(t, title.Init("a1", 1), other.Init("a1", 1))
	require.Nil(t, title.Init("a1", 2))
	require.Nil(t, title.Init("a3", 1))
}

// Renditions in files of their own are cut at the key frames that both have, and their sound where they are.
func TestRenditionsOfSeveralFiles(t *testing.T) {
	t.Parallel()
	large := generate(t, "l.mp4", testPictures+testSound+"-c:v libx264 -preset ultrafast -bf 2 -g 20 -sc_threshold 0 -c:a aac")
	small := generate(t, "s.mp4", testPictures+"-c:v libx264 -preset ultrafast -s 64x36 -bf 0 -g 30 -sc_threshold 0")
	files := []*memory{load(t, large), load(t, small)}
	var inputs []Input
	for i, f := range files {
		x, err := Read(t.Context(), f)
		require.NoError(t, err)
		inputs = append(inputs, Input{Index: x, File: i})
	}
	title, err := New(inputs, time.Second)
	require.NoError(t, err)
	checkRows(t, title)
	w := title.Window()
	require.Len(t, w.Tracks, 3)
	require.Equal(t, []int{72, 36}, []int{w.Tracks[0].Height, w.Tracks[1].Height})
	// Key frames every 0.8 s and every 1.2 s: together every 2.4 s.
	require.Equal(t, 3, w.Rows.Len())
	for i := range w.Rows.Len() {
		row := w.Rows.At(i)
		for k := range 2 {
			require.True(t, row.Segments[k].Parts[0].Independent)
			require.InDelta(t, float64(i)*2.4, row.Segments[k].Start.Time(90000).Sub(title.Origin()).Seconds(), 0.001)
		}
		seg, ok := title.Segment("v2", uint64(i))
		require.True(t, ok)
		for _, s := range seg.Spans {
			require.Equal(t, 1, s.File)
		}
	}
	forced, apart := title.Forced()
	require.Zero(t, forced)
	require.Zero(t, apart)
}

// The key frames of a segment are those that the packager of trick play takes out of it, where each chunk has one.
func TestKeysAreThoseOfTheSegment(t *testing.T) {
	t.Parallel()
	f := load(t, generate(t, "a.mp4", testPictures+"-c:v libx264 -preset ultrafast -bf 3 -g 25 -sc_threshold 0"))
	x, err := Read(t.Context(), f)
	require.NoError(t, err)
	files := func(int) File { return f }
	title, err := New([]Input{{Index: x}}, time.Second)
	require.NoError(t, err)
	require.Equal(t, 6, title.Window().Rows.Len())
	for n := range uint64(6) {
		seg, _ := title.Segment("v1", n)
		whole, err := seg.Read(t.Context(), files)
		require.NoError(t, err)
		want, err := trick.KeyFrames(whole)
		require.NoError(t, err)
		keys, ok := title.Keys("v1", n)
		require.True(t, ok)
		got, err := keys.Read(t.Context(), files)
		require.NoError(t, err)
		require.Equal(t, want, got, "segment %d", n)
		require.Equal(t, keys.Size, int64(len(got)))
	}
	// A longer segment has more of them.
	title, err = New([]Input{{Index: x}}, 3*time.Second)
	require.NoError(t, err)
	keys, ok := title.Keys("v1", 0)
	require.True(t, ok)
	require.Len(t, keys.Spans, 3)
	require.Equal(t, keys.Spans[0].Length+keys.Spans[1].Length+keys.Spans[2].Length, title.Window().Rows.At(0).Segments[0].Keys.Bytes)
	_, ok = title.Keys("v1", 2)
	require.False(t, ok)
}

// Where pictures are shown before the key frame that they follow, its segment begins with them, and that of key frames too: there was a gap.
func TestKeysBeginWhereTheSegmentDoes(t *testing.T) {
	t.Parallel()
	f := load(t, generate(t, "a.mp4", testPictures+"-c:v libx264 -preset ultrafast -bf 3 -b_strategy 0 -g 24 -sc_threshold 0 -x264-params open-gop=1"))
	x, err := Read(t.Context(), f)
	require.NoError(t, err)
	title, err := New([]Input{{Index: x}}, time.Second)
	require.NoError(t, err)
	led := false // by pictures
	for n := range uint64(title.Window().Rows.Len()) {
		keys, ok := title.Keys("v1", n)
		require.True(t, ok)
		got, err := keys.Read(t.Context(), func(int) File { return f })
		require.NoError(t, err)
		at := bytes.Index(got, []byte("tfdt\x01\x00\x00\x00"))
		require.Positive(t, at)
		row := title.Window().Rows.At(int(n))
		require.Equal(t, uint64(row.Segments[0].Start), binary.BigEndian.Uint64(got[at+8:]), "segment %d", n)
		seg, _ := title.Segment("v1", n)
		whole, err := seg.Read(t.Context(), func(int) File { return f })
		require.NoError(t, err)
		first, err := trick.KeyFrames(whole)
		require.NoError(t, err)
		led = led || !bytes.Equal(first, got)
	}
	require.True(t, led)
}

// Sound that goes on behind the pictures is cut by time, and that of a cover is.
func TestSoundBehindPictures(t *testing.T) {
	t.Parallel()
	path := generate(t, "a.mp4", "-f lavfi -i testsrc=size=128x72:rate=25:duration=1 -f lavfi -i sine=duration=21:sample_rate=48000 "+asH264)
	checkFile(t, path)
	x, err := Read(t.Context(), load(t, path))
	require.NoError(t, err)
	title, err := New([]Input{{Index: x}}, 4*time.Second)
	require.NoError(t, err)
	checkRows(t, title)
	w := title.Window()
	require.Equal(t, 5, w.Rows.Len())
	require.Equal(t, 6*time.Second, w.Target) // the last is as much longer as is not worth a segment
	require.False(t, w.Rows.At(0).Segments[0].Gap())
	require.True(t, w.Rows.At(1).Segments[0].Gap())
	require.InDelta(t, 21, w.DVR.Seconds(), 0.05)
	require.Equal(t, media.Audio, w.Tracks[1].Kind)
}

// A film that was cut between key frames, without encoding it anew, begins with the key frame before: what an edit list takes off of it, players
// would have to decode and not to show, which those in browsers do not.
func TestCutFilmBeginsWithItsKeyFrame(t *testing.T) {
	t.Parallel()
	whole := generate(t, "whole.mp4", testPictures+testSound+asH264+"-g 50 -keyint_min 50 -sc_threshold 0")
	x, err := Read(t.Context(), load(t, generate(t, "cut.mp4", "-ss 3.2 -i "+whole+" -c copy")))
	require.NoError(t, err)
	title, err := New([]Input{{Index: x}}, 2*time.Second)
	require.NoError(t, err)
	checkRows(t, title)
	before := media.Ticks(x.Tracks[0].Start - x.Tracks[0].begins()).Seconds(x.Tracks[0].Format.Clock.Timescale)
	require.InDelta(t, 1.2, before, 0.05)
	first := title.Window().Rows.At(0)
	require.Equal(t, title.Origin(), first.Segment("v1").Start.Time(90000))
	require.InDelta(t, before, first.Segment("a1").Start.Time(48000).Sub(title.Origin()).Seconds(), 0.05)
	require.InDelta(t, before+2.8, title.Window().DVR.Seconds(), 0.35)
}
