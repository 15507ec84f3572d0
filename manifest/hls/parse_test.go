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
	iframes       bool
	vod, ended    bool
	control       map[string]string // EXT-X-SERVER-CONTROL; nil: not there
	partTarget    int64             // ms; -1: not there
	skipped       int               // EXT-X-SKIP
	segments      []segment
	open          segment // of which there are parts only
	hints         []map[string]string
	reports       []map[string]string
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
	bytes         string // EXT-X-BYTERANGE
	parts         []part
}

type part struct {
	uri              string
	millis           int64
	independent, gap bool
}

// next is the number of the segment behind the last closed one.
func (p *playlist) next() uint64 { return p.sequence + uint64(p.skipped+len(p.segments)) }

func parsePlaylist(doc []byte) (p playlist, err error) {
	lines := bufio.NewScanner(bytes.NewReader(doc))
	if !lines.Scan() || lines.Text() != "#EXTM3U" {
		return p, fmt.Errorf("does not begin with EXTM3U")
	}
	p.partTarget = -1
	seen := make(map[string]bool)
	s := &p.open
	var discontinuity uint64
	for lines.Scan() {
		line := lines.Text()
		tag, value, _ := strings.Cut(line, ":")
		var e error
		if ofPlaylist[tag] { // each at most once and before the first segment
			if seen[tag] || len(p.segments) > 0 || s.uri != "" || len(s.parts) > 0 {
				return p, fmt.Errorf("%s again or too late", tag)
			}
			seen[tag] = true
		}
		if p.ended || len(p.hints)+len(p.reports) > 0 && tag != "#EXT-X-PRELOAD-HINT" && tag != "#EXT-X-RENDITION-REPORT" {
			return p, fmt.Errorf("%q behind the end", line)
		}
		switch tag {
		case "#EXT-X-VERSION":
			p.version, e = strconv.Atoi(value)
		case "#EXT-X-INDEPENDENT-SEGMENTS":
			p.independent = true
		case "#EXT-X-I-FRAMES-ONLY":
			p.iframes = true
		case "#EXT-X-PLAYLIST-TYPE":
			p.vod = value == "VOD"
		case "#EXT-X-ENDLIST":
			p.ended = true
		case "#EXT-X-TARGETDURATION":
			p.target, e = strconv.Atoi(value)
		case "#EXT-X-MEDIA-SEQUENCE":
			p.sequence, e = strconv.ParseUint(value, 10, 64)
		case "#EXT-X-DISCONTINUITY-SEQUENCE":
			p.discontinuity, e = strconv.ParseUint(value, 10, 64)
			discontinuity = p.discontinuity
		case "#EXT-X-SERVER-CONTROL":
			p.control, e = parseAttributes(value)
		case "#EXT-X-PART-INF":
			var a map[string]string
			if a, e = parseAttributes(value); e == nil {
				p.partTarget, e = parseMillis(a["PART-TARGET"])
			}
		case "#EXT-X-SKIP":
			var a map[string]string
			if a, e = parseAttributes(value); e == nil {
				p.skipped, e = strconv.Atoi(a["SKIPPED-SEGMENTS"])
			}
		case "#EXT-X-DISCONTINUITY":
			e = s.before()
			s.tagged = true
			discontinuity++
			s.initURI = "" // what is in force must be said again
		case "#EXT-X-MAP":
			e = s.before()
			s.initURI, s.ownMap = strings.TrimSuffix(strings.TrimPrefix(value, `URI="`), `"`), true
		case "#EXT-X-PROGRAM-DATE-TIME":
			if e = s.before(); e == nil {
				s.date, e = time.Parse("2006-01-02T15:04:05.000Z", value)
			}
		case "#EXT-X-GAP":
			s.gap = true
		case "#EXT-X-BYTERANGE":
			s.bytes = value
		case "#EXT-X-PART":
			var a map[string]string
			if a, e = parseAttributes(value); e == nil {
				one := part{uri: a["URI"], independent: a["INDEPENDENT"] == "YES", gap: a["GAP"] == "YES"}
				one.millis, e = parseMillis(a["DURATION"])
				s.parts = append(s.parts, one)
			}
		case "#EXTINF":
			s.millis, e = parseMillis(strings.TrimSuffix(value, ","))
		case "#EXT-X-PRELOAD-HINT", "#EXT-X-RENDITION-REPORT":
			var a map[string]string
			a, e = parseAttributes(value)
			if tag == "#EXT-X-PRELOAD-HINT" {
				p.hints = append(p.hints, a)
			} else {
				p.reports = append(p.reports, a)
			}
		default:
			if strings.HasPrefix(line, "#") {
				return p, fmt.Errorf("unexpected line %q", line)
			}
			s.uri, s.number, s.discontinuity = line, p.next(), discontinuity
			p.segments = append(p.segments, *s)
			p.open = segment{initURI: s.initURI}
		}
		if e != nil {
			return p, fmt.Errorf("line %q: %w", line, e)
		}
	}
	s.number, s.discontinuity = p.next(), discontinuity
	for _, tag := range []string{"VERSION", "TARGETDURATION", "MEDIA-SEQUENCE", "DISCONTINUITY-SEQUENCE"} {
		if !seen["#EXT-X-"+tag] {
			return p, fmt.Errorf("no %s", tag)
		}
	}
	return p, nil
}

// ofPlaylist are the tags of a playlist as a whole.
var ofPlaylist = map[string]bool{
	"#EXT-X-VERSION": true, "#EXT-X-INDEPENDENT-SEGMENTS": true, "#EXT-X-I-FRAMES-ONLY": true, "#EXT-X-PLAYLIST-TYPE": true,
	"#EXT-X-TARGETDURATION": true, "#EXT-X-MEDIA-SEQUENCE": true, "#EXT-X-DISCONTINUITY-SEQUENCE": true, "#EXT-X-SERVER-CONTROL": true,
	"#EXT-X-PART-INF": true, "#EXT-X-SKIP": true,
}

// before complains of a tag that must stand before the segment's parts.
func (s *segment) before() error {
	if len(s.parts) > 0 {
		return fmt.Errorf("behind a part that it applies to")
	}
	return nil
}

func parseMillis(value string) (int64, error) {
	f, err := strconv.ParseFloat(value, 64)
	if err == nil && (f < 0 || math.Abs(f*1000-math.Round(f*1000)) > 1e-6) {
		err = fmt.Errorf("%s is no length of time in ms", value)
	}
	return int64(math.Round(f * 1000)), err
}

// merge is what a player has that applies a delta update to the playlist that it had.
func merge(had, delta playlist) (playlist, error) {
	if delta.skipped == 0 {
		return delta, nil
	}
	if delta.sequence < had.sequence {
		return delta, fmt.Errorf("skips what was not there")
	}
	from := int(delta.sequence - had.sequence)
	if from+delta.skipped > len(had.segments) {
		return delta, fmt.Errorf("skips %d segments, of which %d were there", delta.skipped, len(had.segments)-from)
	}
	p := delta
	p.skipped, p.segments = 0, nil
	tags := uint64(0)
	for _, s := range had.segments[from : from+delta.skipped] {
		if s.tagged {
			tags++
		}
		p.segments = append(p.segments, s)
	}
	inForce := p.segments[delta.skipped-1].initURI
	for _, s := range append(delta.segments, delta.open) {
		s.discontinuity += tags
		if s.initURI == "" && s.discontinuity == p.segments[len(p.segments)-1].discontinuity {
			s.initURI = inForce
		}
		inForce = s.initURI
		p.segments = append(p.segments, s)
	}
	last := len(p.segments) - 1
	p.open, p.segments = p.segments[last], p.segments[:last]
	return p, nil
}
