package sizing

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Bytes is a size as people read it.
func Bytes(n int64) string {
	return scaled(float64(n), 1024, []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"})
}

// Rate is a bitrate as people read it.
func Rate(n int64) string {
	return scaled(float64(n), 1000, []string{"bit/s", "kb/s", "Mb/s", "Gb/s", "Tb/s", "Pb/s"})
}

// scaled is v in the largest unit that leaves it above one, with three digits that count.
func scaled(v, step float64, units []string) string {
	i := 0
	for v >= step && i+1 < len(units) {
		v, i = v/step, i+1
	}
	return number(v) + " " + units[i]
}

// number is v with three digits that count, or all before the point.
func number(v float64) string {
	digits := 0
	switch {
	case v != math.Trunc(v) && v < 10:
		digits = 2
	case v != math.Trunc(v) && v < 100:
		digits = 1
	}
	s := strconv.FormatFloat(v, 'f', digits, 64)
	if digits > 0 {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// ParseRate reads a bitrate: 8M, 500k, 2.5Mb/s, 10Gb/s, or plain bits a second.
func ParseRate(s string) (int64, error) {
	text := strings.TrimSpace(s)
	for _, unit := range []string{"b/s", "bit/s", "bps"} {
		if t, ok := strings.CutSuffix(text, unit); ok {
			text = strings.TrimSpace(t)
			break
		}
	}
	factor := 1.0
	for _, u := range []struct {
		name   string
		factor float64
	}{{"k", 1e3}, {"K", 1e3}, {"M", 1e6}, {"G", 1e9}, {"T", 1e12}} {
		if t, ok := strings.CutSuffix(text, u.name); ok {
			text, factor = strings.TrimSpace(t), u.factor
			break
		}
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) || v < 0 || v*factor > maxRate {
		return 0, fmt.Errorf("%.40q is no bitrate up to 1000T, write it like 8M, 500k or 10G", s)
	}
	return int64(v * factor), nil
}

// maxRate is the largest bitrate that is read, in bit/s.
const maxRate = 1e15
