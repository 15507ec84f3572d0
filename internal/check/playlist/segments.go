package playlist

import (
	"strconv"
	"strings"
)

// segmentTag reads a tag that says something of the segment or part to come.
func (r *parser) segmentTag(name, value string) {
	switch name {
	case "#EXTINF":
		text, _, _ := strings.Cut(value, ",")
		d, ok := parseSeconds(text)
		if !ok {
			r.problem("#EXTINF is %.40q, not a duration", text)
		}
		if r.timed {
			r.problem("#EXTINF is there twice")
		}
		r.next.Duration, r.next.Decimal, r.timed = d, strings.Contains(text, "."), true
	case "#EXT-X-BYTERANGE":
		r.next.Range = r.byteRange(name, value)
	case "#EXT-X-DISCONTINUITY":
		r.mark.Discontinuity = true
	case "#EXT-X-KEY":
		r.attributes(name, value)
		r.mark.Key = value
	case "#EXT-X-MAP":
		a := r.attributes(name, value)
		m := &Map{Line: r.line, URI: a.Text("URI")}
		if m.URI == "" {
			r.problem("#EXT-X-MAP has no URI")
		}
		if a.Has("BYTERANGE") {
			if m.Range = r.byteRange(name, a.Text("BYTERANGE")); m.Range != nil && m.Range.Offset < 0 {
				m.Range.Offset = 0
			}
		}
		r.mark.Map = m
	case "#EXT-X-PROGRAM-DATE-TIME":
		t, ok := parseTime(value)
		if !ok {
			r.problem("#EXT-X-PROGRAM-DATE-TIME is %.40q, not a date with a zone", value)
		}
		r.mark.Date, r.mark.DateLine = t, r.line
	case "#EXT-X-GAP":
		r.next.Gap = true
	case "#EXT-X-PART":
		r.part(name, value)
	}
}

// byteRange reads n[@o].
func (r *parser) byteRange(name, value string) *Range {
	length, offset, at := strings.Cut(value, "@")
	n, err := strconv.ParseInt(length, 10, 64)
	o := int64(-1)
	if at && err == nil {
		o, err = strconv.ParseInt(offset, 10, 64)
	}
	if err != nil || n <= 0 || at && o < 0 || o > 1<<53 || n > 1<<53 {
		r.problem("%s has the byte range %.40q", name, value)
		return nil
	}
	return &Range{o, n}
}

// place gives a range without an offset its place, behind the last one of the same resource, as 4.4.4.2 has it.
func place(x *Range, uri string, ends map[string]int64) {
	if x == nil {
		return
	}
	if x.Offset < 0 {
		x.Offset = ends[uri]
	}
	ends[uri] = x.Offset + x.Length
}

func (r *parser) part(name, value string) {
	a := r.attributes(name, value)
	d, ok := a.Seconds("DURATION")
	if !ok || !a.Has("URI") {
		r.problem("#EXT-X-PART has no DURATION or no URI")
	}
	part := Part{Line: r.line, URI: a.Text("URI"), Duration: d, Independent: a.Yes("INDEPENDENT"), Gap: a.Yes("GAP")}
	if a.Has("BYTERANGE") {
		part.Range = r.byteRange(name, a.Text("BYTERANGE"))
		place(part.Range, part.URI, r.partEnd)
	}
	r.item()
	r.parts = append(r.parts, part)
}

func (r *parser) hint(name, value string) {
	a := r.attributes(name, value)
	h := Hint{Line: r.line, Type: a.Text("TYPE"), URI: a.Text("URI"), Length: -1, Attributes: a}
	if h.Type == "" || h.URI == "" {
		r.problem("%s has no TYPE or no URI", name)
	}
	if n, ok := a.Integer("BYTERANGE-START"); ok {
		h.Start = int64(min(n, 1<<53))
	}
	if n, ok := a.Integer("BYTERANGE-LENGTH"); ok {
		h.Length = int64(min(n, 1<<53))
	}
	r.item()
	r.p.Hints = append(r.p.Hints, h)
}

func (r *parser) dateRange(name, value string) {
	a := r.attributes(name, value)
	x := DateRange{Line: r.line, ID: a.Text("ID"), Attributes: a}
	if x.ID == "" {
		r.problem("%s has no ID", name)
	}
	if a.Has("START-DATE") {
		var ok bool
		if x.Start, ok = parseTime(a.Text("START-DATE")); !ok {
			r.problem("%s has the START-DATE %.40q", name, a.Text("START-DATE"))
		}
	}
	r.item()
	r.p.DateRanges = append(r.p.DateRanges, x)
}

func (r *parser) skip(name, value string) {
	a := r.attributes(name, value)
	n, ok := a.Integer("SKIPPED-SEGMENTS")
	if !ok || n > maxItems {
		r.problem("%s has no SKIPPED-SEGMENTS that could be", name)
		n = 0
	}
	if len(r.p.Segments) > 0 {
		r.problem("%s stands behind a segment", name)
	}
	r.p.Skip = &Skip{r.line, n, a}
}

// uri reads a line that is a URI.
func (r *parser) uri(line string) {
	r.item()
	if r.stream != nil {
		r.stream.URI = line
		r.p.Variants = append(r.p.Variants, *r.stream)
		r.stream = nil
		return
	}
	if !r.timed {
		r.problem("the URI %.80q has no #EXTINF", line)
	}
	s := r.next
	s.Line, s.URI, s.Mark, s.Parts = r.line, line, r.mark, r.parts
	place(s.Range, s.URI, r.segEnd)
	r.p.Segments = append(r.p.Segments, s)
	r.next, r.parts, r.timed = Segment{}, nil, false
	r.mark = Mark{Map: r.mark.Map, Key: r.mark.Key}
}

// finish closes what the last line has left open.
func (r *parser) finish() {
	p := r.p
	p.Parts, p.OpenMark = r.parts, r.mark
	if r.stream != nil {
		r.problem("#EXT-X-STREAM-INF on line %d has no URI", r.stream.Line)
	}
	if r.timed {
		r.problem("the last #EXTINF has no URI")
	}
	if p.Multivariant && (len(p.Segments) > 0 || p.Has("#EXT-X-TARGETDURATION")) {
		r.problem("it has tags of multivariant and of media playlists")
	}
	if !p.Multivariant && p.Target <= 0 {
		r.line = 1
		r.problem("#EXT-X-TARGETDURATION is missing")
	}
}
