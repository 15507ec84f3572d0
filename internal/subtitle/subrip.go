package subtitle

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"weir/internal/media"
)

// ErrSubRip is wrapped by errors about a SubRip document; they name its line.
var ErrSubRip = errors.New("not a SubRip document")

// IsSubRip tells whether a text begins as SubRip does: with a number on a line of its own, and a timing on the next, or with a timing.
func IsSubRip(text string) bool {
	in := newLines(text)
	numbered := false
	for in.next() {
		switch line := strings.TrimSpace(in.line); {
		case line == "":
		case isTiming(line):
			_, err := readTiming(line)
			return err == nil
		case numbered || !isNumber(line):
			return false
		default:
			numbered = true
		}
	}
	return false
}

// isTiming tells whether a line is there to say when a cue is, well or badly: others may have an arrow too.
func isTiming(line string) bool {
	line = strings.TrimSpace(line)
	return strings.Contains(line, arrow) && line[0] >= '0' && line[0] <= '9'
}

// isNumber tells whether a line is the number of a cue.
func isNumber(line string) bool {
	line = strings.TrimSpace(line)
	return line != "" && len(line) < 10 && strings.Trim(line, "0123456789") == ""
}

// readTiming reads 00:00:01,000 --> 00:00:02,000. Coordinates behind it are passed over.
func readTiming(line string) (c media.Line, err error) {
	begin, rest, _ := strings.Cut(strings.ReplaceAll(line, "\t", " "), arrow)
	if c.Start, err = looseTimestamp(begin); err != nil {
		return c, err
	}
	end, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	c.End, err = looseTimestamp(end)
	return c, err
}

// maxRaw is the most bytes that a cue may have with all of its markup.
const maxRaw = 64 << 10

// subRip is a document while it is read.
type subRip struct {
	Document
	rules  Rules
	cue    media.Line // the one that is open
	from   int        // line of its timing; 0: none is open
	number string     // that it has
	said   []string   // lines since its timing
	bytes  int        // of them
}

// SubRip reads a SubRip document. Cues need no numbers, and the text of one goes on to the next timing, over empty lines too: many documents
// have them. Its markup becomes that of WebVTT.
func SubRip(text string, rules Rules) (*Document, error) {
	d := &subRip{rules: rules}
	d.Header = signature
	in := newLines(text)
	for in.next() {
		line := strings.TrimSpace(in.line)
		if !isTiming(line) {
			if d.said, d.bytes = append(d.said, line), d.bytes+len(line)+1; d.bytes > maxRaw {
				return nil, fmt.Errorf("%w: line %d: no timing for %d bytes", ErrSubRip, in.n, maxRaw)
			}
			continue
		}
		number := d.takeNumber()
		if err := d.end(); err != nil {
			return nil, err
		}
		var err error
		if d.cue, err = readTiming(line); err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrSubRip, in.n, err)
		}
		d.from, d.number = in.n, number
	}
	if err := d.end(); err != nil {
		return nil, err
	}
	if d.from == 0 {
		return nil, fmt.Errorf("%w: there is no timing in it", ErrSubRip)
	}
	return &d.Document, nil
}

// takeNumber takes the number of the cue whose timing comes next from the lines before it: a number alone behind an empty line, or one
// that follows that of the cue before it.
func (d *subRip) takeNumber() string {
	n := len(d.said)
	for n > 0 && d.said[n-1] == "" {
		n--
	}
	d.said = d.said[:n]
	if n == 0 || !isNumber(d.said[n-1]) {
		return ""
	}
	number := d.said[n-1]
	if n > 1 && d.said[n-2] != "" && !follows(number, d.number) {
		return ""
	}
	d.said = d.said[:n-1]
	return number
}

func follows(number, before string) bool {
	a, err := strconv.Atoi(before)
	b, err2 := strconv.Atoi(number)
	return err == nil && err2 == nil && b == a+1
}

// end takes the cue that is open, with the lines since its timing.
func (d *subRip) end() error {
	lines := d.said
	d.said, d.bytes = d.said[:0], 0
	switch c := &d.cue; {
	case d.from == 0:
		if stray := strings.TrimSpace(strings.Join(lines, " ")); stray != "" {
			return fmt.Errorf("%w: %.40q stands before the first timing", ErrSubRip, stray)
		}
		return nil
	case c.End > c.Start:
	case d.rules.Loose:
		d.Backward++
		return nil
	default:
		return fmt.Errorf("%w: line %d: a cue ends before it begins", ErrSubRip, d.from)
	}
	d.cue.Text, d.cue.Settings = fromMarkup(lines)
	if err := d.add(d.cue, d.rules); err != nil {
		return fmt.Errorf("%w: line %d: %w", ErrSubRip, d.from, err)
	}
	return nil
}
