package check

import (
	"context"
	"fmt"
	"maps"
	"time"

	"weir/internal/check/playlist"
)

// skipDirective asks for a delta update where the last listing is new enough for one (6.3.7).
func (r *rendition) skipDirective(now time.Time) string {
	if r.last.Control == nil {
		return ""
	}
	a := r.last.Control.Attributes
	until, ok := a.Seconds("CAN-SKIP-UNTIL")
	if !ok || now.Sub(r.lastAt) > until/2 {
		return ""
	}
	if a.Yes("CAN-SKIP-DATERANGES") {
		return "_HLS_skip=v2"
	}
	return "_HLS_skip=YES"
}

// applied is the whole listing that a delta update stands for; nil where it cannot be applied (rule 19).
func (r *rendition) applied(p *playlist.Playlist, url string) *playlist.Playlist {
	at := place{url, p.Skip.Line}
	last := r.last
	if p.MediaSequence < last.MediaSequence || p.First() > last.Next() || len(p.Segments) == 0 {
		r.h.fail(ruleDelta, at, "it skips segments %d to %d, the listing before it has %d to %d",
			p.MediaSequence, p.First()-1, last.MediaSequence, last.Next()-1)
		return nil
	}
	until := last.Control
	boundary, _ := until.Attributes.Seconds("CAN-SKIP-UNTIL")
	left := p.Length()
	r.h.expect(left >= boundary-time.Millisecond, ruleDelta, at, "only %v are left in it, the skip boundary is %v from the end", left, boundary)
	if spare := left - p.Segments[0].Duration; spare > boundary+p.Target {
		r.h.warn(ruleDelta, at, "%v are left in it, %v would do", left, boundary)
	}
	r.h.expect(!p.Ended, ruleDelta, at, "there is a skip in a playlist with EXT-X-ENDLIST")
	whole := *p
	from := p.MediaSequence - last.MediaSequence
	whole.Segments = append(append([]playlist.Segment(nil), last.Segments[from:from+p.Skip.Segments]...), p.Segments...)
	whole.Skip = nil
	if p.Segments[0].Map == nil && p.Skip.Segments > 0 { // it applies from what was skipped
		inherit := whole.Segments[p.Skip.Segments-1].Map
		for i := p.Skip.Segments; i < uint64(len(whole.Segments)) && whole.Segments[i].Map == nil; i++ {
			whole.Segments[i].Map = inherit
		}
	}
	whole.Tags = maps.Clone(p.Tags)
	if at := last.Tags["#EXT-X-DISCONTINUITY"]; at > 0 && !p.Has("#EXT-X-DISCONTINUITY") {
		for i := range whole.Segments[:p.Skip.Segments] {
			if whole.Segments[i].Discontinuity {
				whole.Tags["#EXT-X-DISCONTINUITY"] = at
			}
		}
	}
	whole.DateRanges = r.rangesApplied(p)
	return &whole
}

// rangesApplied are the date ranges that a delta update stands for: with v2 it leaves out old ones, and names those removed.
func (r *rendition) rangesApplied(p *playlist.Playlist) []playlist.DateRange {
	if !p.Skip.Attributes.Has("RECENTLY-REMOVED-DATERANGES") {
		return p.DateRanges
	}
	gone := map[string]bool{}
	id := ""
	for _, c := range p.Skip.Attributes.Text("RECENTLY-REMOVED-DATERANGES") + "\t" {
		if c == '\t' {
			gone[id], id = true, ""
			continue
		}
		id += string(c)
	}
	list := p.DateRanges
	for i := range p.DateRanges {
		gone[p.DateRanges[i].ID] = true // told anew
	}
	for _, d := range r.last.DateRanges {
		if !gone[d.ID] {
			list = append(list, d)
		}
	}
	return list
}

// compareDelta fetches the whole playlist and compares what both list (rule 19).
func (r *rendition) compareDelta(ctx context.Context, p *playlist.Playlist, url string) {
	_, whole := r.load(ctx, ask{url: url, waits: true, within: 3*p.Target + patience})
	if whole == nil {
		return
	}
	at := place{url: url}
	r.h.expect(whole.Skip == nil, ruleDelta, at, "it skips without being asked to")
	if what := differs(p, whole); what != "" {
		r.h.fail(ruleDelta, at, "the delta update stands for another playlist: %s", what)
		return
	}
	r.h.ok(ruleDelta)
}

// differs tells where two listings differ in what both have.
func differs(a, b *playlist.Playlist) string {
	if a.Target != b.Target || a.PartTarget != b.PartTarget {
		return "another target duration"
	}
	if a.Control != nil && b.Control != nil && !maps.Equal(a.Control.Attributes, b.Control.Attributes) {
		return "another EXT-X-SERVER-CONTROL"
	}
	for i := range a.Segments {
		number := a.First() + uint64(i)
		if number < b.First() || number >= b.Next() {
			continue
		}
		x, y := &a.Segments[i], &b.Segments[number-b.First()]
		switch {
		case x.URI != y.URI:
			return fmt.Sprintf("segment %d is %s and %s", number, x.URI, y.URI)
		case x.Duration != y.Duration:
			return fmt.Sprintf("segment %d has EXTINF %v and %v", number, x.Duration, y.Duration)
		case x.Discontinuity != y.Discontinuity || x.Gap != y.Gap:
			return fmt.Sprintf("segment %d has other tags", number)
		case !x.Date.Equal(y.Date):
			return fmt.Sprintf("segment %d has the date %v and %v", number, x.Date, y.Date)
		case (x.Map == nil) != (y.Map == nil) || x.Map != nil && x.Map.URI != y.Map.URI:
			return fmt.Sprintf("segment %d has another map", number)
		}
	}
	return ""
}
