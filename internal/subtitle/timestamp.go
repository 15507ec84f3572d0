package subtitle

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxHours bounds times.
const maxHours = 1 << 20

// arrow stands between the times of a cue.
const arrow = "-->"

// timestamp reads hh:mm:ss.ttt or mm:ss.ttt (W3C WebVTT, 6.4).
func timestamp(s string) (time.Duration, error) {
	bad := fmt.Errorf("%.40q is no time, write it like 00:01:02.500", s)
	whole, millis, ok := strings.Cut(s, ".")
	if !ok || len(millis) != 3 {
		return 0, bad
	}
	ms, err := digits(millis)
	if err != nil {
		return 0, bad
	}
	t, ok := clock(whole, 2)
	if !ok {
		return 0, bad
	}
	return t + time.Duration(ms)*time.Millisecond, nil
}

// clock reads hh:mm:ss or mm:ss. Each of the parts has at least that many digits, and but for the hours at most two.
func clock(s string, least int) (time.Duration, bool) {
	parts := strings.Split(s, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, false
	}
	t := time.Duration(0)
	for i, unit := range []time.Duration{time.Second, time.Minute, time.Hour}[:len(parts)] {
		p := parts[len(parts)-1-i]
		n, err := digits(p)
		if err != nil || len(p) < least || unit != time.Hour && (len(p) > 2 || n > 59) || n > maxHours {
			return 0, false
		}
		t += time.Duration(n) * unit
	}
	return t, true
}

// digits reads a number without a sign.
func digits(s string) (uint64, error) {
	if strings.HasPrefix(s, "+") {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseUint(s, 10, 40)
}

// looseTimestamp reads a time of SubRip: hh:mm:ss,ttt or with a point, with fewer digits, without hours or without a fraction.
func looseTimestamp(s string) (time.Duration, error) {
	s = strings.TrimSpace(s)
	bad := fmt.Errorf("%.40q is no time, write it like 00:01:02,500", s)
	whole, fraction := s, ""
	if i := strings.IndexAny(s, ",."); i >= 0 {
		whole, fraction = s[:i], s[i+1:]
	}
	t, ok := clock(strings.ReplaceAll(whole, " ", ""), 1)
	if !ok || len(fraction) > 9 {
		return 0, bad
	}
	if fraction == "" {
		return t, nil
	}
	ns, err := digits((fraction + "000000000")[:9])
	if err != nil {
		return 0, bad
	}
	return t + time.Duration(ns), nil
}
