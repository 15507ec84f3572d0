package mp4

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func box(name string, content ...[]byte) []byte {
	b := append(make([]byte, 4), name...)
	for _, c := range content {
		b = append(b, c...)
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}

func words(values ...uint32) []byte {
	var b []byte
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

// initOf makes an init segment of one track with a sample entry.
func initOf(handler string, entry []byte) []byte {
	return append(box("ftyp", []byte("cmfc"), words(0), []byte("iso6")), box("moov",
		box("trak", box("tkhd", words(7, 0, 0, 1, 0)),
			box("edts", box("elst", words(0, 1, 100, 3600, 0x10000))),
			box("mdia", box("mdhd", words(0, 0, 0, 90000, 0, 0)), box("hdlr", words(0, 0), []byte(handler), words(0, 0, 0)),
				box("minf", box("stbl", box("stsd", words(0, 1), entry))))),
		box("mvex", box("trex", words(0, 1, 1, 3000, 5, 0x10000))))...)
}

func video(name string, config ...[]byte) []byte {
	return box(name, append([][]byte{make([]byte, 24), {5, 0, 2, 0xd0}, make([]byte, 50)}, config...)...)
}

func audio(name string, config ...[]byte) []byte {
	return box(name, append([][]byte{make([]byte, 24), words(48000 << 16)}, config...)...)
}

func TestCodecs(t *testing.T) {
	t.Parallel()
	hevc := make([]byte, 23)
	copy(hevc, []byte{1, 1, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 93})
	hevc[21] = 3
	esds := func(object byte, config ...byte) []byte {
		specific := append([]byte{5, byte(len(config))}, config...)
		decoder := append([]byte{4, byte(13 + len(specific)), object}, append(make([]byte, 12), specific...)...)
		return box("esds", words(0), []byte{3, byte(3 + len(decoder)), 0, 1, 0}, decoder)
	}
	for codecs, c := range map[string]struct {
		handler string
		entry   []byte
	}{
		"avc1.64001f":     {"vide", video("avc1", box("avcC", []byte{1, 0x64, 0, 0x1f, 0xff, 0xe0, 0}))},
		"hvc1.1.6.L93.B0": {"vide", video("hvc1", box("hvcC", hevc))},
		"av01.0.08M.10":   {"vide", video("av01", box("av1C", []byte{0x81, 8, 0x40, 0}))},
		"vp09.02.10.10":   {"vide", video("vp09", box("vpcC", []byte{1, 0, 0, 0, 2, 10, 0xa0, 0}))},
		"mp4a.40.2":       {"soun", audio("mp4a", esds(0x40, 0x11, 0x90))},
		"mp4a.40.5":       {"soun", audio("mp4a", esds(0x40, 0x2b, 0x11))},
		"mp4a.40.34":      {"soun", audio("mp4a", esds(0x40, 0xf8, 0x40))},
		"mp4a.6b":         {"soun", audio("mp4a", esds(0x6b))},
		"opus":            {"soun", audio("Opus")},
		"ec-3":            {"soun", audio("ec-3")},
	} {
		in, err := ParseInit(initOf(c.handler, c.entry))
		require.NoError(t, err, codecs)
		assert.Equal(t, codecs, in.Tracks[0].Codecs)
		assert.Equal(t, uint32(90000), in.Tracks[0].Timescale)
		assert.Equal(t, int64(3600), in.Tracks[0].Shift)
	}
	protected := video("encv", box("sinf", box("frma", []byte("avc1"))), box("avcC", []byte{1, 0x4d, 0x40, 0x1e, 0xff}))
	in, err := ParseInit(initOf("vide", protected))
	require.NoError(t, err)
	assert.True(t, in.Tracks[0].Encrypted)
	assert.Equal(t, "avc1.4d401e", in.Tracks[0].Codecs)
	in, err = ParseInit(initOf("vide", video("avc1", box("colr", []byte("nclx"), []byte{0, 9, 0, 16, 0, 9, 0}))))
	require.NoError(t, err)
	assert.Equal(t, 16, in.Tracks[0].Transfer)
	assert.Equal(t, []int{1280, 720}, []int{in.Tracks[0].Width, in.Tracks[0].Height})
	assert.Equal(t, []string{"cmfc", "iso6"}, in.Brands)
}

func segment() (init, media []byte) {
	init = initOf("vide", video("avc1", box("avcC", []byte{1, 0x64, 0, 0x1f, 0xff, 0xe0, 0})))
	moof := box("moof", box("mfhd", words(0, 1)), box("traf", box("tfhd", words(0x20000, 1)), box("tfdt", words(1<<24, 1, 500)),
		box("trun", words(1<<24|0xa05, 2, 92+16, 0x2000000), words(9, 3600, 5, 0xffffffff))))
	data := append(words(5), 0x65, 1, 2, 3, 4, 0, 0, 0, 1, 0x41)
	return init, append(append(box("styp", []byte("msdh"), words(0)), moof...), box("mdat", data)...)
}

func TestSegment(t *testing.T) {
	t.Parallel()
	init, media := segment()
	in, err := ParseInit(init)
	require.NoError(t, err)
	s, err := ParseSegment(media, in)
	require.NoError(t, err)
	assert.Equal(t, []string{"msdh"}, s.Styp)
	require.Len(t, s.Chunks, 1)
	f := s.Chunks[0].Fragments[0]
	assert.True(t, f.Timed)
	assert.True(t, f.Relative)
	assert.Equal(t, uint64(1<<32+500), f.Decode)
	assert.Equal(t, uint64(6000), f.Duration(), "by the default of trex")
	require.Len(t, f.Samples, 2)
	assert.True(t, f.Samples[0].Sync)
	assert.False(t, f.Samples[1].Sync, "by the default of trex")
	assert.Equal(t, int64(-1), f.Samples[1].Composition)
	assert.Equal(t, int64(1<<32+500+3000-1-3600), f.Earliest())
	sync, known := f.Track.Independent(media, Sample{Offset: len(media) - 14, Size: 9})
	assert.True(t, sync && known)
	sync, known = f.Track.Independent(media, Sample{Offset: len(media) - 5, Size: 5})
	assert.True(t, !sync && known)
	_, known = f.Track.Independent(media, Sample{Offset: len(media) - 5, Size: 50})
	assert.False(t, known)
	cut, err := ParseSegment(media[:len(media)-5], in)
	require.NoError(t, err, "a byte range that ends with the first sample")
	assert.Len(t, cut.Chunks, 1)
	assert.Equal(t, "mdat", cut.Chunks[0].Mdat.Type)
}

func TestBrokenMedia(t *testing.T) {
	t.Parallel()
	init, media := segment()
	in, err := ParseInit(init)
	require.NoError(t, err)
	for name, data := range map[string][]byte{
		"half a header":             {0, 0, 0},
		"a size too large":          append(words(100), "moof"...),
		"a size too small":          append(words(4), "moof"...),
		"a track that nobody knows": box("moof", box("traf", box("tfhd", words(0, 9)))),
		"no tfhd":                   box("moof", box("traf", box("tfdt", words(0, 9)))),
		"samples without bytes":     box("moof", box("traf", box("tfhd", words(0, 1)), box("trun", words(0x200, 1<<30)))),
		"many samples of nothing":   box("moof", box("traf", box("tfhd", words(0, 1)), box("trun", words(0, 1<<31)))),
	} {
		_, err := ParseSegment(data, in)
		require.ErrorIs(t, err, ErrBroken, name)
	}
	for i := range init {
		_, _ = ParseInit(init[:i])
	}
	for i := range media {
		_, _ = ParseSegment(media[:i], in)
	}
}

func FuzzParse(f *testing.F) {
	init, media := segment()
	f.Add(init, media)
	f.Add(initOf("soun", audio("mp4a")), media)
	f.Fuzz(func(t *testing.T, init, media []byte) {
		in, err := ParseInit(init)
		if err != nil {
			return
		}
		s, err := ParseSegment(media, in)
		if err != nil {
			return
		}
		samples := 0
		for _, c := range s.Chunks {
			for _, x := range c.Fragments {
				x.Earliest()
				x.Duration()
				samples += len(x.Samples)
				for _, sample := range x.Samples[:min(len(x.Samples), 16)] {
					x.Track.Independent(media, sample)
				}
			}
		}
		if samples > maxSamples {
			t.Fatalf("%d samples", samples)
		}
	})
}
