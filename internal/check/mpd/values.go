package mpd

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var durationForm = regexp.MustCompile(`^PT?(?:(\d{1,9})D)?T?(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,12})(?:\.(\d+))?S)?$`)

// Duration reads an xs:duration without years and months, whose length nobody knows.
func Duration(s string) (time.Duration, bool) {
	m := durationForm.FindStringSubmatch(s)
	if m == nil || strings.HasSuffix(s, "T") || s == "P" || (m[2]+m[3]+m[4] != "") != strings.Contains(s, "T") {
		return 0, false
	}
	seconds := float64(0)
	whole := int64(0)
	for i, unit := range []int64{24 * 3600, 3600, 60, 1} {
		n, _ := strconv.ParseInt("0"+m[i+1], 10, 64)
		seconds += float64(n) * float64(unit)
		whole += n * unit
	}
	if seconds > math.MaxInt64/2e9 {
		return 0, false
	}
	f, _ := strconv.ParseInt((m[5] + "000000000")[:9], 10, 64)
	return time.Duration(whole)*time.Second + time.Duration(f), true
}

// Time reads an xs:dateTime; without a zone it is UTC.
func Time(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// Number reads a whole number that is not negative; otherwise where there is none.
func Number(s *string, otherwise uint64) uint64 {
	if s == nil {
		return otherwise
	}
	n, err := strconv.ParseUint(*s, 10, 64)
	if err != nil {
		return otherwise
	}
	return n
}

// Seconds reads an xs:double of seconds, INF included: it becomes the longest there is.
func Seconds(s *string) time.Duration {
	if s == nil {
		return 0
	}
	if *s == "INF" {
		return math.MaxInt64
	}
	f, err := strconv.ParseFloat(*s, 64)
	if err != nil || math.IsNaN(f) || math.Abs(f) > 1e9 {
		return 0
	}
	return time.Duration(f * float64(time.Second))
}
