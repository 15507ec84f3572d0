package hls

import (
	"fmt"
	"strconv"
	"strings"

	"weir/internal/media"
	"weir/manifest"
)

func appendUint(b []byte, n uint64) []byte { return strconv.AppendUint(b, n, 10) }

// appendSeconds appends ms, which are not negative, as a decimal number of seconds.
func appendSeconds(b []byte, ms media.Ticks) []byte {
	b = strconv.AppendInt(b, int64(ms/millis), 10)
	f := int(ms % millis)
	return append(b, '.', byte('0'+f/100), byte('0'+f/10%10), byte('0'+f%10))
}

// escaped is links such that they may stand in a line of a playlist, also between quotes (rfc8216bis, 4.1 and 4.2): what could end either is
// percent-encoded.
func escaped(l manifest.Links) manifest.Links {
	return manifest.Links{Playlists: escape(l.Playlists), Media: escape(l.Media)}
}

func escape(s string) string {
	bad := func(c byte) bool { return c <= ' ' || c == '"' || c >= 0x7f }
	clean := true
	for i := range len(s) {
		clean = clean && !bad(s[i])
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if bad(s[i]) {
			fmt.Fprintf(&b, "%%%02X", s[i])
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
