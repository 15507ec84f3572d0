package packager

import (
	"slices"
	"time"

	"weir/internal/media"
)

// run is the open run.
type run struct {
	media.Run
	p         *Packager
	lead      *track
	members   []*track // beside Run.Tracks, the lead first
	announced bool
	ending    bool          // the lead is done, followers are on their way to the end
	finishing bool          // nobody is waited for, and followers may run over the lead's end
	nextCut   media.Ticks   // the lead's next segment begins at the first sync sample from here on
	synced    bool          // the lead's open row begins with a sync sample
	frames    int           // of the lead in the open segment
	early     time.Duration // by which the earliest follower begins before the lead
	stop      media.Ticks   // where the lead ended
}

// begin opens a run at the head of the lead's queue.
func (p *Packager) begin(lead *track, followers []*track) {
	start := lead.queue.at(0).pos
	r := &run{p: p, lead: lead, members: append([]*track{lead}, followers...)}
	r.ID, r.First, r.Start = p.runID, p.segment, start.Time(lead.scale)
	p.run, p.guessed, p.alignFrom = r, 0, 0
	for _, t := range p.tracks {
		t.untilSync = 0
	}
	first := border{at: start, number: p.segment}
	p.segment++
	for _, t := range r.members {
		t.cut = &cutter{t: t, run: r}
		if t.Kind == media.Text {
			t.cut.open(first, media.RescaleUp(start, lead.scale, t.scale))
			continue
		}
		at := t.queue.at(0).pos
		t.refusals = 0
		t.cut.open(first, at)
		r.early = max(r.early, start.Duration(lead.scale)-at.Duration(t.scale))
	}
	r.nextCut = media.NextBorder(start, r.lead.scale, p.segmentDuration())
	r.synced = true
	r.spliced(start)
	r.bringForward()
	if ns := lead.ns(start); ns != p.next { // not joined to what was before
		lead.lastSync = 0
	}
	p.noteSync(lead, start)
}

// announce tells the output of the run, before its first chunk.
func (r *run) announce() error {
	if r.announced {
		return nil
	}
	r.announced = true
	r.setChunkings()
	p := r.p
	if !p.settled {
		p.settled = true
		p.wall.settle()
	}
	first := p.place(r, r.First, r.lead.ns(r.lead.cut.start))
	inits := make([]media.Init, 0, len(r.members))
	for _, t := range r.members {
		init, known := p.inits[t.Name]
		if !known || string(init.Data) != string(t.header) {
			init = media.Init{Track: t.Name, Version: init.Version + 1, Data: t.header}
			if !known {
				init.Version = 1
			}
			p.inits[t.Name] = init
		}
		t.init, t.cut.place = init.Version, first
		inits = append(inits, init)
		d := t.description.Track
		d.Init, d.Part, d.Pace = t.init, t.cut.part, t.cut.pace()
		if t.Kind == media.Video {
			frames, span := t.cut.seen()
			d.FrameRate = FrameRate(t.rate, frames, span, t.scale)
		}
		r.Tracks = append(r.Tracks, d)
	}
	r.Clock = p.feed.mapping()
	p.runID++
	p.stats.Runs++
	p.stats.Segments++
	if err := p.out.Run(r.Run, inits); err != nil {
		return err
	}
	p.announceSchemes()
	return p.tellSignals(0)
}

// seen is how many frames the track has at hand and how long they are together.
func (c *cutter) seen() (int, media.Ticks) {
	n, span := len(c.pending), c.length
	for i := 0; c.t.queue.at(i+1) != nil; i++ {
		n++
		span += c.t.queue.at(i+1).dts - c.t.queue.at(i).dts
	}
	return n, span
}

// end stops the lead at that position; followers go on to it. Behind a frame whose duration had been promised there may be a hole: no next
// segment of the run joins the last one, which ends with its media.
func (r *run) end(at media.Ticks, now time.Time) error {
	last := at
	if c := r.lead.cut; at-c.end > r.lead.holeAfter() {
		last = c.end
	}
	if err := r.closeRow(last, now); err != nil {
		return err
	}
	r.ending, r.stop = true, at
	r.lead.cut.done = true
	for _, t := range r.members[1:] {
		b := border{at: r.borderOf(t, at), final: true}
		if r.finishing { // what is there goes out as far as a segment may last
			b.at = max(b.at, t.cut.start+r.p.longest(t)-t.lastDuration())
		}
		t.cut.borders = append(t.cut.borders, b)
	}
	return nil
}

// finish ends the run with all that the queues hold.
func (r *run) finish(now time.Time) error {
	r.finishing = true
	if err := r.advance(now); err != nil {
		return err
	}
	if !r.ending {
		if err := r.endLead(now); err != nil {
			return err
		}
	}
	return r.p.pump(now)
}

// endLead takes the lead's last sample as long as it usually is, and ends the run behind it.
func (r *run) endLead(now time.Time) error {
	c := r.lead.cut
	if r.lead.queue.len() > 0 {
		s := r.lead.queue.pop()
		s.duration = c.guess()
		if limit := c.start + r.p.longestLead(r) - s.pos; s.duration > limit {
			s.duration = max(limit, 1)
		}
		r.frames++
		r.p.guessed = r.lead.ns(s.duration)
		if err := c.add(s); err != nil {
			return err
		}
	} else if r.lead.promised > 0 {
		r.p.guessed = r.lead.ns(r.lead.lastDuration())
	}
	return r.end(c.end, now)
}

// over closes the run once all of its tracks have reached its end.
func (r *run) over() {
	p := r.p
	for _, t := range r.members {
		end := t.ns(t.cut.end)
		p.end = max(p.end, end)
		if t == r.lead {
			p.next = max(p.next, end)
			p.endShown = max(p.endShown, end+media.Ticks(p.shift))
		}
		t.cut, t.promised = nil, 0
	}
	if !r.announced { // nothing came of it
		p.segment = r.First
	}
	p.run = nil
	for _, t := range p.tracks {
		t.untilSync = 0
	}
}

// wants tells whether the set of tracks should change at a border at that position of the lead.
func (r *run) wants(at media.Ticks) bool {
	if r.lacksText() {
		return true
	}
	ns := r.lead.ns(at)
	for _, t := range r.p.tracks {
		member := slices.Contains(r.members, t)
		if member {
			if t.cut.gone || t.isRendition(r.lead) && r.p.lost(t) { // no row of a rendition is a gap
				return true
			}
			continue
		}
		// Where audio leads, yield decides about video.
		if t.isRendition(r.lead) && r.joins(t, at) || t.Kind == media.Audio && r.p.alive(t, ns) {
			return true
		}
	}
	return false
}
