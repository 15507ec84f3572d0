package check

import (
	"context"
	"time"

	"weir/internal/check/playlist"
)

const (
	leastWait  = 200 * time.Millisecond // between reloads that nobody held
	compareFew = 8                      // delta updates between two comparisons with the whole playlist
)

// follow reloads the playlist as a player would until the session is over, and has its media fetched.
func (r *rendition) follow(ctx context.Context) {
	got, p := r.load(ctx, ask{url: r.url})
	if p == nil {
		return
	}
	r.h.manifestHTTP(ctx, got, hlsType, !p.Ended)
	r.tasks.Go(func() { r.work(ctx) })
	defer r.tasks.Wait()
	defer close(r.jobs)
	r.observe(ctx, p, got, false)
	r.probe(ctx)
	for !r.h.over(ctx) && r.reload(ctx) {
	}
	r.finish(ctx)
}

// reload waits for the next playlist; it is false when there is nothing more to wait for.
func (r *rendition) reload(ctx context.Context) bool {
	last := r.last
	if last.Ended {
		return r.reloadEnded(ctx)
	}
	blocking := last.Control != nil && last.Control.Attributes.Yes("CAN-BLOCK-RELOAD")
	if !blocking {
		return r.poll(ctx)
	}
	began := r.h.options.Now()
	next, part := nextOf(last)
	directives := []string{"_HLS_msn=" + utoa(next)}
	if part >= 0 {
		directives = append(directives, "_HLS_part="+itoa(part))
	}
	skip := r.skipDirective(began)
	if skip != "" {
		directives = append(directives, skip)
	}
	url := withQuery(r.url, directives...)
	got, p := r.load(ctx, ask{url: url, waits: true, within: 3*last.Target + patience})
	if got != nil {
		r.heldFor(got, last.Target)
	}
	if p == nil {
		return r.h.wait(ctx, max(last.Target/2, leastWait))
	}
	if p.Skip != nil {
		if p = r.applied(p, url); p == nil {
			r.last.Control = nil // ask for the whole
			return r.poll(ctx)
		}
	}
	r.answers(p, got, next, part)
	moved := p.Ended || p.Next() > last.Next() || p.Next() == last.Next() && len(p.Parts) > len(last.Parts)
	r.observe(ctx, p, got, true)
	r.reloads++
	if skip != "" && r.reloads%compareFew == 1 {
		r.compareDelta(ctx, p, withQuery(r.url, directives[:len(directives)-1]...))
	}
	if !moved {
		return r.h.wait(ctx, max(last.PartTarget, leastWait))
	}
	return true
}

// poll reloads without directives, after half a target duration.
func (r *rendition) poll(ctx context.Context) bool {
	if !r.h.wait(ctx, max(r.last.Target/2, leastWait)) || r.h.over(ctx) {
		return false
	}
	if got, p := r.load(ctx, ask{url: r.url}); p != nil {
		r.observe(ctx, p, got, false)
	}
	return true
}

// reloadEnded looks twice whether an ended playlist stays as it is.
func (r *rendition) reloadEnded(ctx context.Context) bool {
	if r.reloads++; r.reloads > 2 || !r.h.wait(ctx, max(r.last.Target, time.Second)) || r.h.over(ctx) {
		return false
	}
	if got, p := r.load(ctx, ask{url: r.url}); p != nil {
		r.observe(ctx, p, got, false)
	}
	return true
}

// nextOf is the segment and the part that a player asks for next (6.2.5.2); part < 0: none.
func nextOf(p *playlist.Playlist) (number uint64, part int64) {
	if !lowLatency(p) {
		return p.Next(), -1
	}
	return p.Next(), int64(len(p.Parts))
}

// finish looks at what can only be seen at the end.
func (r *rendition) finish(ctx context.Context) {
	if ctx.Err() != nil || r.last == nil {
		return
	}
	if quiet := r.lastAt.Sub(r.newest); !r.last.Ended && quiet > r.last.Target*3/2 {
		r.h.warn(rulePace, r.at(0), "no new segment for the last %v: is it off the air?", quiet.Round(time.Millisecond))
	}
	r.judgeMisses()
	r.refetchSome(ctx)
}
