package playlist

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// parser is the state between two lines.
type parser struct {
	p       *Playlist
	line    int
	items   int
	mark    Mark    // for the next segment
	next    Segment // what was said of it
	timed   bool    // EXTINF has come
	parts   []Part  // of it
	stream  *Stream // STREAM-INF that waits for its URI
	partEnd map[string]int64
	segEnd  map[string]int64
}

// Parse reads a playlist. Its error wraps ErrNotPlaylist; all else that is wrong stands in Problems.
func Parse(data []byte) (*Playlist, error) {
	if len(data) > maxSize {
		return nil, fmt.Errorf("%w: %d bytes", ErrNotPlaylist, len(data))
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	if first, _, _ := strings.Cut(text, "\n"); strings.TrimRight(first, "\r") != "#EXTM3U" {
		return nil, fmt.Errorf("%w: the first line is %.40q, not #EXTM3U", ErrNotPlaylist, first)
	}
	r := &parser{
		p:       &Playlist{Version: 1, Tags: map[string]int{}},
		partEnd: map[string]int64{}, segEnd: map[string]int64{},
	}
	if len(text) != len(data) {
		r.line = 1
		r.problem("there is a byte order mark")
		r.line = 0
	}
	if !utf8.ValidString(text) {
		r.problem("it is not UTF-8")
	}
	for text != "" {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		line = strings.TrimRight(line, "\r")
		r.line++
		switch {
		case len(line) > maxLine:
			return nil, fmt.Errorf("%w: line %d has %d bytes", ErrNotPlaylist, r.line, len(line))
		case strings.HasPrefix(line, "#EXT"):
			r.tag(line)
		case strings.TrimSpace(line) == "" || line[0] == '#':
		default:
			r.uri(line)
		}
		if r.items > maxItems {
			return nil, fmt.Errorf("%w: more than %d segments and parts", ErrNotPlaylist, maxItems)
		}
	}
	r.finish()
	return r.p, nil
}

func (r *parser) problem(format string, args ...any) {
	if len(r.p.Problems) < maxNotes {
		r.p.Problems = append(r.p.Problems, Problem{r.line, fmt.Sprintf(format, args...)})
	}
}

// once are the tags that a playlist has at most once (4.4.2, 4.4.3).
var once = map[string]bool{
	"#EXTM3U": true, "#EXT-X-VERSION": true, "#EXT-X-INDEPENDENT-SEGMENTS": true, "#EXT-X-START": true,
	"#EXT-X-TARGETDURATION": true, "#EXT-X-MEDIA-SEQUENCE": true, "#EXT-X-DISCONTINUITY-SEQUENCE": true, "#EXT-X-ENDLIST": true,
	"#EXT-X-PLAYLIST-TYPE": true, "#EXT-X-I-FRAMES-ONLY": true, "#EXT-X-PART-INF": true, "#EXT-X-SERVER-CONTROL": true, "#EXT-X-SKIP": true,
}

// tag reads a line that begins with #EXT.
func (r *parser) tag(line string) {
	name, value, _ := strings.Cut(line, ":")
	if r.p.Tags[name] == 0 {
		r.p.Tags[name] = r.line
	} else if once[name] {
		r.problem("%s is there twice", name)
	}
	switch name {
	case "#EXT-X-VERSION":
		r.p.Version = int(min(r.integer(name, value), 1000))
	case "#EXT-X-INDEPENDENT-SEGMENTS":
		r.p.IndependentSegments = true
	case "#EXT-X-STREAM-INF":
		r.p.Multivariant = true
		r.stream = &Stream{Line: r.line, Attributes: r.attributes(name, value)}
	case "#EXT-X-I-FRAME-STREAM-INF":
		r.p.Multivariant = true
		a := r.attributes(name, value)
		r.item()
		r.p.IFrameStreams = append(r.p.IFrameStreams, Stream{r.line, a.Text("URI"), a})
	case "#EXT-X-MEDIA":
		r.p.Multivariant = true
		a := r.attributes(name, value)
		r.item()
		r.p.Media = append(r.p.Media, Stream{r.line, a.Text("URI"), a})
	default:
		r.mediaTag(name, value)
	}
}

// mediaTag reads a tag of a media playlist.
func (r *parser) mediaTag(name, value string) {
	p := r.p
	switch name {
	case "#EXT-X-TARGETDURATION":
		p.Target = time.Duration(min(r.integer(name, value), 1e8)) * time.Second
	case "#EXT-X-MEDIA-SEQUENCE":
		p.MediaSequence = min(r.integer(name, value), math.MaxInt64)
		if len(p.Segments) > 0 {
			r.problem("%s stands behind a segment", name)
		}
	case "#EXT-X-DISCONTINUITY-SEQUENCE":
		p.DiscontinuitySequence = min(r.integer(name, value), math.MaxInt64)
		if len(p.Segments) > 0 || r.mark.Discontinuity {
			r.problem("%s stands behind a segment or a discontinuity", name)
		}
	case "#EXT-X-PLAYLIST-TYPE":
		if p.Type = value; value != "EVENT" && value != "VOD" {
			r.problem("%s is %.40q", name, value)
		}
	case "#EXT-X-ENDLIST":
		p.Ended = true
	case "#EXT-X-I-FRAMES-ONLY":
		p.IFramesOnly = true
	case "#EXT-X-SERVER-CONTROL":
		p.Control = &Control{r.line, r.attributes(name, value)}
	case "#EXT-X-PART-INF":
		d, ok := r.attributes(name, value).Seconds("PART-TARGET")
		if !ok || d <= 0 {
			r.problem("%s has no PART-TARGET", name)
		}
		p.PartTarget = d
	case "#EXT-X-SKIP":
		r.skip(name, value)
	case "#EXT-X-RENDITION-REPORT":
		a := r.attributes(name, value)
		r.item()
		p.Reports = append(p.Reports, Report{r.line, a.Text("URI"), a})
	case "#EXT-X-PRELOAD-HINT":
		r.hint(name, value)
	case "#EXT-X-DATERANGE":
		r.dateRange(name, value)
	default:
		r.segmentTag(name, value)
	}
}

func (r *parser) item() { r.items++ }

func (r *parser) attributes(name, value string) Attributes {
	a, problems := parseAttributes(value)
	for _, text := range problems {
		r.problem("%s: %s", name, text)
	}
	return a
}

func (r *parser) integer(name, value string) uint64 {
	n, err := strconv.ParseUint(value, 10, 64)
	if err != nil {
		r.problem("%s is %.40q, not a decimal number", name, value)
	}
	return n
}
