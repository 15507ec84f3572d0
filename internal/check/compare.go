package check

import (
	"maps"
	"net/url"
	"time"

	"weir/internal/check/playlist"
)

// followed are the renditions of which a listing came; those of I-frames only where iframes is true.
func (h *hls) followed(iframes bool) []*rendition {
	var list []*rendition
	for _, r := range h.renditions {
		if r.last != nil && (iframes || !r.iframes) {
			list = append(list, r)
		}
	}
	return list
}

// compare looks at what the renditions have to have in common: rules 3, 7, 14 and 21. All of them have ended.
func (h *hls) compare() {
	list := h.followed(false)
	for i, r := range list {
		r.finalReports(list)
		if i > 0 {
			h.alike(list[0], r)
			h.sameDiscontinuities(list[0], r)
			h.sameRanges(list[0], r)
		}
	}
	if len(list) == 1 {
		h.ok(ruleAlike)
	}
	for _, r := range h.followed(true) {
		if r.iframes && len(list) > 0 {
			h.expect(r.last.Target == list[0].last.Target, ruleAlike, r.at(r.last.Tags["#EXT-X-TARGETDURATION"]),
				"the target duration is %v, in %s it is %v", r.last.Target, list[0].url, list[0].last.Target)
		}
	}
}

// alike is rule 7.
func (h *hls) alike(a, b *rendition) {
	h.expect(a.last.Target == b.last.Target, ruleAlike, b.at(b.last.Tags["#EXT-X-TARGETDURATION"]),
		"the target duration is %v, in %s it is %v", b.last.Target, a.url, a.last.Target)
	if a.last.Ended || b.last.Ended {
		return
	}
	x, y := attributesOf(a.last), attributesOf(b.last)
	h.expect(maps.Equal(x, y), ruleAlike, b.at(b.last.Tags["#EXT-X-SERVER-CONTROL"]), "EXT-X-SERVER-CONTROL is %v, in %s it is %v", y, a.url, x)
}

func attributesOf(p *playlist.Playlist) playlist.Attributes {
	if p.Control == nil {
		return nil
	}
	return p.Control.Attributes
}

// boundaries are the discontinuities that were listed, by their number.
func (r *rendition) boundaries() map[uint64]*listed {
	out := map[uint64]*listed{}
	for _, l := range r.segs {
		if l.begins {
			out[l.disc] = l
		}
	}
	return out
}

// sameDiscontinuities is rule 3 for two renditions: what both list of a time has the same discontinuity number.
func (h *hls) sameDiscontinuities(a, b *rendition) {
	other := a.boundaries()
	for disc, l := range b.boundaries() {
		was, ok := other[disc]
		if !ok || was.date.IsZero() || l.date.IsZero() || was.gap || l.gap {
			continue
		}
		apart := l.date.Sub(was.date).Abs()
		h.expect(apart <= max(a.last.Target/2, time.Second), ruleDiscontinuity, l.at, "discontinuity %d is at %s, in %s at %s",
			disc, l.date.Format(time.RFC3339Nano), a.url, was.date.Format(time.RFC3339Nano))
	}
	if aligned(a, b) {
		for n, l := range b.segs {
			if was := a.segs[n]; was != nil {
				h.expect(was.disc == l.disc, ruleDiscontinuity, l.at, "segment %d has the discontinuity sequence number %d, in %s it has %d",
					n, l.disc, a.url, was.disc)
			}
		}
	}
}

// aligned tells that two renditions have the same numbers for the same time.
func aligned(a, b *rendition) bool {
	for n, l := range b.segs {
		was := a.segs[n]
		if was == nil || was.date.IsZero() || l.date.IsZero() {
			continue
		}
		if was.date.Sub(l.date).Abs() > a.last.Target/2 {
			return false
		}
	}
	return true
}

// sameRanges checks that both have the same date ranges, those apart that came or went at the end (rule 14).
func (h *hls) sameRanges(a, b *rendition) {
	settled := h.until.Add(-2 * a.last.Target)
	for _, pair := range [][2]*rendition{{a, b}, {b, a}} {
		for id, d := range pair[0].ranges {
			if _, ok := pair[1].ranges[id]; !ok && d.seen.Before(settled) {
				h.fail(rulePace, pair[1].at(0), "EXT-X-DATERANGE %q is in %s only", id, pair[0].url)
			}
		}
	}
}

// reportsOf keeps the rendition reports of a listing, to be judged when all is known.
func (r *rendition) reportsOf(p *playlist.Playlist) {
	if !lowLatency(p) || r.iframes {
		return
	}
	var list []reported
	for i := range p.Reports {
		x := &p.Reports[i]
		msn, ok := x.Attributes.Integer("LAST-MSN")
		r.h.expect(ok, ruleReport, r.at(x.Line), "the report of %s has no LAST-MSN", x.URI)
		part, has := x.Attributes.Integer("LAST-PART")
		last := int64(-1)
		if has {
			last = int64(min(part, 1<<30))
		}
		list = append(list, reported{r.at(x.Line), resolve(r.url, x.URI), msn, last})
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.states[len(r.states)-1].reports = list
	r.states[len(r.states)-1].low = true
}

// finalReports is rule 21: one report for each other rendition, true to within a target duration.
func (r *rendition) finalReports(all []*rendition) {
	for i := range r.states {
		st := &r.states[i]
		if !st.low || r.last.Ended {
			continue
		}
		seen := map[string]int{}
		for _, x := range st.reports {
			seen[bare(x.url)]++
		}
		for _, other := range all {
			if other == r || !lowLatency(other.last) {
				continue
			}
			n := seen[bare(other.url)]
			r.h.expect(n == 1, ruleReport, r.at(0), "there are %d rendition reports for %s", n, other.url)
		}
		r.h.expect(seen[bare(r.url)] == 0, ruleReport, r.at(0), "there is a rendition report for the playlist itself")
		for _, x := range st.reports {
			for _, other := range all {
				if bare(other.url) == bare(x.url) {
					r.h.expect(x.part >= 0 || !lowLatency(other.last), ruleReport, x.at, "the report of %s has no LAST-PART", x.url)
					r.trueReport(other, x, st.at)
				}
			}
		}
	}
}

// trueReport compares a report with what the other playlist listed a target duration before and after.
func (r *rendition) trueReport(other *rendition, x reported, at time.Time) {
	slack := r.last.Target + promptly
	var before, later *state
	for i := range other.states {
		st := &other.states[i]
		if !st.at.After(at.Add(-slack)) {
			before = st
		}
		if !st.at.After(at.Add(slack)) {
			later = st
		}
	}
	if before == nil || later == nil || at.Add(slack).After(other.lastAt) {
		return
	}
	r.h.expect(x.msn+1 >= before.next && x.msn <= later.next, ruleReport, x.at,
		"%s is reported to be at segment %d, it was at %d to %d", x.url, x.msn, before.next-1, later.next)
}

// bare is a URL without its query: a report may carry a session's.
func bare(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	u.RawQuery, u.Fragment = "", ""
	return u.String()
}
