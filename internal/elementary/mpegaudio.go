package elementary

import (
	"fmt"

	"weir/internal/media"
)

// mpegBitrates are in kbit/s by [layer II or III][MPEG-1 or 2] (ISO/IEC 11172-3, 2.4.2.3; 13818-3, 2.4.2.3).
var mpegBitrates = [2][2][15]int{
	{
		{0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},
		{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
	},
	{
		{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
		{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
	},
}

// MPEGAudio finds frames of MPEG-1 and MPEG-2 audio, layers II and III.
type MPEGAudio struct{}

// Most is a frame of layer II at 160 kbit/s and 8 kHz, with padding.
func (MPEGAudio) Most() int { return 2881 }

// Next reads a frame (ISO/IEC 11172-3, 2.4.1).
func (MPEGAudio) Next(b []byte) (Frame, error) {
	if len(b) > 0 && b[0] != 0xff || len(b) > 1 && b[1]&0xe0 != 0xe0 {
		return Frame{}, ErrNoSync
	}
	if len(b) < 4 {
		return Frame{}, ErrShort
	}
	version, layer, rate, code := b[1]>>3&3, b[1]>>1&3, int(b[2]>>4), b[2]>>2&3
	if version == 1 || layer == 0 || code == 3 || rate == 15 {
		return Frame{}, ErrNoSync
	}
	if layer == 3 || rate == 0 {
		return Frame{Size: 4}, fmt.Errorf("%w: MPEG audio of layer I or of free format; send layer II or III, or AAC", ErrUnsupported)
	}
	f := Frame{Samples: 1152, Rate: [...]int{44100, 48000, 32000}[code], Format: media.Format{Codec: media.MP2, Channels: 2}}
	low := 0
	if version != 3 {
		low, f.Rate = 1, f.Rate/2
		if version == 0 {
			f.Rate /= 2
		}
	}
	iii := 0
	if layer == 1 {
		iii, f.Format.Codec = 1, media.MP3
		f.Samples >>= low
	}
	f.Size = f.Samples / 8 * 1000 * mpegBitrates[iii][low][rate] / f.Rate
	if b[2]&2 != 0 {
		f.Size++
	}
	if b[3]>>6 == 3 {
		f.Format.Channels = 1
	}
	f.Format.SampleRate = f.Rate
	if f.Size > len(b) {
		return f, ErrShort
	}
	f.Payload = [][]byte{b[:f.Size]}
	return f, nil
}
