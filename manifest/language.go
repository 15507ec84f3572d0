package manifest

import (
	"strings"

	"golang.org/x/text/language"
)

// Language is tag where it is shaped like a BCP 47 language tag (xs:language) and says something, else "". Tags come from feeds;
// a broken one must not break a manifest. Codes of three letters (ISO 639-2), as MP4 and transport streams have them, become those of two
// letters where there is one, as BCP 47 asks for (RFC 5646, 2.2.1).
func Language(tag string) string {
	if tag == "und" {
		return ""
	}
	for i, part := range strings.Split(tag, "-") {
		if len(part) < 1 || len(part) > 8 {
			return ""
		}
		for _, c := range []byte(part) {
			letter := 'a' <= c|0x20 && c|0x20 <= 'z'
			digit := '0' <= c && c <= '9'
			if !letter && (i == 0 || !digit) {
				return ""
			}
		}
	}
	first, rest, more := strings.Cut(tag, "-")
	if len(first) == 3 {
		if two := bibliographic(first); two != "" {
			first = two
		}
		if base, err := language.ParseBase(first); err == nil {
			if tag = base.String(); more {
				tag += "-" + rest
			}
		}
	}
	return tag
}

// bibliographic is the code of two letters for one of the twenty of ISO 639-2/B that differ from those of ISO 639-2/T, else "". Transport
// streams of DVB have either (EN 300 468, 6.2.19), BCP 47 knows none of these.
func bibliographic(code string) string {
	const codes = "alb sq arm hy baq eu bur my chi zh cze cs dut nl fre fr geo ka ger de gre el ice is mac mk mao mi may ms per fa rum ro slo sk tib bo wel cy "
	for i := 0; i < len(codes); i += len("alb sq ") {
		if codes[i:i+3] == strings.ToLower(code) {
			return codes[i+4 : i+6]
		}
	}
	return ""
}
