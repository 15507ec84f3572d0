package check

import (
	"context"
	"net/http"
	"strings"
	"time"

	"weir/internal/check/mpd"
)

const maxOpened = 5 // open segments that are tried of a Representation

// lowLatency is rule 30 on what one MPD says: all signals of low latency or none.
func (d *dash) lowLatency(m *mpd.MPD, at place) {
	if !m.Dynamic() {
		return
	}
	var latency, rate, offset, incomplete, producer bool
	services := m.Service
	for i := range m.Periods {
		services = append(services, m.Periods[i].Service...)
	}
	for _, s := range services {
		latency, rate = latency || len(s.Latency) > 0, rate || len(s.PlaybackRate) > 0
	}
	sets, told := 0, 0
	if len(m.Periods) > 0 { // only the last one is on air
		p := &m.Periods[len(m.Periods)-1]
		for i := range p.Sets {
			set := &p.Sets[i]
			if set.TrickMode() || len(set.Streams) == 0 {
				continue
			}
			for k := range set.Streams {
				t := mpd.Merge(set.Streams[k].Template, set.Template, p.Template)
				if t == nil {
					continue
				}
				offset = offset || mpd.Seconds(t.Available) > 0
				incomplete = incomplete || t.Complete != nil && *t.Complete == "false"
			}
			sets++
			if len(set.Producer) > 0 || len(set.Streams[0].Producer) > 0 {
				told++
			}
		}
	}
	producer = sets > 0 && told == sets
	if !latency && !rate && !offset && !incomplete && told == 0 {
		return
	}
	var missing []string
	for _, x := range []struct {
		there bool
		name  string
	}{
		{latency, "Latency in ServiceDescription"},
		{rate, "PlaybackRate in ServiceDescription"},
		{offset, "availabilityTimeOffset"},
		{incomplete, `availabilityTimeComplete="false"`},
		{producer, "ProducerReferenceTime in each AdaptationSet"},
	} {
		if !x.there {
			missing = append(missing, x.name)
		}
	}
	d.expect(len(missing) == 0, ruleLowLatency, at, "some of what tells of low latency is there, but not %s", strings.Join(missing, ", "))
}

// arrival is how the bytes of an answer came.
type arrival struct {
	first, last time.Time
	pieces      int // at least 20 ms apart
}

// openSegment fetches the segment that is being made: it comes chunk by chunk, over its duration (rule 30).
func (d *dash) openSegment(ctx context.Context, x *stream, entries []mpd.Entry) {
	d.mu.Lock()
	busy := x.opening || x.opened >= maxOpened
	if !busy {
		x.opening = true
		x.opened++
	}
	d.mu.Unlock()
	if busy {
		return
	}
	last := entries[len(entries)-1]
	e, guessed := last, false
	if !x.ends(last).After(d.clock()) { // it is not listed ahead
		e = mpd.Entry{Number: last.Number + 1, Time: last.Time + last.Duration, Duration: last.Duration}
		guessed = x.template.Timeline != nil // a new Period may begin instead
	}
	length := inTicks(int64(e.Duration), x.timescale)
	ahead := min(mpd.Seconds(x.template.Available), length)
	if x.ends(e).Sub(d.clock()) < length*3/5 { // too late in it: the next one
		e = mpd.Entry{Number: e.Number + 1, Time: e.Time + e.Duration, Duration: e.Duration}
		guessed = x.template.Timeline != nil
	}
	url := resolve(x.base, mpd.Fill(*x.template.Media, x.rep.ID, x.rep.Bandwidth, e.Number, e.Time))
	ready := x.ends(e).Add(-ahead)
	at, key := x.at, x.key
	end := x.ends(e)
	d.tasks.Go(func() {
		defer func() {
			d.mu.Lock()
			x.opening = false
			d.mu.Unlock()
		}()
		if !d.wait(ctx, ready.Sub(d.clock())+20*time.Millisecond) || d.over(ctx) {
			return
		}
		came, asked, a, err := d.arriving(ctx, url, length, guessed)
		if err != nil {
			if ctx.Err() == nil {
				d.fail(ruleLowLatency, at, "%s: the open segment %s was not answered: %v", key, url, err)
			}
			return
		}
		remaining := d.reallyEnds(x, a, end).Sub(asked)
		if a.status != http.StatusOK {
			if guessed {
				return
			}
			d.fail(ruleLowLatency, at, "%s: the segment %d is told to be available, but %s is answered with %d", key, e.Number, url, a.status)
			return
		}
		if remaining < length*2/5 {
			return // it says little
		}
		spread := came.last.Sub(came.first)
		d.expect(came.pieces >= 4 || came.pieces >= 2 && spread >= remaining/4, ruleLowLatency, at,
			"%s: the open segment %d came in %d pieces over %v, %v before its end", key, e.Number, came.pieces, spread.Round(time.Millisecond), remaining.Round(time.Millisecond))
	})
}

// arriving fetches an open segment and tells how it came. One that is not listed yet may be asked for a little too early.
func (d *dash) arriving(ctx context.Context, url string, length time.Duration, guessed bool) (came arrival, asked time.Time, a *answer, err error) {
	for range 10 {
		came, asked = arrival{}, d.clock()
		a, err = d.get(ctx, ask{url: url, waits: true, within: 3*length + patience, limit: maxMedia, stream: came.note})
		if err != nil || a.status == http.StatusOK || !guessed || !d.wait(ctx, 50*time.Millisecond) {
			break
		}
	}
	return came, asked, a, err
}

// reallyEnds is when the fetched segment ends: what was listed of an open one is a guess.
func (d *dash) reallyEnds(x *stream, a *answer, listed time.Time) time.Time {
	d.mu.Lock()
	h := x.header
	d.mu.Unlock()
	if h == nil || a.status != http.StatusOK {
		return listed
	}
	f, _, ok := d.inspect(a.body, h, place{url: a.url})
	if !ok || uint64(f.timescale) != x.timescale {
		return listed
	}
	return x.wall(f.end)
}

// note takes the arrival of some bytes.
func (c *arrival) note(at time.Time, _ int) {
	if c.pieces == 0 {
		c.first = at
	}
	if c.pieces == 0 || at.Sub(c.last) > 20*time.Millisecond {
		c.pieces++
	}
	c.last = at
}
