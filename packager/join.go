package packager

import (
	"errors"
	"fmt"
	"time"

	"weir/internal/media"
)

// ErrJoin is wrapped by errors about a feed that does not go on with the run that it was to go on with: its timestamps are not those of
// the run's source, its tracks are other ones, or what is to go on is not known well enough. What it has is to begin a run of its own.
var ErrJoin = errors.New("feed does not go on with the run")

// Join is where a packager goes on with a run that another one began and recorded, and that it does not announce again. Given the same
// feed, from some way before that row on, it makes the same chunks from there on, and the same ends, but for what they say of wall clock,
// rates and captions. The first row of a run cannot be joined.
type Join struct {
	Run media.Run
	// Ends are those of the row before the one to begin with, beside Run.Tracks. None is of a gap, except of text.
	Ends []media.SegmentEnd
	// Decoded is where the last chunk of each of these segments ends in decoding: its Start and Duration together.
	Decoded []media.Ticks
	// Wall and Anchor are those of the row to begin with, where anybody has made chunks of it; zero: nobody has.
	Wall   time.Time
	Anchor media.Anchor
}

// maxScale bounds timescales of the record.
const maxScale = 1 << 30

// check refuses what cannot be gone on with.
func (j *Join) check(target time.Duration) error {
	switch c := j.Run.Clock; {
	case c.Scale == 0:
		return fmt.Errorf("run %d does not say how its source's clock lies: %w", j.Run.ID, ErrJoin)
	case c.Scale > maxScale || c.Source <= -1<<61 || c.Source >= 1<<61 || c.At.Year() < 1970 || c.At.Year() > 2200:
		return fmt.Errorf("run %d has a clock of %d at %v in 1/%d s: %w", j.Run.ID, c.Source, c.At, c.Scale, ErrJoin)
	case target == 0:
		return fmt.Errorf("run %d has no target duration yet: %w", j.Run.ID, ErrJoin)
	case len(j.Run.Tracks) == 0 || len(j.Ends) != len(j.Run.Tracks) || len(j.Decoded) != len(j.Run.Tracks):
		return fmt.Errorf("run %d has %d tracks, %d ends: %w", j.Run.ID, len(j.Run.Tracks), len(j.Ends), ErrJoin)
	}
	for i := range j.Ends {
		t, e := &j.Run.Tracks[i], &j.Ends[i]
		at := e.Start + e.Duration
		switch {
		case e.Track != t.Name || e.Run != j.Run.ID || e.Segment != j.Ends[0].Segment || e.Segment < j.Run.First || e.Timescale != t.Timescale:
			return fmt.Errorf("end of segment %d of track %s in run %d is out of place: %w", e.Segment, e.Track, e.Run, ErrJoin)
		case e.Gap() && t.Kind != media.Text:
			return fmt.Errorf("track %s has no media before the row: %w", t.Name, ErrJoin)
		case t.Timescale == 0 || t.Timescale > maxScale || at <= 0 || at >= 1<<61 || t.Kind != media.Text && (j.Decoded[i] <= 0 || j.Decoded[i] >= 1<<61):
			return fmt.Errorf("track %s goes on at %d, %d: %w", t.Name, at, j.Decoded[i], ErrJoin)
		case t.Part < 0 || t.Part > time.Hour || t.Part > 0 && t.Kind != media.Text && t.Pace.Frames < 1 || t.Pace.Frames > maxChunkSamples ||
			t.Pace.Loose < 0 || t.Pace.Loose > 1<<40 || t.Pace.Frame < 0 || t.Pace.Frame > 1<<40:
			return fmt.Errorf("track %s has chunks of %v, pace %+v: %w", t.Name, t.Part, t.Pace, ErrJoin)
		}
	}
	return nil
}

// at is where the track of that place goes on.
func (j *Join) at(i int) media.Ticks { return j.Ends[i].Start + j.Ends[i].Duration }

// row is the number of the row that it begins with.
func (j *Join) row() uint64 { return j.Ends[0].Segment + 1 }

// expect sets the packager to where its predecessor stood.
func (p *Packager) expect(j *Join) error {
	if err := j.check(p.target); err != nil {
		return err
	}
	lead, scale := &j.Ends[0], j.Run.Tracks[0].Timescale
	start := media.Rescale(j.at(0), scale, nanoscale)
	p.join, p.segment, p.runID = j, j.row(), j.Run.ID+1
	p.end, p.next, p.endShown = start, start, start+media.Ticks(lead.Anchor.Shift)
	c := j.Run.Clock
	p.feed = feedClock{anchored: true, source: c.Source, scale: c.Scale, at: media.Ticks(c.At.UnixNano()), first: start, newest: start}
	before := lead.Start.Time(scale)
	p.wall = delayFilter{applied: lead.Wall.Sub(before), watched: true}
	p.settled, p.lastWall = true, lead.Wall
	p.stretch, p.shift = lead.Anchor, lead.Anchor.Shift
	p.shown = media.Ticks(before.UnixNano()) + media.Ticks(p.shift)
	for i := range j.Ends {
		e := &j.Ends[i]
		if r := p.rates[e.Track]; r == nil && e.Rate != (media.Rate{}) {
			p.rates[e.Track] = newRates(map[string]media.Rate{e.Track: e.Rate})[e.Track]
		}
		if e.Captions.Valid() && j.Run.Tracks[i].Kind == media.Video {
			p.scanOf(e.Track).found |= e.Captions
		}
	}
	return nil
}

// enter opens the run, at the row that it is joined at, with the feed's tracks. It goes on as soon as these have come there.
func (p *Packager) enter() error {
	j := p.join
	r := &run{p: p, Run: j.Run, announced: true}
	besides := p.besides()
	for i := range j.Run.Tracks {
		d := &j.Run.Tracks[i]
		t := trackNamed(p.tracks, d.Name)
		if t == nil {
			t = trackNamed(besides, d.Name)
		}
		switch init := p.inits[d.Name]; {
		case t == nil || t.Codec != d.Codec || t.scale != d.Timescale:
			return fmt.Errorf("the feed has no track %s of %s: %w", d.Name, d.Codec, ErrJoin)
		case init.Version != d.Init || string(init.Data) != string(t.header):
			return fmt.Errorf("track %s has another init segment than version %d of the run: %w", d.Name, d.Init, ErrJoin)
		}
		t.init = d.Init
		t.cut = &cutter{t: t, run: r, chunking: chunkingOf(d)}
		t.cut.begun = true
		if t.Kind != media.Text {
			t.awaited = &entry{start: j.at(i), decode: j.Decoded[i]}
		}
		r.members = append(r.members, t)
	}
	r.lead = r.members[0]
	if r.lead.Kind == media.Text {
		return fmt.Errorf("text track %s leads: %w", r.lead.Name, ErrJoin)
	}
	b := border{at: j.at(0), number: j.row()}
	if j.Wall.IsZero() {
		b.place = p.place(r, b.number, r.lead.ns(b.at))
	} else {
		b.place = place{j.Wall, j.Anchor}
		p.wall.applied = j.Wall.Sub(b.at.Time(r.lead.scale))
		p.lastWall, p.stretch, p.shift = j.Wall, j.Anchor, j.Anchor.Shift
		p.shown = r.lead.ns(b.at) + media.Ticks(p.shift)
	}
	for i, t := range r.members {
		t.cut.open(b, j.at(i))
	}
	r.nextCut = media.NextBorder(b.at, r.lead.scale, p.segmentDuration())
	p.run = r
	p.segment++
	p.stats.Segments++
	return nil
}

func trackNamed(tracks []*track, name string) *track {
	for _, t := range tracks {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// entering tells whether the run has to wait for its lead to come to where it goes on. The error says that a track does not come.
func (p *Packager) entering(r *run) (wait bool, err error) {
	if p.join == nil {
		return false, nil
	}
	missing := 0
	for _, t := range r.members {
		if t.awaited == nil {
			continue
		}
		if missing++; p.lost(t) {
			return false, fmt.Errorf("track %s does not come to where row %d begins: %w", t.Name, p.join.row(), ErrJoin)
		}
	}
	if missing == 0 {
		p.join = nil
	}
	return r.lead.awaited != nil, nil
}

// unjoined is an error as long as the run that was to be joined lacks a track.
func (p *Packager) unjoined() error {
	if p.join == nil || p.run == nil {
		return nil
	}
	if _, err := p.entering(p.run); err != nil || p.join == nil {
		return err
	}
	return fmt.Errorf("the feed ends before row %d begins: %w", p.join.row(), ErrJoin)
}
