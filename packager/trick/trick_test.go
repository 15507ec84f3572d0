package trick_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"
	"github.com/stretchr/testify/require"

	"weir/internal/media"
	"weir/packager"
	"weir/packager/trick"
)

// recorder keeps the segments that a packager makes of the first track.
type recorder struct {
	init     []byte
	segments map[uint64][]byte
	ends     []media.SegmentEnd
}

func (r *recorder) Run(_ media.Run, inits []media.Init) error { r.init = inits[0].Data; return nil }
func (r *recorder) Target(time.Duration) error                { return nil }
func (r *recorder) Chunk(c media.Chunk) error {
	r.segments[c.Segment] = append(r.segments[c.Segment], c.Data...)
	return nil
}
func (r *recorder) End(e media.SegmentEnd) error { r.ends = append(r.ends, e); return nil }
func (r *recorder) Signal(media.Signal) error    { return nil }

// packaged are four segments of two seconds at 25 frames a second, an IDR each second, B-frames: what the packager makes of them.
func packaged(t testing.TB) *recorder {
	config := []byte("\x01\x64\x00\x1e\xff\xe1\x00\x19\x67\x64\x00\x1e\xac\xd9\x40\xa0\x2f\xf9\x61\x00\x00\x03\x00\x01\x00\x00\x03\x00\x3c\x8f\x16\x2d\x96" +
		"\x01\x00\x05\x68\xeb\xec\xb2\x2c\xfd\xf8\xf8\x00")
	r := &recorder{segments: make(map[uint64][]byte)}
	p, err := packager.New(packager.Config{Segment: 2 * time.Second, Chunk: 200 * time.Millisecond}, packager.Resume{}, r)
	require.NoError(t, err)
	start := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	format := media.Format{Codec: media.AVC, Config: config, Clock: media.Clock{Timescale: 90000}}
	require.NoError(t, p.Start([]media.Format{format}, start))
	shift := []media.Ticks{2, 4, 1, 0} // frames that presentation is behind decoding, but for two of all
	for n := range 200 {
		nal := bytes.Repeat([]byte{byte(n + 1)}, 50+n)
		nal[0] = 0x41
		if n%25 == 0 {
			nal[0] = 0x65
		}
		data := append(binary.BigEndian.AppendUint32(nil, uint32(len(nal))), nal...)
		late := media.Ticks(2)
		if k := n % 25; k > 0 && k < 25 {
			late = shift[(k-1)%4] // ends in mid-pattern, where it does not matter here
		}
		s := media.Sample{DTS: media.Ticks(n) * 3600, PTS: (media.Ticks(n) + late) * 3600, Sync: n%25 == 0, Data: data}
		require.NoError(t, p.Write(s, start.Add(time.Duration(n)*40*time.Millisecond)))
		if n%20 == 3 { // messages stand before some chunks
			tag := media.Event{Scheme: media.SchemeID3, PTS: s.PTS, Clock: format.Clock, Data: []byte("ID3")}
			require.NoError(t, p.Event(tag, start.Add(time.Duration(n)*40*time.Millisecond)))
		}
	}
	require.NoError(t, p.Flush(start.Add(8*time.Second)))
	require.Len(t, r.ends, len(r.segments))
	return r
}

// TestKeyFrames compares with what mp4ff finds in the segment and in what is made of it.
func TestKeyFrames(t *testing.T) {
	t.Parallel()
	r := packaged(t)
	at := media.Ticks(-1)
	for _, end := range r.ends {
		keys, err := trick.KeyFrames(r.segments[end.Segment])
		require.NoError(t, err)
		f, err := mp4.DecodeFile(bytes.NewReader(keys))
		require.NoError(t, err)
		require.Len(t, f.Segments, 1)
		require.Len(t, f.Segments[0].Fragments, 1)
		samples, err := f.Segments[0].Fragments[0].GetFullSamples(nil)
		require.NoError(t, err)
		require.NotEmpty(t, samples)
		require.Equal(t, uint64(end.Start), samples[0].DecodeTime)
		total := media.Ticks(0)
		for _, s := range samples {
			require.True(t, s.IsSync())
			require.Zero(t, s.CompositionTimeOffset)
			require.Equal(t, byte(0x65), s.Data[4], "an IDR")
			require.Equal(t, int(binary.BigEndian.Uint32(s.Data)), len(s.Data)-4, "the whole of it and no more")
			total += media.Ticks(s.Dur)
		}
		require.Equal(t, end.Duration, total)
		if at >= 0 {
			require.Equal(t, at, end.Start, "segments join")
		}
		at = end.Start + total
	}
}

// TestProbe lets ffprobe find the key frames.
func TestProbe(t *testing.T) {
	t.Parallel()
	ffprobe, err := exec.LookPath("ffprobe")
	if err != nil {
		t.Skip("ffprobe is not installed: ", err)
	}
	r := packaged(t)
	all := bytes.Clone(r.init)
	count := 0
	for _, end := range r.ends {
		keys, err := trick.KeyFrames(r.segments[end.Segment])
		require.NoError(t, err)
		all = append(all, keys...)
		count++
	}
	path := filepath.Join(t.TempDir(), "keys.mp4")
	require.NoError(t, os.WriteFile(path, all, 0o600))
	out, err := exec.Command(ffprobe, "-v", "fatal", "-show_entries", "packet=flags", "-of", "csv=p=0", path).Output()
	require.NoError(t, err)
	lines := strings.Fields(string(out))
	require.GreaterOrEqual(t, len(lines), count)
	for _, line := range lines {
		require.Contains(t, line, "K")
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	r := packaged(t)
	good := r.segments[r.ends[0].Segment]
	for name, in := range map[string][]byte{
		"nothing": nil, "no box": []byte("moof"), "cut off": good[:len(good)-1], "size of zero": append([]byte("\x00\x00\x00\x00free"), good...),
		"no moof": []byte("\x00\x00\x00\x08free"),
	} {
		_, err := trick.KeyFrames(in)
		require.ErrorIs(t, err, trick.ErrMalformed, name)
	}
	// The chunks behind the first of each second do not begin with an IDR.
	second := bytes.Index(good[100:], []byte("moof")) + 96
	third := second + 8 + bytes.Index(good[second+8:], []byte("moof")) - 4
	_, err := trick.KeyFrames(good[second:third])
	require.ErrorIs(t, err, trick.ErrNoKey)
}

// FuzzKeyFrames: whatever comes in, what comes out is a segment that the same code reads again.
func FuzzKeyFrames(f *testing.F) {
	r := packaged(f)
	for _, s := range r.segments {
		f.Add(s)
	}
	f.Add([]byte("\x00\x00\x00\x08moof"))
	f.Fuzz(func(t *testing.T, segment []byte) {
		keys, err := trick.KeyFrames(segment)
		if err != nil {
			return
		}
		if len(keys) > len(segment)+200+8*4096 {
			t.Fatalf("%d bytes of %d", len(keys), len(segment))
		}
		// It begins with a key frame, and may last longer than one sample can.
		_, err = trick.KeyFrames(keys)
		require.NotErrorIs(t, err, trick.ErrNoKey)
	})
}
