package subtitle

import "strings"

// lines reads a text line by line. Lines end with CR LF, LF or CR (W3C WebVTT, 6.1).
type lines struct {
	rest string
	n    int    // of the line that was read last, from 1 on
	line string // itself
	more bool   // there is a line that was looked at, and comes again
}

// newLines reads a text: NUL is U+FFFD, as WebVTT has it, and there is no byte order mark.
func newLines(text string) *lines {
	return &lines{rest: strings.ReplaceAll(strings.TrimPrefix(text, "\uFEFF"), "\x00", "\uFFFD") + "\n"}
}

// next goes to the next line; false: there is none.
func (l *lines) next() bool {
	if l.more {
		l.more = false
		return true
	}
	if l.rest == "" {
		return false
	}
	i := strings.IndexAny(l.rest, "\r\n")
	after := i + 1
	if l.rest[i] == '\r' && strings.HasPrefix(l.rest[after:], "\n") {
		after++
	}
	l.line, l.rest = l.rest[:i], l.rest[after:]
	l.n++
	return true
}

// back makes the line come again.
func (l *lines) back() { l.more = true }
