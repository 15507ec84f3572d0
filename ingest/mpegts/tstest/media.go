package tstest

// Parameter sets of pictures of 64×64 and of 128×96, 25 a second, H.264 Constrained Baseline.
var (
	SPS64  = []byte{0x67, 0x42, 0xc0, 0x0a, 0xd9, 0x04, 0x26, 0xc0, 0x44, 0x00, 0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xc8, 0x3c, 0x48, 0x99, 0x20}
	SPS128 = []byte{0x67, 0x42, 0xc0, 0x0a, 0xd9, 0x02, 0x0d, 0xb0, 0x11, 0x00, 0x00, 0x03, 0x00, 0x01, 0x00, 0x00, 0x03, 0x00, 0x32, 0x0f, 0x12, 0x26, 0x48}
	PPS    = []byte{0x68, 0xcb, 0x83, 0xcb, 0x20}
)

// AnnexB is a byte stream of NAL units.
func AnnexB(nals ...[]byte) (stream []byte) {
	for _, n := range nals {
		stream = append(append(stream, 0, 0, 0, 1), n...)
	}
	return stream
}

// Slice is a NAL unit that passes for a slice of that many bytes, unlike others by its number.
func Slice(idr bool, number, size int) []byte {
	s := make([]byte, max(size, 8))
	s[0], s[1] = 0x41, 0x9a
	if idr {
		s[0], s[1] = 0x65, 0x88
	}
	for i := 2; i < len(s); i++ {
		s[i] = byte(number*7+i*13) | 0x10
	}
	return s
}

// ADTS is an AAC-LC frame of 48 kHz, stereo, of that many bytes of payload.
func ADTS(number, size int) []byte {
	n := 7 + size
	f := []byte{0xff, 0xf1, 0x4c, 0x80 | byte(n>>11), byte(n >> 3), byte(n<<5) | 0x1f, 0xfc}
	for i := range size {
		f = append(f, byte(number*5+i*3)|1)
	}
	return f
}

// Feed is what Write writes.
type Feed struct {
	Frames  int   // pictures, 25 a second
	Start   int64 // time of the first, in 1/90000 s
	Bounded bool  // PES of pictures have lengths, as GStreamer writes them; ffmpeg writes none
}

// PIDs of Feed.Write.
const (
	VideoPID = 0x100
	AudioPID = 0x101
)

// Write makes a stream of H.264 and AAC, a key frame each second, with tables and clock references.
func (f Feed) Write(m *Muxer) {
	const wrap = 1 << 33
	program := Program{Number: 1, PCR: VideoPID, Streams: []Stream{{PID: VideoPID, Type: 0x1b}, {PID: AudioPID, Type: 0x0f, Descriptors: Language("deu")}}}
	audio := 0
	for i := range f.Frames {
		dts := f.Start + int64(i)*3600
		if i%25 == 0 {
			m.Tables(false, program)
		}
		m.PCR(VideoPID, (dts%wrap)*300)
		au := [][]byte{{9, 0xf0}}
		if i%25 == 0 {
			au = append(au, SPS64, PPS)
		}
		au = append(au, Slice(i%25 == 0, i, 300+i%7*90))
		m.PES(VideoPID, 0xe0, (dts+7200)%wrap, dts%wrap, f.Bounded, AnnexB(au...))
		for ; int64(audio)*1920 < int64(i+1)*3600; audio += 2 { // two frames a PES
			m.PES(AudioPID, 0xc0, (f.Start+7200+int64(audio)*1920)%wrap, -1, true, append(ADTS(audio, 100+audio%9), ADTS(audio+1, 80)...))
		}
	}
}
