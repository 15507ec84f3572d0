package pipeline

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// early is what a low-latency playlist has beside its segments.
type early struct {
	control map[string]string // EXT-X-SERVER-CONTROL
	target  int64             // PART-TARGET in µs; 0: there is none
	parts   [][]piece         // beside the playlist's entries
	open    []piece           // behind the last entry
	next    entry             // what tags say of the segment that open is of
	hints   []map[string]string
	reports []map[string]string
	skipped int
}

// piece is a part.
type piece struct {
	uri         string
	micros      int64
	independent bool
	gap         bool
}

var earlyTags = map[string]bool{
	"#EXT-X-SERVER-CONTROL": true, "#EXT-X-PART-INF": true, "#EXT-X-PART": true, "#EXT-X-PRELOAD-HINT": true, "#EXT-X-RENDITION-REPORT": true,
}

// read takes in a tag of low latency.
func (e *early) read(name, value string) error {
	attributes, err := readAttributes(value)
	if err != nil {
		return err
	}
	switch name {
	case "#EXT-X-SERVER-CONTROL":
		if e.control != nil {
			return fmt.Errorf("it is there twice")
		}
		e.control = attributes
	case "#EXT-X-PART-INF":
		if e.target != 0 {
			return fmt.Errorf("it is there twice")
		}
		e.target, err = micros(attributes["PART-TARGET"])
	case "#EXT-X-PART":
		p := piece{uri: attributes["URI"], independent: attributes["INDEPENDENT"] == "YES", gap: attributes["GAP"] == "YES"}
		p.micros, err = micros(attributes["DURATION"])
		e.open = append(e.open, p)
	case "#EXT-X-PRELOAD-HINT":
		e.hints = append(e.hints, attributes)
	default:
		e.reports = append(e.reports, attributes)
	}
	return err
}

// close ends a segment: the parts before its URI are its own.
func (e *early) close() {
	e.parts = append(e.parts, e.open)
	e.open = nil
}

// skip takes the segments that an EXT-X-SKIP stands for from a playlist that has them, and gives what they leave in force.
func (p *playlist) skip(value string, base *playlist) (entry, error) {
	attributes, err := readAttributes(value)
	if err != nil {
		return entry{}, err
	}
	n, err := strconv.ParseUint(attributes["SKIPPED-SEGMENTS"], 10, 32)
	if err != nil || n == 0 || len(p.entries) > 0 || p.early.skipped > 0 {
		return entry{}, fmt.Errorf("segments are skipped behind %d others: %w", len(p.entries), err)
	}
	if base == nil || p.sequence < base.sequence || p.sequence+n > base.end() {
		return entry{}, fmt.Errorf("%d to %d are skipped, a client does not have them", p.sequence, p.sequence+n-1)
	}
	from := p.sequence - base.sequence
	p.entries = append(p.entries, base.entries[from:from+n]...)
	p.early.parts = make([][]piece, n)
	p.early.skipped = int(n)
	last := p.entries[n-1]
	return entry{discontinuity: last.discontinuity, init: last.init}, nil
}

// micros reads seconds.
func micros(text string) (int64, error) {
	s, err := strconv.ParseFloat(text, 64)
	if err == nil && (s < 0 || s > 1e6) { // a last part may be a tick that rounds to nothing
		err = fmt.Errorf("%s s", text)
	}
	return int64(math.Round(s * 1e6)), err
}

// place is the segment and the part that a part's URI names.
func place(uri string) (number uint64, part int, err error) {
	a, b, ok := strings.Cut(strings.TrimSuffix(uri, ".m4s"), ".")
	number, err = strconv.ParseUint(a, 10, 53)
	if err == nil && ok {
		part, err = strconv.Atoi(b)
	}
	if !ok || err != nil || part < 0 || uri != fmt.Sprintf("%d.%d.m4s", number, part) {
		return 0, 0, fmt.Errorf("%q names no part: %w", uri, err)
	}
	return number, part, nil
}
