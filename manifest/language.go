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
		if base, err := language.ParseBase(first); err == nil {
			if tag = base.String(); more {
				tag += "-" + rest
			}
		}
	}
	return tag
}
