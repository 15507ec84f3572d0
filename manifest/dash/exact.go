package dash

import (
	"bytes"
	"strconv"
	"time"
)

func appendString(b []byte, name, value string) []byte {
	b = append(b, ' ')
	b = append(b, name...)
	b = append(b, `="`...)
	b = append(b, value...)
	return append(b, '"')
}

func appendAttribute(b []byte, name string, d time.Duration) []byte {
	b = append(b, ' ')
	b = append(b, name...)
	b = append(b, `="`...)
	b = appendDuration(b, d)
	return append(b, '"')
}

// appendDuration is d as xs:duration in hours, minutes and seconds, to the nanosecond: the library prints three decimals, and then the
// first segment would begin up to a millisecond before or after its Period. Days are left out: players disagree on them, and
// seconds alone would go over 31 bits, which some players keep them in.
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
