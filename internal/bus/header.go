package bus

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"weir/internal/media"
)

// headerName is the one header of Weir's own in a message. Its value is numbers in decimal, separated by commas:
//
//	1,EPOCH,RUN,START,DURATION,TIMESCALE,FLAGS,INIT,WALL,PARTS              of a chunk
//	1,EPOCH,RUN,START,DURATION,TIMESCALE,FLAGS,INIT,WALL,CHUNKS,BYTES,CRC   of an end
//
// The first is the version of the format. START and DURATION are ticks, WALL is nanoseconds since the Unix epoch, 0 where
// there is none; PARTS is 0 for a chunk that was not split.
const headerName = "Weir"

const (
	headerVersion   = 1
	chunkFields     = 10
	endFields       = 12
	flagIndependent = 1 << 0
	flagsKnown      = flagIndependent

	maxTicks     = 1 << 62 // so that start + duration does not overflow
	maxChunk     = 64 << 20
	maxSegment   = 4 << 30
	maxHeader    = 12 * 21 // bytes of a header's value
	maxTimescale = math.MaxUint32
)

// header is what a message says besides its subject and payload.
type header struct {
	Epoch, Run  uint64
	Start       media.Ticks
	Duration    media.Ticks
	Timescale   uint32
	Independent bool // chunks only
	Init        uint32
	Wall        time.Time

	Parts int // chunks only

	Chunks   int // ends only
	Bytes    int64
	Checksum uint32
}

// encode is h's value in a message whose subject is an end or not. The error names a field that is out of bounds.
func (h header) encode(end bool) (string, error) {
	if err := h.check(end); err != nil {
		return "", err
	}
	var flags, wall uint64
	if h.Independent {
		flags |= flagIndependent
	}
	if !h.Wall.IsZero() {
		wall = uint64(h.Wall.UnixNano())
	}
	f := [endFields]uint64{
		headerVersion, h.Epoch, h.Run, uint64(h.Start), uint64(h.Duration), uint64(h.Timescale), flags, uint64(h.Init), wall,
	}
	n := chunkFields
	if end {
		n = endFields
		f[9], f[10], f[11] = uint64(h.Chunks), uint64(h.Bytes), uint64(h.Checksum)
	} else {
		f[9] = uint64(h.Parts)
	}
	b := make([]byte, 0, 128)
	for i, v := range f[:n] {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, v, 10)
	}
	return string(b), nil
}

// check keeps h to what decodeHeader takes.
func (h header) check(end bool) error {
	switch {
	case h.Epoch > maxNumber || h.Run > maxNumber:
		return fmt.Errorf("epoch %d or run %d is over the limit of %d", h.Epoch, h.Run, maxNumber)
	case h.Start < 0 || h.Start > maxTicks || h.Duration < 0 || h.Duration > maxTicks:
		return fmt.Errorf("start %d or duration %d is out of range", h.Start, h.Duration)
	case h.Timescale == 0:
		return fmt.Errorf("timescale is zero")
	case !h.Wall.IsZero() && !wallInRange(h.Wall):
		return fmt.Errorf("wall clock %s is out of range", h.Wall)
	case !end && (h.Parts < 0 || h.Parts > maxParts || h.Parts == 1):
		return fmt.Errorf("%d parts", h.Parts)
	case end && (h.Independent || h.Chunks < 0 || h.Chunks > maxIndex+1 || h.Bytes < 0 || h.Bytes > maxSegment):
		return fmt.Errorf("%d chunks, %d bytes", h.Chunks, h.Bytes)
	case end && h.Chunks == 0 && (h.Bytes != 0 || h.Checksum != 0):
		return fmt.Errorf("a gap of %d bytes", h.Bytes)
	}
	return nil
}

// wallInRange tells whether t can be nanoseconds in 63 bits, other than the 0 that stands for none.
func wallInRange(t time.Time) bool {
	s := t.Unix()
	return s >= 0 && s < math.MaxInt64/int64(time.Second) && t.UnixNano() > 0
}

// decodeHeader is the inverse of header.encode: it takes nothing that encode would not write. The error is ErrMalformed.
func decodeHeader(value string, end bool) (header, error) {
	want := chunkFields
	if end {
		want = endFields
	}
	if len(value) > maxHeader || strings.Count(value, ",") != want-1 {
		return header{}, fmt.Errorf("%w: header of %d bytes does not have %d fields", ErrMalformed, len(value), want)
	}
	limits := [endFields]uint64{
		headerVersion, maxNumber, maxNumber, maxTicks, maxTicks, maxTimescale, flagsKnown, math.MaxUint32, math.MaxInt64,
		maxParts, maxSegment, math.MaxUint32,
	}
	if end {
		limits[9] = maxIndex + 1
	}
	var f [endFields]uint64
	i := 0
	for s := range strings.SplitSeq(value, ",") {
		v, err := number(s, limits[i])
		if err != nil {
			return header{}, fmt.Errorf("%w: header field %d: %w", ErrMalformed, i, err)
		}
		f[i] = v
		i++
	}
	if f[0] != headerVersion {
		return header{}, fmt.Errorf("%w: header version %d", ErrMalformed, f[0])
	}
	h := header{
		Epoch: f[1], Run: f[2], Start: media.Ticks(f[3]), Duration: media.Ticks(f[4]), Timescale: uint32(f[5]),
		Independent: f[6]&flagIndependent != 0, Init: uint32(f[7]),
	}
	if f[8] != 0 {
		h.Wall = time.Unix(0, int64(f[8])).UTC()
	}
	if end {
		h.Chunks, h.Bytes, h.Checksum = int(f[9]), int64(f[10]), uint32(f[11])
	} else {
		h.Parts = int(f[9])
	}
	if err := h.check(end); err != nil {
		return header{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return h, nil
}
