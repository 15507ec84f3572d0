package vod

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

// flacStream is a FLAC file of 16-bit mono at 44.1 kHz, whose frames are noise as it is.
type flacStream struct {
	variable bool
	first    int64 // number of the first frame or sample
	blocks   []int // samples a frame
	total    int64 // that STREAMINFO tells; below 0: all
	metadata []byte
	before   []byte
	after    []byte
	least    int // as STREAMINFO has it; 0: the largest block
}

func (f flacStream) bytes(r *rand.Rand) (file []byte, frames [][]byte) {
	most, sum := 0, int64(0)
	for _, n := range f.blocks {
		most, sum = max(most, n), sum+int64(n)
	}
	least := most
	if f.least != 0 {
		least = f.least
	}
	if f.total >= 0 {
		sum = f.total
	}
	b := append(bytes.Clone(f.before), "fLaC"...)
	last := byte(0x80)
	if f.metadata != nil {
		last = 0
	}
	b = append(b, last, 0, 0, 34)
	b = binary.BigEndian.AppendUint16(b, uint16(least))
	b = binary.BigEndian.AppendUint16(b, uint16(most))
	b = append(b, make([]byte, 6)...)
	b = binary.BigEndian.AppendUint64(b, 44100<<44|0<<41|15<<36|uint64(sum))
	b = append(b, make([]byte, 16)...)
	b = append(b, f.metadata...)
	number := f.first
	for _, n := range f.blocks {
		frame := flacFrameOf(r, f.variable, number, n)
		frames = append(frames, frame)
		b = append(b, frame...)
		if f.variable {
			number += int64(n)
		} else {
			number++
		}
	}
	return append(b, f.after...), frames
}

// flacFrameOf is a frame with a verbatim subframe.
func flacFrameOf(r *rand.Rand, variable bool, number int64, block int) []byte {
	b := []byte{0xff, 0xf8, 7<<4 | 9, 0<<4 | 4<<1}
	if variable {
		b[1] |= 1
	}
	b = appendFLACNumber(b, number)
	b = binary.BigEndian.AppendUint16(b, uint16(block-1))
	b = append(b, crc8(b), 1<<1)
	for range block {
		b = binary.BigEndian.AppendUint16(b, uint16(r.Uint32()))
	}
	return binary.BigEndian.AppendUint16(b, crc16(0, b))
}

func appendFLACNumber(b []byte, v int64) []byte {
	if v < 0x80 {
		return append(b, byte(v))
	}
	more := 1
	for v >= 1<<(5*more+6) {
		more++
	}
	b = append(b, byte(uint(0xff00)>>(more+1))|byte(v>>(6*more)))
	for more--; more >= 0; more-- {
		b = append(b, 0x80|byte(v>>(6*more)&0x3f))
	}
	return b
}

func repeat(n, times int) []int {
	all := make([]int, times)
	for i := range all {
		all[i] = n
	}
	return all
}

func TestFLACFramesAreFound(t *testing.T) {
	t.Parallel()
	picture := append([]byte{0x86, 0x30, 0, 0}, bytes.Repeat([]byte{0xff, 0xf8, 0x79}, 1<<20)...)
	id3 := append([]byte{'I', 'D', '3', 4, 0, 0x10, 0, 0, 2, 0}, make([]byte, 256+10)...)
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 900_000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	for name, f := range map[string]flacStream{
		"fixed":                 {blocks: append(repeat(4608, 300), 17), total: -1},
		"variable":              {variable: true, blocks: []int{4096, 16, 65535, 1, 700, 4096, 200}, total: -1, least: 16},
		"large numbers":         {variable: true, first: 1<<35 - 9000, blocks: append(repeat(1000, 20), 3), total: -1, least: 16},
		"cut out of the middle": {first: 65530, blocks: append(repeat(256, 40), 10), total: 1 << 30},
		"length is not known":   {blocks: append(repeat(4096, 9), 1000), total: 0},
		"picture":               {blocks: append(repeat(4096, 9), 1000), total: -1, metadata: picture},
		"ID3v2":                 {blocks: append(repeat(4096, 9), 1000), total: -1, before: append(id3, id3...)},
		"ID3v1":                 {blocks: append(repeat(4096, 9), 1000), total: -1, after: append([]byte("TAG"), make([]byte, 125)...)},
		"zeros behind it":       {blocks: append(repeat(4096, 9), 1000), total: -1},
		"one frame":             {blocks: []int{100}, total: -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(3, 4))
			data, frames := f.bytes(r)
			x, err := Read(t.Context(), inMemory(data))
			require.NoError(t, err)
			track := x.Tracks[0]
			require.Empty(t, track.Why)
			require.Equal(t, media.FLAC, track.Format.Codec)
			require.Equal(t, len(frames), track.Samples.Len())
			for i, s := range track.Samples.Samples(0, len(frames)) {
				require.Equal(t, frames[i], data[s.Offset:s.End()], i)
				require.EqualValues(t, f.blocks[i], s.Duration)
			}
		})
	}
	t.Run("noise behind it", func(t *testing.T) {
		t.Parallel()
		data, frames := flacStream{blocks: append(repeat(4096, 9), 1000), total: -1, after: noise}.bytes(rand.New(rand.NewPCG(3, 4)))
		x, err := Read(t.Context(), inMemory(data))
		require.NoError(t, err)
		n := len(frames)
		require.Equal(t, n, x.Tracks[0].Samples.Len())
		for i, s := range x.Tracks[0].Samples.Samples(0, n) {
			require.True(t, bytes.HasPrefix(data[s.Offset:s.End()], frames[i]), i) // what is behind the last is not told from it: decoders do not mind
		}
	})
}

func TestFLACThatIsDamagedIsRefused(t *testing.T) {
	t.Parallel()
	whole, _ := flacStream{blocks: repeat(4096, 200), total: -1}.bytes(rand.New(rand.NewPCG(3, 4)))
	for name, c := range map[string]struct {
		change func(b []byte) []byte
		says   string
	}{
		"cut off in a frame":       {func(b []byte) []byte { return b[:len(b)-1000] }, "cut off"},
		"cut off between frames":   {func(b []byte) []byte { return b[:len(b)-(6+2+1+1+8192+2)] }, "815104 of its 819200 samples"},
		"cut off in the metadata":  {func(b []byte) []byte { return b[:30] }, "STREAMINFO"},
		"a byte of a frame":        {func(b []byte) []byte { b[700_000]++; return b }, "damaged"},
		"a frame is missing":       {func(b []byte) []byte { return append(b[:42+8203:42+8203], b[42+2*8203:]...) }, "CRC is wrong"},
		"nothing behind metadata":  {func(b []byte) []byte { return b[:42] }, "first frame"},
		"no sample rate":           {func(b []byte) []byte { b[18], b[19], b[20] = 0, 0, b[20]&15; return b }, "STREAMINFO"},
		"metadata without an end":  {func(b []byte) []byte { b[4] = 0; return b }, "reach beyond the end"},
		"first block is a picture": {func(b []byte) []byte { b[4] = 6; return b }, "STREAMINFO"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Read(t.Context(), inMemory(c.change(bytes.Clone(whole))))
			require.ErrorIs(t, err, ErrFile)
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestCRC16InPiecesOfEight(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	for n := range 40 {
		b := make([]byte, n)
		slow := uint16(n)
		for i := range b {
			b[i] = byte(r.Uint32())
			slow = crc16Byte(slow, b[i])
		}
		require.Equal(t, slow, crc16(uint16(n), b))
	}
}

func BenchmarkFLACIndex(b *testing.B) {
	data, _ := flacStream{blocks: repeat(4096, 4000), total: -1}.bytes(rand.New(rand.NewPCG(3, 4)))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Read(context.Background(), inMemory(data)); err != nil {
			b.Fatal(err)
		}
	}
}
