package check

import (
	"context"
	"net/http"
	"time"

	"weir/internal/check/playlist"
)

// heldFor checks how long a blocking request was held, and how it was refused (rule 18).
func (r *rendition) heldFor(got *answer, target time.Duration) {
	took, at := got.done.Sub(got.sent), place{url: got.url}
	switch {
	case got.status == http.StatusServiceUnavailable:
		r.h.expect(took > target, ruleBlocking, at, "a blocking reload was refused with 503 after %v already", took.Round(time.Millisecond))
	case got.status != http.StatusOK:
		r.h.fail(ruleBlocking, at, "a blocking reload of what comes next was answered with %d", got.status)
	default:
		took -= r.h.within(got.sent, got.done)
		r.h.expect(took <= 3*target+2*time.Second, ruleBlocking, at, "a blocking reload was held for %v, more than three target durations",
			took.Round(time.Millisecond))
	}
}

// answers checks that an answer has what was asked for (rule 18); part < 0: a whole segment.
func (r *rendition) answers(p *playlist.Playlist, got *answer, number uint64, part int64) {
	r.h.expect(p.Ended || covers(p, number, part), ruleBlocking, place{url: got.url},
		"it lists segments up to %d and %d parts of the next, which is not what was waited for", p.Next()-1, len(p.Parts))
}

// covers tells that a listing has a segment, or a part of it.
func covers(p *playlist.Playlist, number uint64, part int64) bool {
	return p.Next() > number || part >= 0 && p.Next() == number && int64(len(p.Parts)) > part
}

// probe asks for what has to be refused, or answered at once (rule 18).
func (r *rendition) probe(ctx context.Context) {
	p := r.last
	if p.Ended || p.Control == nil || !p.Control.Attributes.Yes("CAN-BLOCK-RELOAD") {
		return
	}
	refused := func(why string, directives ...string) {
		url := withQuery(r.url, directives...)
		got, err := r.h.get(ctx, ask{url: url, waits: true, within: p.Target + patience})
		if err != nil {
			if ctx.Err() == nil {
				r.h.fail(ruleBlocking, place{url: url}, "%s: %v", why, err)
			}
			return
		}
		if now, err := playlist.Parse(got.body); err == nil && got.status == http.StatusOK && now.Next() > p.Next() {
			return // what was far ahead when it was asked for has come near: a segment has ended meanwhile
		}
		r.h.expect(got.status == http.StatusBadRequest, ruleBlocking, place{url: url}, "%s is answered with %d, not 400", why, got.status)
	}
	refused("a segment far ahead", "_HLS_msn="+utoa(p.Next()+100))
	if lowLatency(p) && !r.iframes {
		refused("_HLS_part alone", "_HLS_part=0")
		refused("a part far ahead", "_HLS_msn="+utoa(p.Next()), "_HLS_part=5000")
		r.probeBehind(ctx)
	}
	url := withQuery(r.url, "_HLS_msn="+utoa(p.MediaSequence))
	if got, err := r.h.get(ctx, ask{url: url, waits: true, within: p.Target + patience, header: zippedToo()}); err == nil {
		took := got.done.Sub(got.sent)
		old, err := playlist.Parse(got.body)
		r.h.expect(got.status == http.StatusOK && err == nil && took < max(p.Target, time.Second), ruleBlocking, place{url: url},
			"an old segment is answered with %d after %v", got.status, took.Round(time.Millisecond))
		if err == nil && got.status == http.StatusOK {
			r.h.expect(old.Next() >= p.Next() && old.Skip == nil, ruleBlocking, place{url: url}, "to an old segment it does not list all")
		}
	}
}

// probeBehind asks for the part behind the last of a whole segment: that is the first of the next.
func (r *rendition) probeBehind(ctx context.Context) {
	p := r.last
	n := len(p.Segments)
	if n == 0 || len(p.Segments[n-1].Parts) == 0 {
		return
	}
	number, part := p.Next()-1, int64(len(p.Segments[n-1].Parts))
	url := withQuery(r.url, "_HLS_msn="+utoa(number), "_HLS_part="+itoa(part))
	got, err := r.h.get(ctx, ask{url: url, waits: true, within: 3*p.Target + patience, header: zippedToo()})
	if err != nil {
		return
	}
	next, err := playlist.Parse(got.body)
	r.h.expect(got.status == http.StatusOK && err == nil && (next.Ended || covers(next, number+1, 0)), ruleBlocking, place{url: url},
		"the part behind the last of a segment is answered with %d, and not with the first of the next", got.status)
}
