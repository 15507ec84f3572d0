package packager

import (
	"strings"
	"time"
	"unicode/utf8"

	"weir/internal/media"
)

// Bounds on events.
const (
	maxEventData   = 64 << 10 // bytes
	maxEventName   = 255      // bytes of a scheme, or of its value
	maxEarlyEvents = 64       // events that wait for the feed's clock
	// An event may take effect so long after the newest sample, and so long before it.
	maxEventAhead  = 2 * time.Hour
	maxEventBehind = 10 * time.Minute
)

// agenda is what the feed's events have come to, and what is still to be done about them.
type agenda struct {
	early   []media.Event  // came before the feed's clock was known
	heard   []heard        // splices of late, oldest first
	cuts    []spliceCut    // where rows are to begin, rising
	signals []*liveSignal  // that manifests tell of, oldest first
	waiting []*liveSignal  // that the output is to be told of
	schemes []scheme       // of messages that the media carries
	recent  []media.Signal // that the output was told of, oldest first, without messages
}

// reanchor forgets what depends on the feed's clock.
func (g *agenda) reanchor() { g.heard, g.cuts = nil, nil }

// postpone moves what is to come on the timeline, by nanoseconds.
func (g *agenda) postpone(by media.Ticks) {
	for i := range g.cuts {
		g.cuts[i].at += by
	}
	for i := range g.heard {
		g.heard[i].at += by
	}
}

// Event takes an event in its place among the samples. One that cannot be used is dropped and counted. What it says is on the output's
// way at once where a run is open, else with the next one. The error is the output's.
func (p *Packager) Event(e media.Event, _ time.Time) error {
	if p.err != nil {
		return p.err
	}
	p.stats.Events++
	c := trackClock{source: e.Clock}
	switch {
	case e.Clock.Timescale == 0, !c.within(e.PTS), e.Clock.Wrap < 0, len(e.Data) > maxEventData, !isName(e.Scheme), e.Scheme == "", !isName(e.Value):
		p.stats.DroppedEvents++
		return nil
	case !p.feed.anchored, len(p.tracks) == 0:
		if len(p.agenda.early) == maxEarlyEvents {
			p.agenda.early = p.agenda.early[1:]
			p.stats.DroppedEvents++
		}
		p.agenda.early = append(p.agenda.early, e)
		return nil
	}
	p.happen(&e)
	return p.fail(p.tellSignals(0))
}

// isName keeps to what can stand in an XML attribute and in a string that ends with a zero.
func isName(s string) bool {
	return len(s) <= maxEventName && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffe || r == 0xffff })
}

// catchUp takes the events that came before the feed's clock was known.
func (p *Packager) catchUp() error {
	early := p.agenda.early
	p.agenda.early = nil
	for i := range early {
		p.happen(&early[i])
	}
	return p.tellSignals(0)
}

// happen puts an event on the timeline.
func (p *Packager) happen(e *media.Event) {
	at, ok := p.instant(e.PTS, e.Clock)
	if !ok {
		p.stats.DroppedEvents++
		return
	}
	for _, s := range e.Splices {
		p.splice(s, e.Data, at)
	}
	p.carry(e, at)
}

// instant is a point of the feed's clock on the timeline, in nanoseconds: where a frame of the leading pictures with that time is presented. It is
// false for one that is far from everything the feed has sent.
func (p *Packager) instant(pts media.Ticks, clock media.Clock) (media.Ticks, bool) {
	c := trackClock{source: clock}
	expected := p.feed.sourceTime(clock.Timescale)
	source := c.unroll(pts, expected)
	ahead := source - expected
	if ahead > c.span(maxEventAhead) || ahead < -c.span(maxEventBehind) {
		return 0, false
	}
	t := p.pictures()
	return t.ns(media.Rescale(source, clock.Timescale, t.scale) + t.offset), true
}

// pictures is the track by which events are dated: the first with pictures, else the first of all. The feed has begun, so there is one.
func (p *Packager) pictures() *track {
	for _, t := range p.tracks {
		if t.Kind == media.Video {
			return t
		}
	}
	return p.tracks[0]
}

// SourceTime is what the feed's clock shows when the wall clock shows at, in 90 kHz and without wraps; false where no feed has sent anything.
func (p *Packager) SourceTime(at time.Time) (media.Ticks, bool) {
	if !p.feed.anchored || len(p.tracks) == 0 {
		return 0, false
	}
	ahead := at.Add(-p.wall.applied).Sub(time.Unix(0, int64(p.feed.at)))
	return media.Rescale(p.feed.source, p.feed.scale, videoTimescale) + media.FromDuration(ahead, videoTimescale), true
}
