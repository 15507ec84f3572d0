package dash

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
)

// periodTimes are the attributes of a Period that need nanoseconds. The library's Duration is printed with three decimals, and
// then the first segment would begin up to a millisecond before or after its Period.
type periodTimes struct {
	start    time.Duration // since the epoch
	duration time.Duration // 0: not known yet
}

// startMark stands for the attributes in what the library prints.
var startMark = []byte(` start="PT0S"`)

// exact puts the Periods' times in place of the marks in doc, one a Period, in order.
func exact(doc []byte, times []periodTimes) ([]byte, error) {
	out := make([]byte, 0, len(doc)+len(times)*64)
	for i, t := range times {
		before, after, found := bytes.Cut(doc, startMark)
		if !found {
			return nil, fmt.Errorf("place times of Period %d of %d: no mark in the document", i+1, len(times))
		}
		out = append(out, before...)
		out = appendAttribute(out, "start", t.start)
		if t.duration > 0 {
			out = appendAttribute(out, "duration", t.duration)
		}
		doc = after
	}
	out = append(out, doc...)
	return append(out, '\n'), nil
}

func appendAttribute(b []byte, name string, d time.Duration) []byte {
	b = append(b, ' ')
	b = append(b, name...)
	b = append(b, `="`...)
	b = appendDuration(b, d)
	return append(b, '"')
}

// appendDuration is d as xs:duration in hours, minutes and seconds, to the nanosecond. Days are left out: players disagree on them,
// and seconds alone would go over 31 bits, which some players keep them in.
func appendDuration(b []byte, d time.Duration) []byte {
	b = append(b, "PT"...)
	if h := d / time.Hour; h > 0 {
		b = append(strconv.AppendInt(b, int64(h), 10), 'H')
	}
	if m := d % time.Hour / time.Minute; m > 0 {
		b = append(strconv.AppendInt(b, int64(m), 10), 'M')
	}
	b = strconv.AppendInt(b, int64(d%time.Minute/time.Second), 10)
	if ns := d % time.Second; ns > 0 {
		b = append(b, '.')
		digits := strconv.AppendInt(nil, int64(time.Second+ns), 10)[1:]
		b = append(b, bytes.TrimRight(digits, "0")...)
	}
	return append(b, 'S')
}
