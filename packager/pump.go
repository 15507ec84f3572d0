package packager

import (
	"time"

	"weir/internal/media"
)

// maxSyncWait is how long a video track may go without a sync sample before a run begins without it.
const maxSyncWait = 12 * time.Second

// maxEarly bounds how far before the lead's first frame a follower may begin: its first segment is longer by that.
const maxEarly = 250 * time.Millisecond

// pump brings everything forward as far as it goes.
func (p *Packager) pump(now time.Time) error {
	for {
		if p.run == nil && !p.tryBegin() {
			return nil
		}
		r := p.run
		if wait, err := p.entering(r); wait || err != nil {
			return err
		}
		if err := r.advance(now); err != nil {
			return err
		}
		done := r.ending
		for _, t := range r.members[1:] {
			if !r.announced && !r.ending {
				break // the lead's first chunk comes first
			}
			if err := r.follow(t, now); err != nil {
				return err
			}
			done = done && t.cut.done
		}
		p.discardUnused(r)
		if !done {
			return nil
		}
		r.over()
		if r.finishing {
			return nil
		}
	}
}

// discardUnused drops what can belong neither to the open run nor to the next.
func (p *Packager) discardUnused(r *run) {
	if h := r.lead.queue.at(0); h != nil && !r.ending {
		for _, t := range p.tracks {
			// A video track that comes back is looked after by yield.
			if (t.cut == nil || t.cut.gone) && (t.Kind == media.Audio || r.lead.Kind == media.Video) {
				at := media.Rescale(h.pos, r.lead.scale, t.scale)
				if t.isRendition(r.lead) {
					at -= t.slack()
				}
				p.discard(t, at, Unused)
			}
		}
	}
}

// tryBegin opens a run if all that it waits for is there.
func (p *Packager) tryBegin() bool {
	p.leaveOut()
	lead := p.findLead()
	if lead == nil || !p.alignHeads(lead) {
		return false
	}
	start := lead.queue.at(0).pos
	ns := lead.ns(start)
	early := media.FromDuration(maxEarly, lead.scale)
	hold := media.Ticks(min(max(p.cfg.Segment, time.Second), 4*time.Second))
	overdue := p.pressure || p.feed.newest-ns > hold
	join := min(hold, media.Ticks(p.segmentDuration())/2)
	var followers []*track
	for _, t := range p.tracks {
		if t == lead {
			continue
		}
		if t.Kind == media.Text { // it has something to say at any time: that there is nothing to say
			followers = append(followers, t)
			continue
		}
		// What an encoder sends before its first frame, as they seldom start both at once, goes out too.
		// The last run is not overlapped, on the follower's own clock: the lead's may round to a tick that is behind its first sample.
		from := max(media.RescaleUp(start-early, lead.scale, t.scale), media.RescaleUp(p.next, nanoscale, t.scale))
		if t.isRendition(lead) {
			from = media.Rescale(start, lead.scale, t.scale) - t.slack()
		}
		p.discard(t, from, Unused)
		h := t.queue.at(0)
		switch {
		case h != nil && t.ns(h.pos)-ns <= max(join, p.tolerated(t)):
			if t.Kind == media.Video && lead.Kind == media.Video && !h.sync {
				continue
			}
			followers = append(followers, t)
		case h == nil && !overdue && !p.lost(t):
			return false
		}
	}
	if !p.settled && !p.wall.watched && !p.pressure {
		return false // where the first row stands could not be held later
	}
	p.begin(lead, sortKinds(append(followers, p.besides()...)))
	return true
}

// sortKinds puts video before audio, audio before text, and keeps the order otherwise.
func sortKinds(tracks []*track) []*track {
	out := make([]*track, 0, len(tracks))
	for _, k := range []media.Kind{media.Video, media.Audio, media.Text} {
		for _, t := range tracks {
			if t.Kind == k {
				out = append(out, t)
			}
		}
	}
	return out
}

// findLead is the track that a run can begin with: with a sync sample at the head of its queue. It is nil as long as there is
// something better to wait for.
func (p *Packager) findLead() *track {
	for _, t := range p.tracks {
		if t.Kind != media.Video {
			continue
		}
		if p.trimToSync(t) {
			return t
		}
		if p.lost(t) {
			continue
		}
		if t.untilSync == 0 {
			t.untilSync = p.feed.newest
		}
		if p.feed.newest-t.untilSync <= media.Ticks(maxSyncWait) && !p.pressure {
			if t.seen { // the sync sample, when it comes, stands behind all that came
				for _, u := range p.tracks {
					if u.Kind == media.Audio {
						p.discard(u, media.Rescale(t.dts, t.scale, u.scale), Unused)
					}
				}
			}
			return nil
		}
	}
	for _, t := range p.tracks {
		if t.Kind == media.Audio && p.trimToSync(t) {
			return t
		}
		if t.Kind == media.Audio && !p.lost(t) {
			return nil
		}
	}
	return nil
}

// trimToSync drops what cannot begin a run, and tells whether something is left.
func (p *Packager) trimToSync(t *track) bool {
	least := media.Rescale(p.next, nanoscale, t.scale)
	for s := t.queue.at(0); s != nil; s = t.queue.at(0) {
		if s.sync && p.overlaps(t, s.pos, least) {
			p.postpone(t, least-s.pos)
		}
		if s.sync && s.pos >= least {
			return true
		}
		t.queue.pop()
		p.drop(NoSync, 1)
	}
	return false
}
