package bus

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"weir/internal/media"
)

// headerName is the one header of Weir's own in a message. Its value is numbers in decimal, separated by commas:
//
//	2,EPOCH,RUN,START,DURATION,TIMESCALE,FLAGS,INIT,WALL,ROW,AT,SHIFT,PARTS,KEY                         of a chunk
//	2,EPOCH,RUN,START,DURATION,TIMESCALE,FLAGS,INIT,WALL,ROW,AT,SHIFT,CHUNKS,BYTES,CRC,PEAK,AVERAGE     of an end
//	2,EPOCH,RUN,START,DURATION,TIMESCALE,FLAGS,INIT,WALL,ROW,AT,SHIFT,CHUNKS,BYTES,CRC,PEAK,AVERAGE,CAPTIONS
//	2,EPOCH,RUN,START,DURATION,TIMESCALE,FLAGS,INIT,WALL,ROW,AT,SHIFT,CHUNKS,BYTES,CRC,PEAK,AVERAGE,CAPTIONS,KEY,KEYS
//
// The first is the version of the format. START and DURATION are ticks; WALL is nanoseconds since the Unix epoch, 0 where there is
// none. ROW, AT and SHIFT are the media.Anchor: AT is nanoseconds since the Unix epoch, and SHIFT is nanoseconds, the only number that
// may be negative; all three are 0 where there is none. PARTS is 0 for a chunk that was not split, PEAK and AVERAGE are bits a second.
// KEY and KEYS are bytes: media.Chunk.Key, of an end Size and Bytes of media.Keys. CAPTIONS are media.Captions. What an end has none of at its end
// is left out: CAPTIONS only where KEY and KEYS are too. The flag in an end is media.Keys.First; ends of writers before there were Keys lack it.
//
// Version 1, which streams may still hold, lacks ROW, AT, SHIFT, KEY, PEAK and AVERAGE. It is read, not written.
const headerName = "Weir"

const (
	headerVersion   = 2
	commonFields    = 12 // up to and with SHIFT
	chunkFields     = commonFields + 2
	endFields       = commonFields + 8 // KEY and KEYS may be left out, then CAPTIONS too
	captionsField   = endFields - 3
	keyField        = endFields - 2
	keysField       = endFields - 1
	shiftField      = commonFields - 1
	flagIndependent = 1 << 0
	flagsKnown      = flagIndependent

	oldVersion     = 1
	oldCommon      = 9 // up to and with WALL
	oldChunkFields = oldCommon + 1
	oldEndFields   = oldCommon + 3

	maxTicks     = 1 << 62 // so that start + duration does not overflow
	maxShift     = 1 << 62 // nanoseconds
	maxChunk     = 64 << 20
	maxSegment   = 4 << 30
	maxHeader    = endFields * 21 // bytes of a header's value
	maxTimescale = math.MaxUint32
)

// header is what a message says besides its subject and payload.
type header struct {
	Epoch, Run  uint64
	Start       media.Ticks
	Duration    media.Ticks
	Timescale   uint32
	Independent bool
	Init        uint32
	Wall        time.Time
	Anchor      media.Anchor

	Parts int // chunks only
	Key   int
	Keys  int64 // ends only

	Chunks   int // ends only
	Bytes    int64
	Checksum uint32
	Rate     media.Rate
	Captions media.Captions
}

// encode is h's value in a message whose subject is an end or not. The error names a field that is out of bounds.
func (h header) encode(end bool) (string, error) {
	if err := h.check(end); err != nil {
		return "", err
	}
	flags := int64(0)
	if h.Independent {
		flags |= flagIndependent
	}
	f := [endFields]int64{
		headerVersion, int64(h.Epoch), int64(h.Run), int64(h.Start), int64(h.Duration), int64(h.Timescale), flags, int64(h.Init),
		nanoseconds(h.Wall), int64(h.Anchor.Segment), nanoseconds(h.Anchor.Start), int64(h.Anchor.Shift),
	}
	n := chunkFields
	if end {
		n = endFields
		own := [...]int64{int64(h.Chunks), h.Bytes, int64(h.Checksum), int64(h.Rate.Peak), int64(h.Rate.Average), int64(h.Captions), int64(h.Key), h.Keys}
		copy(f[commonFields:], own[:])
		if h.Key == 0 && h.Keys == 0 {
			n = keyField
			if h.Captions == 0 {
				n = captionsField
			}
		}
	} else {
		f[commonFields], f[commonFields+1] = int64(h.Parts), int64(h.Key)
	}
	b := make([]byte, 0, 160)
	for i, v := range f[:n] {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, v, 10)
	}
	return string(b), nil
}

// nanoseconds is t since the Unix epoch, 0 for the zero time.
func nanoseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
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
	case !h.Wall.IsZero() && !timeInRange(h.Wall):
		return fmt.Errorf("wall clock %s is out of range", h.Wall)
	}
	if err := checkAnchor(h.Anchor); err != nil {
		return err
	}
	switch {
	case !end && (h.Parts < 0 || h.Parts > maxParts || h.Parts == 1):
		return fmt.Errorf("%d parts", h.Parts)
	case h.Key < 0 || h.Key > maxChunk || h.Key > 0 && !h.Independent:
		return fmt.Errorf("key frame of %d bytes", h.Key)
	case end && (h.Keys < int64(h.Key) || h.Keys > h.Bytes):
		return fmt.Errorf("key frames of %d bytes, the first of %d", h.Keys, h.Key)
	case end && (h.Chunks < 0 || h.Chunks > maxIndex+1 || h.Bytes < 0 || h.Bytes > maxSegment):
		return fmt.Errorf("%d chunks, %d bytes", h.Chunks, h.Bytes)
	case end && h.Chunks == 0 && (h.Bytes != 0 || h.Checksum != 0 || h.Independent):
		return fmt.Errorf("a gap of %d bytes", h.Bytes)
	case end && (h.Rate.Average < 0 || h.Rate.Peak < h.Rate.Average || h.Rate.Peak > maxNumber):
		return fmt.Errorf("rate of %d bit/s, %d on average", h.Rate.Peak, h.Rate.Average)
	case end && !h.Captions.Valid():
		return fmt.Errorf("captions %#x", uint64(h.Captions))
	}
	return nil
}

func checkAnchor(a media.Anchor) error {
	if a == (media.Anchor{}) {
		return nil
	}
	if a.Segment > maxNumber || !timeInRange(a.Start) || a.Shift < -maxShift || a.Shift > maxShift || !timeInRange(a.Start.Add(a.Shift)) {
		return fmt.Errorf("anchor at row %d, %s and %s, is out of range", a.Segment, a.Start, a.Shift)
	}
	return nil
}

// timeInRange tells whether t can be nanoseconds in 63 bits, other than the 0 that stands for none.
func timeInRange(t time.Time) bool {
	s := t.Unix()
	return s >= 0 && s < math.MaxInt64/int64(time.Second) && t.UnixNano() > 0
}

// headerLimits are the largest values of the fields, in their order, of a chunk and of an end.
var headerLimits = func() (l [2][endFields]uint64) {
	for i := range l {
		copy(l[i][:], []uint64{
			headerVersion, maxNumber, maxNumber, maxTicks, maxTicks, maxTimescale, flagsKnown, math.MaxUint32, math.MaxInt64,
			maxNumber, math.MaxInt64, maxShift,
		})
	}
	copy(l[0][commonFields:], []uint64{maxParts, maxChunk})
	copy(l[1][commonFields:], []uint64{maxIndex + 1, maxSegment, math.MaxUint32, maxNumber, maxNumber, maxNumber, maxChunk, maxSegment})
	return l
}()

// decodeHeader is the inverse of header.encode: it takes nothing that encode would not write, or would have written when the
// version was 1. The error is ErrMalformed.
func decodeHeader(value string, end bool) (header, error) {
	f, err := headerFields(value, end)
	if err != nil {
		return header{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	h := header{
		Epoch: uint64(f[1]), Run: uint64(f[2]), Start: media.Ticks(f[3]), Duration: media.Ticks(f[4]), Timescale: uint32(f[5]),
		Independent: f[6]&flagIndependent != 0, Init: uint32(f[7]), Wall: fromNanoseconds(f[8]),
		Anchor: media.Anchor{Segment: uint64(f[9]), Start: fromNanoseconds(f[10]), Shift: time.Duration(f[shiftField])},
	}
	own := f[commonFields:]
	if end {
		h.Chunks, h.Bytes, h.Checksum = int(own[0]), own[1], uint32(own[2])
		h.Rate = media.Rate{Peak: int(own[3]), Average: int(own[4])}
		h.Captions = media.Captions(own[5])
		h.Key, h.Keys = int(own[6]), own[7]
		if f[0] == oldVersion {
			h.Rate = ownRate(h.Bytes, h.Duration, h.Timescale)
		}
	} else {
		h.Parts, h.Key = int(own[0]), int(own[1])
	}
	if err := h.check(end); err != nil {
		return header{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return h, nil
}

func fromNanoseconds(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}

// ownRate is that of one segment alone: what is known of a track where nobody has measured it.
func ownRate(bytes int64, duration media.Ticks, timescale uint32) media.Rate {
	if bytes <= 0 || duration <= 0 {
		return media.Rate{}
	}
	rate := int(min(math.Ceil(float64(bytes)*8/duration.Seconds(timescale)), maxNumber))
	return media.Rate{Peak: rate, Average: rate}
}
