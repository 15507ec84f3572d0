package vod

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

// mp3Frames are frames of layer III with nothing in them, at 128 kbit/s and 44.1 kHz in stereo, where the header is not changed.
func mp3Frames(n int, change ...func(b []byte)) []byte {
	var all []byte
	for range n {
		b := make([]byte, 417)
		copy(b, []byte{0xff, 0xfb, 0x90, 0x44})
		for _, c := range change {
			c(b)
		}
		all = append(all, b...)
	}
	return all
}

// adtsFrames are frames of AAC-LC at 44.1 kHz in stereo.
func adtsFrames(n int, change ...func(b []byte)) []byte {
	var all []byte
	for range n {
		b := make([]byte, 200)
		copy(b, []byte{0xff, 0xf1, 0x50, 0x80, 200 >> 3, 200&7<<5 | 0x1f, 0xfc})
		for _, c := range change {
			c(b)
		}
		all = append(all, b...)
	}
	return all
}

func join(pieces ...[]byte) []byte { return bytes.Join(pieces, nil) }

func garbage(n int) []byte {
	r := rand.New(rand.NewPCG(7, 8))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// lameTag is a frame of Info with delay and padding.
func lameTag(delay, padding int) []byte {
	b := mp3Frames(1)
	at := copy(b[36:], "Info") + 36
	binary.BigEndian.PutUint32(b[at:], 15)
	at += 4 + 4 + 4 + 100 + 4
	copy(b[at:], "LAME3.100")
	v := delay<<12 | padding
	b[at+21], b[at+22], b[at+23] = byte(v>>16), byte(v>>8), byte(v)
	return b
}

func TestFramesAmongOtherThings(t *testing.T) {
	t.Parallel()
	id3 := append([]byte{'I', 'D', '3', 3, 0, 0, 0, 0, 1, 0}, bytes.Repeat([]byte{0xff, 0xfb, 0x90}, 43)[:128]...)
	tail := append([]byte("TAG"), bytes.Repeat([]byte{0xff, 0xfb, 0x90, 0x44}, 40)[:125]...)
	vbri := mp3Frames(1, func(b []byte) { copy(b[36:], "VBRI") })
	crc := func(b []byte) { b[1] &^= 1 }
	for name, c := range map[string]struct {
		data   []byte
		codec  media.Codec
		frames int
		shift  int64
		end    int64
	}{
		"nothing else":          {mp3Frames(20), media.MP3, 20, 0, 20 * 1152},
		"tags":                  {join(id3, id3, mp3Frames(20), tail), media.MP3, 20, 0, 20 * 1152},
		"APE":                   {join(mp3Frames(20), []byte("APETAGEX"), mp3Frames(9)), media.MP3, 20, 0, 20 * 1152},
		"two files":             {join(id3, mp3Frames(20), id3, mp3Frames(20), tail), media.MP3, 40, 0, 40 * 1152},
		"garbage everywhere":    {join(garbage(1_000_000), mp3Frames(20), garbage(90_000), mp3Frames(20), garbage(3_000_000)), media.MP3, 40, 0, 40 * 1152},
		"last frame is cut off": {mp3Frames(20)[:20*417-1], media.MP3, 19, 0, 19 * 1152},
		"VBRI":                  {join(vbri, mp3Frames(20)), media.MP3, 20, 0, 20 * 1152},
		"LAME":                  {join(id3, lameTag(576, 1000), mp3Frames(20)), media.MP3, 20, 576 + 529, 20*1152 - 576 - 1000},
		"LAME, no padding":      {join(lameTag(1105, 0), mp3Frames(20)), media.MP3, 20, 1105 + 529, 20*1152 - 1105 - 529},
		"LAME, too long":        {join(lameTag(4000, 4000), mp3Frames(2)), media.MP3, 2, 0, 2 * 1152},
		"mono and stereo":       {join(mp3Frames(9), mp3Frames(9, func(b []byte) { b[3] |= 0xc0 })), media.MP3, 18, 0, 18 * 1152},
		"two frames":            {mp3Frames(2), media.MP3, 2, 0, 2 * 1152},
		"one frame":             {mp3Frames(1), media.MP3, 1, 0, 1152},
		"ADTS":                  {join(id3, garbage(1000), adtsFrames(20), tail), media.AAC, 20, 0, 20 * 1024},
		"largest frames":        {bytes.Repeat(append([]byte{0xff, 0xe5, 0xea}, make([]byte, 2881-3)...), 20), media.MP2, 20, 0, 20 * 1152},
		"ADTS with CRC":         {adtsFrames(20, crc), media.AAC, 20, 0, 20 * 1024},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := inMemory(c.data)
			x, err := Read(t.Context(), f)
			require.NoError(t, err)
			track := x.Tracks[0]
			require.Empty(t, track.Why)
			require.Equal(t, strings.Contains(name, "garbage") || strings.Contains(name, "cut off") || name == "ADTS", x.Problem != "", x.Problem)
			require.LessOrEqual(t, f.opens.Load(), int64(2))
			require.Equal(t, c.codec, track.Format.Codec)
			require.Equal(t, c.frames, track.Samples.Len())
			require.Equal(t, c.shift, -track.Shift)
			require.Equal(t, c.end, track.End)
			require.Equal(t, c.shift > 0, track.Edits != "", track.Edits)
			for _, s := range track.Samples.Samples(0, c.frames) {
				switch {
				case c.codec == media.MP3:
					require.Equal(t, byte(0xff), c.data[s.Offset])
					require.EqualValues(t, 417, s.Size)
				case c.codec == media.MP2:
					require.EqualValues(t, 2881, s.Size)
				case name == "ADTS":
					require.EqualValues(t, 193, s.Size)
				default:
					require.EqualValues(t, 191, s.Size)
				}
			}
		})
	}
}

func TestMusicThatCannotBePackaged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		data []byte
		says string
	}{
		"text":                {bytes.Repeat([]byte("Weir "), 1<<19), "no format that is known"},
		"garbage":             {garbage(5_000_000), "no format that is known"},
		"short":               {[]byte{0xff}, "no format that is known"},
		"garbage too long":    {join(bytes.Repeat([]byte{7}, maxGarbage+streamBuffer), mp3Frames(20)), "no format that is known"},
		"free format":         {mp3Frames(20, func(b []byte) { b[2] &= 0x0f }), "free format"},
		"layer I":             {mp3Frames(20, func(b []byte) { b[1] |= 0x06 }), "layer I"},
		"blocks":              {adtsFrames(20, func(b []byte) { b[6] |= 1 }), "2 raw data blocks"},
		"blocks later":        {join(adtsFrames(20), adtsFrames(20, func(b []byte) { b[6] |= 1 })), "a track has one format"},
		"another rate":        {join(mp3Frames(20), bytes.Repeat(mp3Frames(1, func(b []byte) { b[2] |= 4 })[:384], 20)), "a track has one format"},
		"other channels":      {join(adtsFrames(20), adtsFrames(20, func(b []byte) { b[3] = 0x40 })), "a track has one format"},
		"MP3, then AAC":       {join(mp3Frames(20), adtsFrames(20)), "from mp3 of 44100 Hz to aac"},
		"tag beyond the end":  {[]byte{'I', 'D', '3', 3, 0, 0, 0, 1, 1, 0, 1, 2, 3}, "cut off"},
		"nothing but the tag": {lameTag(1, 2), "no frame"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Read(t.Context(), inMemory(c.data))
			require.ErrorIs(t, err, ErrFile)
			require.ErrorContains(t, err, c.says)
		})
	}
}

// FuzzMusic: no bytes make the readers of music files panic, or tell of frames that are not in the file, or in disorder.
func FuzzMusic(f *testing.F) {
	small, _ := flacStream{variable: true, blocks: []int{16, 40, 1}, total: -1, least: 16}.bytes(rand.New(rand.NewPCG(3, 4)))
	fixed, _ := flacStream{blocks: []int{20, 20, 3}, total: 0, after: []byte("TAG")}.bytes(rand.New(rand.NewPCG(3, 4)))
	f.Add(small)
	f.Add(fixed)
	f.Add(join(lameTag(576, 1000), mp3Frames(6), garbage(50)))
	f.Add(join([]byte{'I', 'D', '3', 3, 0, 0x10, 0, 0, 0, 1, 0}, make([]byte, 10), mp3Frames(6), []byte("APETAGEX")))
	f.Add(adtsFrames(7, func(b []byte) { b[1] &^= 1 }))
	f.Add(adtsFrames(7, func(b []byte) { b[6] |= 3 }))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 {
			return
		}
		w := &window{ctx: t.Context(), f: inMemory(data)}
		x, err := readMusic(w)
		if err != nil {
			if !errors.Is(err, ErrFile) {
				t.Fatal(err)
			}
			return
		}
		track := x.Tracks[0]
		at := int64(0)
		for _, s := range track.Samples.Samples(0, track.Samples.Len()) {
			if s.Offset < at || s.End() > int64(len(data)) || s.Duration == 0 {
				t.Fatalf("sample %+v behind byte %d of %d", s, at, len(data))
			}
			at = s.End()
		}
		if track.End <= track.Start || track.End+track.Shift > track.Samples.Stats().End {
			t.Fatalf("presented from %d to %d", track.Start, track.End)
		}
	})
}

func BenchmarkMP3Index(b *testing.B) {
	data := mp3Frames(40_000) // 17 minutes
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(b.Context(), inMemory(data)); err != nil {
			b.Fatal(err)
		}
	}
}
