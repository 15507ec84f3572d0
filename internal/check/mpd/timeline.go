package mpd

import (
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// ErrTimeline is what cannot be expanded to segments.
var ErrTimeline = errors.New("the segment timeline cannot be expanded")

// Entry is a segment that a timeline lists.
type Entry struct {
	Number, Time, Duration uint64 // Time and Duration in the timescale
	Gap                    int64  // Time less the end of the one before it; 0 for the first
}

// Merge gives the template that applies where several levels have one (5.3.9.1): the innermost comes first.
func Merge(levels ...*Template) *Template {
	var out *Template
	for _, t := range levels {
		if t == nil {
			continue
		}
		if out == nil {
			c := *t
			out = &c
			continue
		}
		inherit(&out.Media, t.Media)
		inherit(&out.Initialization, t.Initialization)
		inherit(&out.StartNumber, t.StartNumber)
		inherit(&out.Timescale, t.Timescale)
		inherit(&out.Duration, t.Duration)
		inherit(&out.Offset, t.Offset)
		inherit(&out.Available, t.Available)
		inherit(&out.Complete, t.Complete)
		if out.Timeline == nil {
			out.Timeline = t.Timeline
		}
	}
	return out
}

func inherit(to **string, from *string) {
	if *to == nil {
		*to = from
	}
}

// Expand lists the segments of the timeline. end is where the Period ends in the timescale, for a negative repeat count of the
// last entry. Errors wrap ErrTimeline.
func (t *Template) Expand(end uint64) ([]Entry, error) {
	if t.Timeline == nil {
		return nil, nil
	}
	var list []Entry
	number, at := Number(t.StartNumber, 1), uint64(0)
	for i, s := range t.Timeline.S {
		d, err := strconv.ParseUint(s.D, 10, 64)
		if err != nil || d == 0 {
			return list, fmt.Errorf("%w: S %d has d=%.20q", ErrTimeline, i+1, s.D)
		}
		r := int64(0)
		if s.R != "" {
			if r, err = strconv.ParseInt(s.R, 10, 64); err != nil {
				return list, fmt.Errorf("%w: S %d has r=%.20q", ErrTimeline, i+1, s.R)
			}
		}
		number = Number(s.N, number)
		start := Number(s.T, at)
		gap := int64(start - at)
		if i == 0 {
			gap = 0
		}
		if r < 0 {
			until := end
			if i+1 < len(t.Timeline.S) {
				until = Number(t.Timeline.S[i+1].T, start)
			}
			r = int64(min((max(until, start)-start)/d, maxTimes)) - 1
			if r < 0 {
				continue
			}
		}
		if r >= maxTimes-int64(len(list)) {
			return list, fmt.Errorf("%w: more than %d segments", ErrTimeline, maxTimes)
		}
		if hi, length := bits.Mul64(d, uint64(r)+1); hi != 0 || start+length < start {
			return list, fmt.Errorf("%w: S %d ends beyond 64 bits", ErrTimeline, i+1)
		}
		for n := range uint64(r) + 1 {
			list = append(list, Entry{number, start + n*d, d, gap})
			number++
			gap = 0
		}
		at = start + (uint64(r)+1)*d
	}
	return list, nil
}

// Fill replaces the identifiers of a template (5.3.9.4.4). It is "" where one is not known.
func Fill(template, id string, bandwidth, number, time uint64) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(template, "$")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		name, after, closed := strings.Cut(rest, "$")
		if !closed {
			return ""
		}
		template = after
		name, width, _ := strings.Cut(name, "%0")
		pad := 1
		if width != "" {
			n, err := strconv.Atoi(strings.TrimSuffix(width, "d"))
			if err != nil || n < 0 || n > 64 {
				return ""
			}
			pad = n
		}
		switch name {
		case "":
			out.WriteByte('$')
		case "RepresentationID":
			out.WriteString(id)
		case "Number":
			fmt.Fprintf(&out, "%0*d", pad, number)
		case "Time":
			fmt.Fprintf(&out, "%0*d", pad, time)
		case "Bandwidth":
			fmt.Fprintf(&out, "%0*d", pad, bandwidth)
		default:
			return ""
		}
	}
}
