package manifest

import "strings"

// Language is tag where it is shaped like a BCP 47 language tag (xs:language) and says something, else "". Tags come from feeds;
// a broken one must not break a manifest.
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
	return tag
}
