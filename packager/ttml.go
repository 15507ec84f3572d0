package packager

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

var errTTML = errors.New("TTML document is not valid")

// Bounds on a TTML document.
const (
	maxTTMLDepth      = 64
	maxTTMLAttributes = 64 // of an element
	maxTTMLHours      = 1 << 20
)

// shiftTTML moves all times of a TTML document (TTML1, 10.2 and 10.3), which are on the timeline of its track. Times count from the begin
// of the element around, so those of the outermost elements that have any are moved and nothing else of the document changes. Times before
// 0 become 0.
func shiftTTML(doc []byte, by time.Duration) ([]byte, error) {
	s := ttmlShift{rest: doc, by: by, out: make([]byte, 0, len(doc)+256), frames: 30, ticks: 1}
	for {
		at := bytes.IndexByte(s.rest, '<')
		if at < 0 {
			break
		}
		s.copy(at)
		if err := s.markup(); err != nil {
			return nil, err
		}
	}
	s.copy(len(s.rest))
	if s.depth != 0 || !s.root {
		return nil, fmt.Errorf("%w: elements are left open, or there are none", errTTML)
	}
	return s.out, nil
}

// ttmlShift goes through a document once.
type ttmlShift struct {
	rest, out []byte
	by        time.Duration
	depth     int
	root      bool    // there was an element
	timed     int     // depth of the outermost open element that has a begin; 0: none
	frames    float64 // a second
	ticks     float64
}

func (s *ttmlShift) copy(n int) { s.out, s.rest = append(s.out, s.rest[:n]...), s.rest[n:] }

// markup passes over what begins with an angle bracket.
func (s *ttmlShift) markup() error {
	for _, m := range []struct{ begin, end string }{{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}} {
		if bytes.HasPrefix(s.rest, []byte(m.begin)) {
			n := bytes.Index(s.rest, []byte(m.end))
			if n < 0 {
				return fmt.Errorf("%w: %s has no end", errTTML, m.begin)
			}
			s.copy(n + len(m.end))
			return nil
		}
	}
	if bytes.HasPrefix(s.rest, []byte("<!")) {
		return fmt.Errorf("%w: it has a document type", errTTML)
	}
	n := s.tagEnd()
	if n < 0 {
		return fmt.Errorf("%w: a tag has no end", errTTML)
	}
	if bytes.HasPrefix(s.rest, []byte("</")) {
		if s.depth == 0 {
			return fmt.Errorf("%w: an end without a beginning", errTTML)
		}
		if s.timed == s.depth {
			s.timed = 0
		}
		s.depth--
		s.copy(n)
		return nil
	}
	return s.element(n)
}

// tagEnd is where the tag at hand ends, behind its closing bracket; -1: nowhere. Brackets in attributes do not count.
func (s *ttmlShift) tagEnd() int {
	quote := byte(0)
	for i, c := range s.rest {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i + 1
		}
	}
	return -1
}

// attribute is where one stands in a tag.
type attribute struct {
	name     string
	from, to int // of the value
}

// element copies a start tag of n bytes with its times moved.
func (s *ttmlShift) element(n int) error {
	tag := s.rest[:n]
	if s.depth >= maxTTMLDepth || s.depth == 0 && s.root {
		return fmt.Errorf("%w: elements nest deeper than %d, or follow the root", errTTML, maxTTMLDepth)
	}
	closed := n >= 2 && tag[n-2] == '/'
	all, err := attributes(tag)
	if err != nil {
		return err
	}
	if !s.root {
		s.root = true
		if err := s.rates(tag, all); err != nil {
			return err
		}
	}
	begins := false
	for _, a := range all {
		begins = begins || a.name == "begin"
	}
	at := 0
	for _, a := range all {
		moves := a.name == "begin" || a.name == "end" || a.name == "dur" && !begins
		if s.timed > 0 || !moves {
			continue
		}
		t, err := s.time(string(tag[a.from:a.to]))
		if err != nil {
			return err
		}
		s.out = append(s.out, tag[at:a.from]...)
		s.out = appendClock(s.out, max(t+s.by, 0))
		at = a.to
	}
	s.out = append(s.out, tag[at:]...)
	s.rest = s.rest[n:]
	if closed {
		return nil
	}
	s.depth++
	if begins && s.timed == 0 {
		s.timed = s.depth
	}
	return nil
}

// rates reads what the root says of frames and ticks (TTML1, 6.2). Other time bases than media are of no use on a timeline.
func (s *ttmlShift) rates(tag []byte, all []attribute) error {
	scale := 1.
	for _, a := range all {
		value := string(tag[a.from:a.to])
		v, err := strconv.ParseFloat(value, 64)
		switch _, name, _ := strings.Cut(a.name, ":"); {
		case name == "timeBase" && value != "media":
			return fmt.Errorf("%w: its times are on the base %.20q", errTTML, value)
		case name == "frameRate" && err == nil && v > 0:
			s.frames = v
		case name == "tickRate" && err == nil && v > 0:
			s.ticks = v
		case name == "frameRateMultiplier":
			var num, den float64
			if n, err := fmt.Sscanf(value, "%g %g", &num, &den); n == 2 && err == nil && num > 0 && den > 0 {
				scale = num / den
			}
		}
	}
	s.frames *= scale
	return nil
}

// attributes are those of a start tag.
func attributes(tag []byte) ([]attribute, error) {
	var all []attribute
	i := bytes.IndexAny(tag, " \t\r\n")
	for i >= 0 && i < len(tag) {
		for i < len(tag) && strings.IndexByte(" \t\r\n/>", tag[i]) >= 0 {
			i++
		}
		if i == len(tag) {
			break
		}
		eq := bytes.IndexByte(tag[i:], '=')
		if eq < 0 {
			return nil, fmt.Errorf("%w: an attribute without a value", errTTML)
		}
		name := strings.TrimSpace(string(tag[i : i+eq]))
		i += eq + 1
		for i < len(tag) && strings.IndexByte(" \t\r\n", tag[i]) >= 0 {
			i++
		}
		if i == len(tag) || tag[i] != '"' && tag[i] != '\'' {
			return nil, fmt.Errorf("%w: an attribute's value is not quoted", errTTML)
		}
		end := bytes.IndexByte(tag[i+1:], tag[i])
		if end < 0 || len(all) >= maxTTMLAttributes {
			return nil, fmt.Errorf("%w: an attribute has no end, or there are more than %d", errTTML, maxTTMLAttributes)
		}
		all = append(all, attribute{name, i + 1, i + 1 + end})
		i += end + 2
	}
	return all, nil
}

// time reads a time expression (TTML1, 10.3.1).
func (s *ttmlShift) time(v string) (time.Duration, error) {
	bad := fmt.Errorf("%w: %.30q is no time", errTTML, v)
	v = strings.TrimSpace(v)
	seconds := 0.
	if parts := strings.Split(v, ":"); len(parts) == 3 || len(parts) == 4 {
		for i, unit := range []float64{3600, 60, 1, 1 / s.frames}[:len(parts)] {
			n, err := strconv.ParseFloat(parts[i], 64)
			if err != nil || n < 0 {
				return 0, bad
			}
			seconds += n * unit
		}
	} else {
		number := strings.TrimRight(v, "hmsft")
		unit, ok := map[string]float64{"h": 3600, "m": 60, "s": 1, "ms": 1e-3, "f": 1 / s.frames, "t": 1 / s.ticks}[v[len(number):]]
		n, err := strconv.ParseFloat(number, 64)
		if !ok || err != nil || n < 0 {
			return 0, bad
		}
		seconds = n * unit
	}
	if !(seconds < maxTTMLHours*3600) {
		return 0, bad
	}
	return time.Duration(math.Round(seconds*1e6)) * time.Microsecond, nil
}

// appendClock appends a clock time in milliseconds, which is what all players read.
func appendClock(b []byte, t time.Duration) []byte {
	t = t.Round(time.Millisecond)
	return fmt.Appendf(b, "%02d:%02d:%02d.%03d", t/time.Hour, t/time.Minute%60, t/time.Second%60, t/time.Millisecond%1000)
}
