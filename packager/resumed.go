package packager

import (
	"slices"

	"weir/internal/media"
)

// What events have told before the row at which a run is joined was for whoever wrote the run then.

// resumed is called when the lead comes to the row at which the run is joined. What splices wanted up to there has been done, and what was
// to be told of them has been told.
func (r *run) resumed(synced bool) {
	g, start := &r.p.agenda, r.lead.cut.start
	ns := r.lead.ns(start)
	g.waiting = slices.DeleteFunc(g.waiting, func(c *liveSignal) bool {
		told := !c.InBand && c.at < ns
		if told {
			c.told = ns
		}
		return told
	})
	before := media.Rescale(r.p.join.Ends[0].Start, r.lead.scale, nanoscale)
	g.cuts = slices.DeleteFunc(g.cuts, func(c spliceCut) bool { return c.at <= before })
	if r.synced = synced || r.lead.Kind == media.Audio; r.synced {
		r.spliced(start)
	}
	r.nextCut = media.NextBorder(start, r.lead.scale, r.p.segmentDuration())
	r.bringForward()
}

// forgetSent drops the messages that went out before that point: all but those whose time is about to come.
func (t *track) forgetSent(start media.Ticks) {
	t.messages = slices.DeleteFunc(t.messages, func(m message) bool { return m.at < start || m.at-start >= media.Ticks(t.scale) })
}
