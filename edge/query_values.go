package edge

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"weir/manifest"
)

// Bounds of values in queries.
const (
	maxHeight    = 1 << 16 // pixels
	maxBitrate   = 1e12    // bits a second
	maxLength    = 8760 * time.Hour
	maxUnix      = 9_000_000_000 // seconds: what nanoseconds in 64 bits can count, with room
	maxListed    = 32            // names in a list
	maxTimeBytes = 40            // of a written time
)

// unescape is what a percent-encoded text says (RFC 3986, 2.1). A plus sign is one, as in a time's offset.
func unescape(b []byte) ([]byte, bool) {
	if bytes.IndexByte(b, '%') < 0 {
		return b, true
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '%' {
			out = append(out, b[i])
			continue
		}
		if i+2 >= len(b) {
			return nil, false
		}
		hi, lo := hexDigit(b[i+1]), hexDigit(b[i+2])
		if hi < 0 || lo < 0 {
			return nil, false
		}
		out = append(out, byte(hi<<4|lo))
		i += 2
	}
	return out, true
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// appendCarried adds a parameter to those that are carried. It is taken as it stands, but for what may mean something in a manifest or must not
// stand in a URL. A first one that is fine is not copied: it is a part of raw.
func appendCarried(session, raw, pair []byte) []byte {
	fine := true
	for i, c := range pair {
		fine = fine && (carriedAsIs(c) || c == '%' && i+2 < len(pair) && hexDigit(pair[i+1]) >= 0 && hexDigit(pair[i+2]) >= 0)
	}
	if fine && session == nil {
		return pair[:len(pair):len(pair)]
	}
	if len(session) > 0 {
		session = append(session, '&')
	}
	for i, c := range pair {
		if carriedAsIs(c) || c == '%' && i+2 < len(pair) && hexDigit(pair[i+1]) >= 0 && hexDigit(pair[i+2]) >= 0 {
			session = append(session, c)
		} else {
			session = fmt.Appendf(session, "%%%02X", c)
		}
	}
	return session
}

// carriedAsIs tells whether a character may stand in a URL (RFC 3986, 3.4) and means nothing in a playlist or an MPD: dollar signs and
// quotes do.
func carriedAsIs(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	return strings.IndexByte("-._~!*(),;=:@/?+", c) >= 0
}

// parseTime reads a point in time: RFC 3339, or seconds since 1970 with or without a fraction.
func parseTime(b []byte) (at time.Time, problem string) {
	if since, ok := parseSeconds(b, maxUnix); ok {
		return time.Unix(0, int64(since)).UTC(), ""
	}
	at, err := time.Parse(time.RFC3339Nano, string(b[:min(len(b), maxTimeBytes)]))
	switch {
	case err != nil || len(b) > maxTimeBytes:
		return time.Time{}, fmt.Sprintf("%.50q is no point in time: write it like 2026-01-31T20:15:00Z, or as seconds since 1970", b)
	case at.Unix() < 0 || at.Unix() >= maxUnix:
		return time.Time{}, fmt.Sprintf("%.50q is out of bounds", b)
	}
	return at.UTC(), ""
}

// parseLength reads a length of time: like 90s or 2h, or seconds.
func parseLength(b []byte) (d time.Duration, problem string) {
	d, ok := parseSeconds(b, maxUnix)
	if !ok {
		var err error
		if d, err = time.ParseDuration(string(b)); err != nil {
			return 0, fmt.Sprintf("%.50q is no length of time: write it like 90s or 2h, or as seconds", b)
		}
	}
	if d <= 0 || d > maxLength {
		return 0, fmt.Sprintf("%.50q must be more than 0 and at most %dh", b, int(maxLength/time.Hour))
	}
	return d, ""
}

// parseSeconds reads seconds below most, with at most nine decimals.
func parseSeconds(b []byte, most uint64) (time.Duration, bool) {
	whole, fraction, decimals := bytes.Cut(b, []byte("."))
	n, ok := number(whole)
	if !ok || n >= most || decimals && (len(fraction) == 0 || len(fraction) > 9) {
		return 0, false
	}
	nanos, unit := time.Duration(0), time.Second/10
	for _, c := range fraction {
		if c < '0' || c > '9' {
			return 0, false
		}
		nanos += time.Duration(c-'0') * unit
		unit /= 10
	}
	return time.Duration(n)*time.Second + nanos, true
}

// appendSeconds writes what parseSeconds reads, in the shortest form.
func appendSeconds(b []byte, d time.Duration) []byte {
	b = strconv.AppendInt(b, int64(d/time.Second), 10)
	if d %= time.Second; d > 0 {
		digits := strconv.AppendInt(nil, int64(time.Second+d), 10)
		digits[0] = '.'
		b = append(b, bytes.TrimRight(digits, "0")...)
	}
	return b
}

// parseBitrate reads bits a second: 800000, 800k or 2.5M.
func parseBitrate(b []byte) (rate int, problem string) {
	unit, digits := 1.0, b
	if len(b) > 0 {
		switch b[len(b)-1] {
		case 'k', 'K':
			unit, digits = 1e3, b[:len(b)-1]
		case 'M':
			unit, digits = 1e6, b[:len(b)-1]
		}
	}
	d, ok := parseSeconds(digits, maxUnix) // it is written like one
	n := math.Round(d.Seconds() * unit)
	if !ok || n < 1 || n > maxBitrate {
		return 0, fmt.Sprintf("%.50q must be bits a second: a number, or one with k or M behind it", b)
	}
	return int(n), ""
}

// parseTracks reads names of tracks.
func parseTracks(b []byte) (names []string, problem string) {
	for one := range bytes.SplitSeq(b, []byte(",")) {
		if !name(one) || len(names) == maxListed {
			return nil, fmt.Sprintf("%.50q must be names of tracks with commas between, at most %d", b, maxListed)
		}
		names = append(names, string(one))
	}
	return sorted(names), ""
}

// parseLanguages reads language tags, whose case does not matter.
func parseLanguages(b []byte) (tags []string, problem string) {
	for one := range bytes.SplitSeq(b, []byte(",")) {
		tag := strings.ToLower(string(one))
		if manifest.Language(tag) == "" || len(tag) > maxName || len(tags) == maxListed {
			return nil, fmt.Sprintf("%.50q must be language tags (BCP 47) with commas between, at most %d", b, maxListed)
		}
		tags = append(tags, tag)
	}
	return sorted(tags), ""
}
