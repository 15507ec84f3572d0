package bus

import (
	"fmt"
	"strconv"
	"strings"
)

// The subjects of a channel's stream are
//
//	weir.live.CHANNEL.TRACK.SEGMENT.CHUNK        a whole chunk
//	weir.live.CHANNEL.TRACK.SEGMENT.CHUNK.PART   one part of a chunk that was split
//	weir.live.CHANNEL.TRACK.SEGMENT.end          the end of a segment
//	weir.live.CHANNEL.signal.SEGMENT.NUMBER      a signal
const subjectRoot = "weir.live."

// What a subject may name. Numbers stay below 2^53, so that players can count them.
const (
	maxNumber = 1<<53 - 1
	maxIndex  = 1<<16 - 1 // of a chunk in its segment
	maxParts  = 1 << 12   // of a chunk
	maxTrack  = 16        // bytes of a track's name
	endToken  = "end"
)

// address is what a subject says: which message of a channel it is.
type address struct {
	Track   string
	Segment uint64
	Chunk   int // not used with End
	Part    int // -1: the chunk is whole
	End     bool
}

// subject is a's subject in the stream of channel.
func (a address) subject(channel string) string {
	b := make([]byte, 0, 96)
	b = append(b, subjectRoot...)
	b = append(b, channel...)
	b = append(b, '.')
	b = append(b, a.Track...)
	b = append(b, '.')
	b = strconv.AppendUint(b, a.Segment, 10)
	b = append(b, '.')
	if a.End {
		return string(append(b, endToken...))
	}
	b = strconv.AppendInt(b, int64(a.Chunk), 10)
	if a.Part >= 0 {
		b = append(b, '.')
		b = strconv.AppendInt(b, int64(a.Part), 10)
	}
	return string(b)
}

// parseSubject is the inverse of address.subject. The error is ErrMalformed.
func parseSubject(channel, subject string) (address, error) {
	rest, ok := strings.CutPrefix(subject, subjectRoot)
	if ok {
		rest, ok = strings.CutPrefix(rest, channel+".")
	}
	if !ok || len(rest) > 64 {
		return address{}, fmt.Errorf("%w: subject is not of channel %s", ErrMalformed, channel)
	}
	var f [4]string
	n := 0
	for tok := range strings.SplitSeq(rest, ".") {
		if n == len(f) {
			return address{}, fmt.Errorf("%w: subject %q has too many tokens", ErrMalformed, subject)
		}
		f[n] = tok
		n++
	}
	if n < 3 || !validTrack(f[0]) {
		return address{}, fmt.Errorf("%w: subject %q", ErrMalformed, subject)
	}
	a := address{Track: f[0], Part: -1}
	var err error
	if a.Segment, err = number(f[1], maxNumber); err != nil {
		return address{}, fmt.Errorf("%w: segment: %w", ErrMalformed, err)
	}
	if f[2] == endToken && n == 3 {
		a.End = true
		return a, nil
	}
	v, err := number(f[2], maxIndex)
	if err != nil {
		return address{}, fmt.Errorf("%w: chunk: %w", ErrMalformed, err)
	}
	a.Chunk = int(v)
	if n == 4 {
		if v, err = number(f[3], maxParts-1); err != nil {
			return address{}, fmt.Errorf("%w: part: %w", ErrMalformed, err)
		}
		a.Part = int(v)
	}
	return a, nil
}

// validTrack keeps to what media.Track.Name may be.
func validTrack(name string) bool {
	if name == "" || len(name) > maxTrack {
		return false
	}
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// number reads a decimal in its only form: no sign, no leading zero.
func number(s string, limit uint64) (uint64, error) {
	if s == "" || len(s) > 20 || (s[0] == '0' && len(s) > 1) || s[0] == '+' {
		return 0, fmt.Errorf("%q is not a plain number", s)
	}
	v, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a plain number", s)
	}
	if v > limit {
		return 0, fmt.Errorf("%s is over the limit of %d", s, limit)
	}
	return v, nil
}
