package packager

import (
	"fmt"
	"hash/crc32"
	"slices"
	"time"

	"weir/internal/media"
)

const (
	maxSignals       = 256
	maxWaiting       = 64
	maxRecentSignals = 64
	// repeatSignal is how often, on the timeline, the output is told again of what has not ended: an edge that joins late finds it.
	repeatSignal = 30 * time.Second
	// maxOpenBreak is how long a break may be of which nobody says how long it is.
	maxOpenBreak = 24 * time.Hour
)

// liveSignal is a signal of which more may come.
type liveSignal struct {
	media.Signal
	id   uint32      // of the event in its source
	at   media.Ticks // ns: Start
	told media.Ticks // ns: where the row began with which it was told last; 0: it was not
}

// add keeps a signal until it ends.
func (g *agenda) add(c *liveSignal) {
	if len(g.signals) == maxSignals {
		g.signals = slices.Delete(g.signals, 0, 1)
	}
	g.signals = append(g.signals, c)
}

// await lets the output be told of a signal, or of what has changed in it.
func (p *Packager) await(c *liveSignal) {
	g := &p.agenda
	if slices.Contains(g.waiting, c) {
		return
	}
	if len(g.waiting) == maxWaiting {
		g.waiting = slices.Delete(g.waiting, 0, 1)
		p.stats.DroppedEvents++
	}
	g.waiting = append(g.waiting, c)
}

// tellSignals tells the output of what waits, with the row that is open; border is where that ends, in nanoseconds, 0 as long as nobody knows. Without a
// row it goes on waiting. So does what is to come while the wall clock is on the move: its date could not be kept.
func (p *Packager) tellSignals(border media.Ticks) error {
	g := &p.agenda
	if len(g.waiting) == 0 || p.run == nil || !p.run.announced || p.run.lead.awaited != nil {
		return nil
	}
	waiting := g.waiting
	g.waiting = nil
	for _, c := range waiting {
		if c.Canceled && c.told == 0 {
			continue
		}
		if !c.InBand && c.Date.IsZero() && !p.date(c, border) {
			g.waiting = append(g.waiting, c)
			continue
		}
		c.Row = p.run.lead.cut.number
		if !c.InBand {
			g.note(c.Signal)
		}
		if err := p.tellSignal(c); err != nil {
			return err
		}
	}
	return nil
}

// date finds out when a signal is by the wall clock: as the row has it that it is in, or begins. It is false where that cannot be told yet.
func (p *Packager) date(c *liveSignal, border media.Ticks) bool {
	cut := p.run.lead.cut
	switch start := p.run.lead.ns(cut.start); {
	case border > 0 && c.at+half(p.run.lead) >= border && c.at <= border+half(p.run.lead):
		c.Date = p.wall.at(c.at)
	case c.at <= p.run.lead.ns(cut.end) || border > 0 && c.at < border:
		c.Date = cut.place.wall.Add(time.Duration(c.at - start))
	case p.wall.steady():
		c.Date = p.wall.at(c.at)
	default:
		return false
	}
	return true
}

// note keeps a signal among the recent ones.
func (g *agenda) note(s media.Signal) {
	g.recent = slices.DeleteFunc(g.recent, func(r media.Signal) bool { return r.ID == s.ID })
	if len(g.recent) == maxRecentSignals {
		g.recent = slices.Delete(g.recent, 0, 1)
	}
	g.recent = append(g.recent, s)
}

// Recent are the newest signals, oldest first, each as it is known to be now.
func (p *Packager) Recent() []media.Signal { return slices.Clone(p.agenda.recent) }

func (p *Packager) tellSignal(c *liveSignal) error {
	c.told = p.run.lead.ns(p.run.lead.cut.start)
	return p.out.Signal(c.Signal)
}

// repeatSignals tells again of what holds where a row begins, in nanoseconds, and forgets what has ended.
func (p *Packager) repeatSignals(ns media.Ticks) error {
	g := &p.agenda
	now := ns.Time(nanoscale)
	g.signals = slices.DeleteFunc(g.signals, func(c *liveSignal) bool {
		end, known := c.End()
		switch {
		case c.InBand:
			return c.Run != p.run.ID
		case !known:
			end = c.Start.Add(maxOpenBreak)
		case len(c.Out) > 0 && len(c.In) == 0:
			end = end.Add(maxOpenBreak / 24) // its end may be late
		}
		return c.Canceled && c.told > 0 || now.After(end)
	})
	for _, c := range g.signals {
		if c.told == 0 || time.Duration(ns-c.told) < repeatSignal {
			continue
		}
		if err := p.tellSignal(c); err != nil {
			return err
		}
	}
	return nil
}

// announceSchemes lets the output be told which messages the run's media carries.
func (p *Packager) announceSchemes() {
	for _, s := range p.agenda.schemes {
		p.announceScheme(s)
	}
}

// announceScheme tells of a scheme under an ID that follows from it: whoever goes on with the run gives it the same.
func (p *Packager) announceScheme(s scheme) {
	id, sum := p.run.ID, crc32.ChecksumIEEE([]byte(s.id+"\x00"+s.value))
	c := &liveSignal{Signal: media.Signal{ID: fmt.Sprintf("messages-%d-%08x", id, sum), InBand: true, Run: id, Scheme: s.id, Value: s.value}}
	p.agenda.add(c)
	p.await(c)
}
