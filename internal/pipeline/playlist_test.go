package pipeline

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// playlist is a media playlist, read line by line. Tags that it does not know are passed over.
type playlist struct {
	target          int // s
	sequence        uint64
	discontinuities uint64
	independent     bool
	ended           bool
	entries         []entry
	early           early
}

// entry is a segment of a playlist.
type entry struct {
	number        uint64
	uri           string
	micros        int64 // EXTINF
	date          int64 // EXT-X-PROGRAM-DATE-TIME in µs since the epoch; 0: it has none
	tagged        bool  // has EXT-X-DISCONTINUITY
	discontinuity uint64
	gap           bool
	init          string // URI of the EXT-X-MAP that is in force
}

// once are the tags that a media playlist has exactly one of, before its first segment.
var once = []string{"#EXT-X-VERSION", "#EXT-X-TARGETDURATION", "#EXT-X-MEDIA-SEQUENCE", "#EXT-X-DISCONTINUITY-SEQUENCE"}

// readPlaylist reads a playlist. If it is a delta update, what it skips comes from base, which must have it.
func readPlaylist(text string, base *playlist) (p playlist, err error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if lines[0] != "#EXTM3U" {
		return p, fmt.Errorf("begins with %q", lines[0])
	}
	seen := map[string]int{}
	var e entry
	timed := false
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		seen[name]++
		var bad error
		switch {
		case name == "#EXT-X-TARGETDURATION":
			p.target, bad = strconv.Atoi(value)
		case name == "#EXT-X-MEDIA-SEQUENCE":
			p.sequence, bad = strconv.ParseUint(value, 10, 64)
		case name == "#EXT-X-DISCONTINUITY-SEQUENCE":
			p.discontinuities, bad = strconv.ParseUint(value, 10, 64)
			e.discontinuity = p.discontinuities
		case name == "#EXT-X-INDEPENDENT-SEGMENTS":
			p.independent = true
		case name == "#EXT-X-DISCONTINUITY":
			e.tagged = true
			e.discontinuity++
		case name == "#EXT-X-GAP":
			e.gap = true
		case name == "#EXT-X-MAP":
			var attributes map[string]string
			attributes, bad = readAttributes(value)
			e.init = attributes["URI"]
		case name == "#EXT-X-PROGRAM-DATE-TIME":
			var at time.Time
			at, bad = time.Parse(time.RFC3339Nano, value)
			e.date = at.UnixMicro()
		case name == "#EXTINF":
			var s float64
			duration, _, comma := strings.Cut(value, ",")
			s, bad = strconv.ParseFloat(duration, 64)
			e.micros, timed = int64(math.Round(s*1e6)), comma
		case name == "#EXT-X-ENDLIST":
			p.ended = true
		case name == "#EXT-X-SKIP":
			e, bad = p.skip(value, base)
		case earlyTags[name]:
			bad = p.early.read(name, value)
		case !strings.HasPrefix(line, "#"):
			if !timed || line == "" {
				return p, fmt.Errorf("%q without EXTINF", line)
			}
			e.uri, e.number = line, p.sequence+uint64(len(p.entries))
			p.entries = append(p.entries, e)
			p.early.close()
			e, timed = entry{discontinuity: e.discontinuity, init: e.init}, false
		}
		if bad != nil {
			return p, fmt.Errorf("line %q: %w", line, bad)
		}
		if len(p.entries) == 0 {
			continue
		}
		for _, tag := range once {
			if seen[tag] != 1 {
				return p, fmt.Errorf("%d lines of %s up to the first segment", seen[tag], tag)
			}
		}
	}
	if len(p.entries) == 0 || timed {
		return p, fmt.Errorf("%d segments, EXTINF without one: %v", len(p.entries), timed)
	}
	p.early.next = e
	return p, nil
}

// total is the sum of EXTINF.
func (p playlist) total() time.Duration {
	sum := int64(0)
	for _, e := range p.entries {
		sum += e.micros
	}
	return time.Duration(sum) * time.Microsecond
}

// end is the number behind the last segment.
func (p playlist) end() uint64 { return p.sequence + uint64(len(p.entries)) }

// multivariant is what a player takes from a multivariant playlist.
type multivariant struct {
	independent bool
	renditions  []map[string]string // EXT-X-MEDIA
	variants    []map[string]string // EXT-X-STREAM-INF, the line behind it as URI
}

func readMultivariant(text string) (m multivariant, err error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if lines[0] != "#EXTM3U" {
		return m, fmt.Errorf("begins with %q", lines[0])
	}
	for i, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "#EXT-X-INDEPENDENT-SEGMENTS":
			m.independent = true
		case "#EXT-X-MEDIA", "#EXT-X-STREAM-INF":
			attributes, err := readAttributes(value)
			if err != nil {
				return m, fmt.Errorf("line %q: %w", line, err)
			}
			if name == "#EXT-X-MEDIA" {
				m.renditions = append(m.renditions, attributes)
				continue
			}
			if i+1 == len(lines) || strings.HasPrefix(lines[i+1], "#") {
				return m, fmt.Errorf("line %q: no URI behind it", line)
			}
			attributes["URI"] = lines[i+1]
			m.variants = append(m.variants, attributes)
		}
	}
	if len(m.variants) == 0 {
		return m, fmt.Errorf("no variants")
	}
	return m, nil
}

// readAttributes reads an attribute list (rfc8216bis, 4.2); quotes are taken off.
func readAttributes(text string) (map[string]string, error) {
	attributes := map[string]string{}
	for text != "" {
		name, rest, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("no attribute: %q", text)
		}
		value := ""
		if strings.HasPrefix(rest, `"`) {
			if value, rest, ok = strings.Cut(rest[1:], `"`); !ok {
				return nil, fmt.Errorf("%s has an open quote", name)
			}
			if rest != "" && !strings.HasPrefix(rest, ",") {
				return nil, fmt.Errorf("%q behind %s", rest, name)
			}
			rest = strings.TrimPrefix(rest, ",")
		} else {
			value, rest, _ = strings.Cut(rest, ",")
		}
		attributes[name], text = value, rest
	}
	return attributes, nil
}
