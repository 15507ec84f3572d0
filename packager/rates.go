package packager

import (
	"maps"
	"math"
	"time"

	"weir/internal/media"
)

// maxRecent bounds how many very short segments are looked at together.
const maxRecent = 16

// trackRate measures what a track needs. It goes on over runs; what is published only rises.
type trackRate struct {
	published media.Rate
	all       measured // since New
	peak      float64  // bit/s
}

// measured is a stretch of a track.
type measured struct {
	bytes  int64
	lasted time.Duration
}

// bits is the rate of the stretch in bits a second, as if it had lasted least if it was shorter: a key frame alone tells nothing.
func (m measured) bits(least time.Duration) float64 {
	return float64(m.bytes) * 8 / max(m.lasted, least).Seconds()
}

// newRates goes on from what predecessors have published.
func newRates(published map[string]media.Rate) map[string]*trackRate {
	rates := make(map[string]*trackRate, len(published))
	for name, r := range maps.All(published) {
		r.Average = max(r.Average, 0)
		r.Peak = max(r.Peak, r.Average)
		rates[name] = &trackRate{published: r}
	}
	return rates
}

// rate takes a closed segment into account, and is that of the track up to and with it.
func (c *cutter) rate(duration media.Ticks) media.Rate {
	p := c.run.p
	t := p.rates[c.t.Name]
	if t == nil {
		t = new(trackRate)
		p.rates[c.t.Name] = t
	}
	if c.chunks > 0 && duration > 0 {
		c.recent = t.add(measured{c.bytes, duration.Duration(c.t.scale)}, c.recent, p.target)
	}
	return t.published
}

// add measures a segment that follows on recent, the newest ones of its run, and gives back those that the next may be joined with.
// The peak is the largest rate of any successive segments that together last between 0.5 and 1.5 target durations (RFC 8216bis,
// 4.1), so that a very short segment does not make one.
func (t *trackRate) add(m measured, recent []measured, target time.Duration) []measured {
	t.all.bytes += m.bytes
	t.all.lasted += m.lasted
	recent = append(recent, m)
	var sum measured
	for i := len(recent) - 1; i >= 0; i-- {
		sum.bytes += recent[i].bytes
		sum.lasted += recent[i].lasted
		if alone := i == len(recent)-1; sum.lasted > target*3/2 && !alone {
			recent = append(recent[:0], recent[i+1:]...)
			break
		}
		if sum.lasted >= target/2 {
			t.peak = max(t.peak, sum.bits(0))
		}
	}
	if len(recent) > maxRecent {
		recent = append(recent[:0], recent[1:]...)
	}
	average := t.all.bits(target / 2)
	t.published.Average = max(t.published.Average, int(math.Ceil(average)))
	t.published.Peak = max(t.published.Peak, int(math.Ceil(t.peak)), t.published.Average)
	return recent
}

// Meter measures a track that is known whole, as the packager measures one that is on air. The zero value is not usable.
type Meter struct {
	rate   trackRate
	recent []measured
	target time.Duration
}

// NewMeter measures segments of a presentation with that target duration.
func NewMeter(target time.Duration) *Meter { return &Meter{target: target} }

// Add takes the next segment into account; duration is more than 0.
func (m *Meter) Add(bytes int64, duration time.Duration) {
	m.recent = m.rate.add(measured{bytes, duration}, m.recent, m.target)
}

// Gap says that the track has no media for a while: what is before it and behind it makes no peak together.
func (m *Meter) Gap() { m.recent = m.recent[:0] }

// Rate is that of all that was added. Nothing follows, so that even what is shorter than a segment has the average that it has (RFC 8216bis,
// 4.4.6.2).
func (m *Meter) Rate() media.Rate {
	average := 0
	if m.rate.all.lasted > 0 {
		average = int(math.Ceil(m.rate.all.bits(0)))
	}
	return media.Rate{Peak: max(int(math.Ceil(m.rate.peak)), average), Average: average}
}
