package playlist

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Attributes is an attribute list (4.2): values as written, quotes included.
type Attributes map[string]string

// parseAttributes reads a list. What is wrong is told in problems; the well-formed pairs are there all the same.
func parseAttributes(s string) (list Attributes, problems []string) {
	list = Attributes{}
	for s != "" {
		name, rest, ok := strings.Cut(s, "=")
		if !ok {
			return list, append(problems, fmt.Sprintf("attribute %.40q has no value", s))
		}
		if !isName(name) {
			problems = append(problems, fmt.Sprintf("%.40q is not an attribute's name", name))
		}
		var value string
		if strings.HasPrefix(rest, `"`) {
			end := strings.IndexByte(rest[1:], '"')
			if end < 0 {
				return list, append(problems, fmt.Sprintf("the value of %.40q has no closing quote", name))
			}
			value, rest = rest[:end+2], rest[end+2:]
			if rest != "" && rest[0] != ',' {
				problems = append(problems, fmt.Sprintf("something follows the closing quote of %.40q", name))
			}
			_, s, _ = strings.Cut(rest, ",")
		} else {
			value, s, _ = strings.Cut(rest, ",")
			if value == "" || strings.ContainsAny(value, "\" \t") {
				problems = append(problems, fmt.Sprintf("the value %.40q of %.40q is not well-formed", value, name))
			}
		}
		if _, twice := list[name]; twice {
			problems = append(problems, fmt.Sprintf("attribute %.40q is there twice", name))
			continue
		}
		list[name] = value
	}
	return list, problems
}

func isName(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return s != ""
}

// Has tells that the attribute is there.
func (a Attributes) Has(name string) bool { _, ok := a[name]; return ok }

// Text is a quoted string without its quotes, or an enumerated string as it is; "" where there is none.
func (a Attributes) Text(name string) string { return strings.Trim(a[name], `"`) }

// Quoted tells that the value is a quoted string.
func (a Attributes) Quoted(name string) bool { return strings.HasPrefix(a[name], `"`) }

// Yes tells that the value is YES.
func (a Attributes) Yes(name string) bool { return a[name] == "YES" }

// Integer is a decimal integer; ok is false where there is none.
func (a Attributes) Integer(name string) (n uint64, ok bool) {
	n, err := strconv.ParseUint(a[name], 10, 64)
	return n, err == nil
}

// Seconds is a decimal number of seconds; ok is false where there is none.
func (a Attributes) Seconds(name string) (d time.Duration, ok bool) { return parseSeconds(a[name]) }

// parseSeconds reads a decimal number of seconds without a sign, exactly to the nanosecond; at most about a year.
func parseSeconds(s string) (time.Duration, bool) {
	whole, fraction, point := strings.Cut(s, ".")
	if whole == "" || len(whole) > 8 || point && fraction == "" || !digits(whole) || !digits(fraction) {
		return 0, false
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return 0, false
	}
	f, _ := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
	return time.Duration(n)*time.Second + time.Duration(f), true
}

func digits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// parseTime reads a date as ISO 8601 has it, with a zone.
func parseTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999Z07"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
