package hls_test

import (
	"bufio"
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// playlist is a media playlist as a player understands it. The parser shares nothing with the writer.
type playlist struct {
	version       int
	target        int
	sequence      uint64
	discontinuity uint64 // EXT-X-DISCONTINUITY-SEQUENCE
	independent   bool
	segments      []segment
}

type segment struct {
	number        uint64
	uri           string
	millis        int64  // EXTINF
	discontinuity uint64 // its discontinuity sequence number
	tagged        bool   // has EXT-X-DISCONTINUITY
	date          time.Time
	initURI       string // EXT-X-MAP in force
	ownMap        bool   // has EXT-X-MAP of its own
	gap           bool
}

func parsePlaylist(doc []byte) (p playlist, err error) {
	lines := bufio.NewScanner(bytes.NewReader(doc))
	if !lines.Scan() || lines.Text() != "#EXTM3U" {
		return p, fmt.Errorf("does not begin with EXTM3U")
	}
	seen := make(map[string]bool)
	var s segment
	var discontinuity uint64
	for lines.Scan() {
		line := lines.Text()
		tag, value, _ := strings.Cut(line, ":")
		once := func() { // tags of the playlist, each at most once and before the first segment
			if seen[tag] || len(p.segments) > 0 {
				err = fmt.Errorf("%s again or too late", tag)
			}
			seen[tag] = true
		}
		var e error
		switch tag {
		case "#EXT-X-VERSION":
			once()
			p.version, e = strconv.Atoi(value)
		case "#EXT-X-INDEPENDENT-SEGMENTS":
			once()
			p.independent = true
		case "#EXT-X-TARGETDURATION":
			once()
			p.target, e = strconv.Atoi(value)
		case "#EXT-X-MEDIA-SEQUENCE":
			once()
			p.sequence, e = strconv.ParseUint(value, 10, 64)
		case "#EXT-X-DISCONTINUITY-SEQUENCE":
			once()
			p.discontinuity, e = strconv.ParseUint(value, 10, 64)
			discontinuity = p.discontinuity
		case "#EXT-X-DISCONTINUITY":
			s.tagged = true
			discontinuity++
			s.initURI = "" // what is in force must be said again
		case "#EXT-X-MAP":
			s.initURI, s.ownMap = strings.TrimSuffix(strings.TrimPrefix(value, `URI="`), `"`), true
		case "#EXT-X-PROGRAM-DATE-TIME":
			s.date, e = time.Parse("2006-01-02T15:04:05.000Z", value)
		case "#EXT-X-GAP":
			s.gap = true
		case "#EXTINF":
			var f float64
			f, e = strconv.ParseFloat(strings.TrimSuffix(value, ","), 64)
			s.millis = int64(math.Round(f * 1000))
		default:
			if strings.HasPrefix(line, "#") {
				return p, fmt.Errorf("unexpected line %q", line)
			}
			s.uri, s.number, s.discontinuity = line, p.sequence+uint64(len(p.segments)), discontinuity
			p.segments = append(p.segments, s)
			s = segment{initURI: s.initURI}
		}
		if e != nil {
			return p, fmt.Errorf("line %q: %w", line, e)
		}
		if err != nil {
			return p, err
		}
	}
	for _, tag := range []string{"VERSION", "TARGETDURATION", "MEDIA-SEQUENCE", "DISCONTINUITY-SEQUENCE"} {
		if !seen["#EXT-X-"+tag] {
			return p, fmt.Errorf("no %s", tag)
		}
	}
	return p, nil
}

// multivariant is a multivariant playlist; attributes have their quotes off.
type multivariant struct {
	version     int
	independent bool
	renditions  []map[string]string
	variants    []map[string]string // with the URI under "URI"
}

func parseMultivariant(doc []byte) (m multivariant, err error) {
	lines := bufio.NewScanner(bytes.NewReader(doc))
	if !lines.Scan() || lines.Text() != "#EXTM3U" {
		return m, fmt.Errorf("does not begin with EXTM3U")
	}
	var pending map[string]string
	for lines.Scan() {
		line := lines.Text()
		tag, value, _ := strings.Cut(line, ":")
		switch {
		case pending != nil:
			pending["URI"] = line
			m.variants = append(m.variants, pending)
			pending = nil
		case tag == "#EXT-X-VERSION":
			m.version, err = strconv.Atoi(value)
		case tag == "#EXT-X-INDEPENDENT-SEGMENTS":
			m.independent = true
		case tag == "#EXT-X-MEDIA":
			var attributes map[string]string
			attributes, err = parseAttributes(value)
			m.renditions = append(m.renditions, attributes)
		case tag == "#EXT-X-STREAM-INF":
			pending, err = parseAttributes(value)
		default:
			err = fmt.Errorf("unexpected line")
		}
		if err != nil {
			return m, fmt.Errorf("line %q: %w", line, err)
		}
	}
	return m, nil
}

func parseAttributes(list string) (map[string]string, error) {
	attributes := make(map[string]string)
	for list != "" {
		name, rest, ok := strings.Cut(list, "=")
		if !ok {
			return nil, fmt.Errorf("attribute %q has no value", list)
		}
		if _, twice := attributes[name]; twice {
			return nil, fmt.Errorf("attribute %s twice", name)
		}
		var value string
		if quoted, isQuoted := strings.CutPrefix(rest, `"`); isQuoted {
			if value, rest, ok = strings.Cut(quoted, `"`); !ok {
				return nil, fmt.Errorf("attribute %s: quote is not closed", name)
			}
			if rest != "" && rest[0] != ',' {
				return nil, fmt.Errorf("attribute %s: text after the quote", name)
			}
			rest = strings.TrimPrefix(rest, ",")
		} else {
			value, rest, _ = strings.Cut(rest, ",")
		}
		attributes[name] = value
		list = rest
	}
	return attributes, nil
}
