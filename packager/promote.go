package packager

import (
	"fmt"
	"slices"
	"time"

	"weir/internal/media"
)

// Leave says that nothing of the track of that index comes any more, so that nobody waits for it. Its next sample takes that back.
func (p *Packager) Leave(track int, now time.Time) error {
	if p.err != nil {
		return p.err
	}
	if track < 0 || track >= len(p.tracks) {
		return nil
	}
	p.tracks[track].left = true
	return p.fail(p.pump(now))
}

// leaveOut drops what is left of video tracks that nothing more comes of, where that is less than a row and others go on: a run of its own would be begun
// for it.
func (p *Packager) leaveOut() {
	goesOn := func(t *track) bool { return t.Kind == media.Video && t.seen && !p.lost(t) }
	if p.pressure || !slices.ContainsFunc(p.tracks, goesOn) {
		return
	}
	row := p.segmentDuration()
	for _, t := range p.tracks {
		if h := t.queue.at(0); h != nil && t.left && t.Kind == media.Video && t.lastPos-h.pos < media.FromDuration(row, t.scale) {
			p.drop(Unused, t.queue.len())
			t.queue.clear()
		}
	}
}

// promote lets another video track lead in the place of the one that is lost, so that those that go on have no hole: the row is ended where
// that one can be cut, and the lost one's last sample lasts until there. It is false where there is no such track.
func (r *run) promote(now time.Time) bool {
	old := r.lead
	if !r.announced || r.ending || old.Kind != media.Video || old.promised > 0 || old.queue.len() == 0 {
		return false
	}
	i := slices.IndexFunc(r.members, func(t *track) bool {
		c := t.cut
		return t.isRendition(old) && !c.gone && !c.done && len(c.borders) == 0 && c.number == old.cut.number && !r.p.lost(t)
	})
	if i < 0 {
		return false
	}
	r.p.problem(now, fmt.Sprintf("track %s stopped: %s leads, and a new run without it begins", old.Name, r.members[i].Name))
	r.nextCut = media.Rescale(r.nextCut, old.scale, r.members[i].scale)
	r.lead = r.members[i]
	r.lead.lastSync = 0
	r.members = append([]*track{r.lead}, slices.Delete(r.members, i, i+1)...)
	return true
}
