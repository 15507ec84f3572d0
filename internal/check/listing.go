package check

import (
	"context"
	"strings"
	"time"

	"weir/internal/check/mpd"
)

// listing looks at the segments that an MPD lists of a Representation (rules 26 and 27), and has new ones fetched.
func (d *dash) listing(ctx context.Context, m *mpd.MPD, x *stream, length time.Duration, grows bool) {
	entries := d.entries(m, x, length)
	if len(entries) == 0 {
		return
	}
	if x.template.Timeline != nil {
		d.timeline(x, entries, grows)
		d.expired(m, x, entries)
	}
	d.choose(m, x, entries, grows)
	if m.Dynamic() && x.low && grows && !x.trick {
		d.openSegment(ctx, x, entries)
	}
}

// entries are the segments that can be fetched.
func (d *dash) entries(m *mpd.MPD, x *stream, length time.Duration) []mpd.Entry {
	if x.template.Timeline != nil {
		end := x.offset
		if length < 1<<62 {
			end += uint64(length.Seconds() * float64(x.timescale))
		} else if !x.zero.IsZero() {
			end += uint64(max(d.clock().Sub(x.zero), 0).Seconds() * float64(x.timescale))
		}
		list, err := x.template.Expand(end)
		if err != nil {
			d.fail(ruleTimeline, x.at, "%s: %v", x.key, err)
		}
		if !strings.Contains(*x.template.Media, "$Number") { // times are the names of segments, and numbers say nothing
			for i := range list {
				list[i].Number = list[i].Time
			}
		}
		return list
	}
	ticks := mpd.Number(x.template.Duration, 0)
	if ticks == 0 || ticks > 1<<40 {
		return nil
	}
	each := inTicks(int64(ticks), x.timescale)
	if each <= 0 {
		return nil
	}
	from, to := int64(0), int64(length/each)
	if m.Dynamic() {
		since := d.clock().Sub(x.zero)
		to = min(to, int64(since/each)) // those that are complete
		if depth, ok := mpd.Duration(m.TimeShift); ok {
			from = max(0, int64((since-depth)/each)+1)
		}
	}
	var list []mpd.Entry
	first := mpd.Number(x.template.StartNumber, 1)
	for k := max(from, to-5000); k < to; k++ {
		list = append(list, mpd.Entry{Number: first + uint64(k), Time: x.offset + uint64(k)*ticks, Duration: ticks})
	}
	return list
}

// timeline checks that a timeline has no gaps and goes on from the one before it (rule 26).
func (d *dash) timeline(x *stream, entries []mpd.Entry, grows bool) {
	for _, e := range entries {
		if e.Gap != 0 {
			what := "gap"
			if e.Gap < 0 {
				what = "overlap"
			}
			d.fail(ruleTimeline, x.at, "%s: a %s of %v before segment %d at t=%d", x.key, what, inTicks(e.Gap, x.timescale).Abs(), e.Number, e.Time)
			continue
		}
		was, known := x.known[e.Number]
		was.Gap = e.Gap
		switch {
		case known && was != e && x.ahead[e.Number]:
			d.warn(ruleTimeline, x.at, "%s: segment %d, which was told of while it was being made, was at t=%d d=%d, it is now at t=%d d=%d",
				x.key, e.Number, was.Time, was.Duration, e.Time, e.Duration)
		case known:
			d.expect(was.Time == e.Time && was.Duration == e.Duration, ruleTimeline, x.at, "%s: segment %d was at t=%d d=%d, it is now at t=%d d=%d",
				x.key, e.Number, was.Time, was.Duration, e.Time, e.Duration)
		case len(x.known) > 0 && e.Number <= x.highest:
			d.fail(ruleTimeline, x.at, "%s: segment %d was not listed before, %d was", x.key, e.Number, x.highest)
		default:
			d.expect(grows || len(x.known) == 0, ruleTimeline, x.at, "%s: segment %d is new, in a Period that is not the last", x.key, e.Number)
		}
	}
	if last := entries[len(entries)-1].Number; len(x.known) > 0 && last < x.highest {
		text := "%s: the last segment was %d, it is now %d"
		if x.ahead[x.highest] {
			d.warn(ruleTimeline, x.at, text+": what was told of ahead never came", x.key, x.highest, last)
		} else {
			d.fail(ruleTimeline, x.at, text, x.key, x.highest, last)
		}
		for n := range x.known {
			if n > last {
				delete(x.known, n)
			}
		}
		x.highest = last
	}
	now := d.clock()
	for i, e := range entries {
		e.Gap = 0
		x.known[e.Number] = e
		x.ahead[e.Number] = x.ends(e).After(now) || x.low && i >= len(entries)-2
		x.highest = max(x.highest, e.Number)
	}
}

// expired checks that what is older than the time shift buffer goes (rule 26).
func (d *dash) expired(m *mpd.MPD, x *stream, entries []mpd.Entry) {
	depth, ok := mpd.Duration(m.TimeShift)
	if !ok || !m.Dynamic() {
		return
	}
	now, oldest, newest := d.clock(), entries[0], entries[len(entries)-1]
	each := inTicks(int64(newest.Duration), x.timescale)
	if now.Sub(x.ends(newest)) > 3*each+d.update+5*time.Second {
		return // off the air: the window does not move
	}
	late := now.Add(-depth).Sub(x.ends(oldest))
	d.expect(late < 3*each+max(d.update, 0)+2*time.Second, ruleTimeline, x.at, "%s: segment %d left the time shift buffer %v ago and is still listed",
		x.key, oldest.Number, late.Round(time.Millisecond))
}

// dashJob is a segment to be fetched.
type dashJob struct {
	x     *stream
	entry mpd.Entry
	url   string
	init  string
	again bool
}

// choose has segments fetched: of a live service the oldest, the newest, and all that come; of a finished one some.
func (d *dash) choose(m *mpd.MPD, x *stream, entries []mpd.Entry, grows bool) {
	first := len(x.chosen) == 0
	step := max(len(entries)/sampled, 1)
	for i, e := range entries {
		skip := i > 0 && i < len(entries)-3
		if !m.Dynamic() {
			skip = i >= 6 && i%step != 0 && i < len(entries)-2
		}
		if x.chosen[e.Number] || first && skip || !first && m.Dynamic() && i < len(entries)-12 {
			continue
		}
		if m.Dynamic() && (x.ends(e).After(d.clock()) || x.low && grows && i == len(entries)-1) {
			continue // open, or told ahead: it is fetched when it is complete
		}
		x.chosen[e.Number] = true
		d.enqueue(x, e, false)
	}
	if m.Dynamic() && !first { // the oldest is fetchable to the end
		d.enqueue(x, entries[0], true)
	}
}

func (d *dash) enqueue(x *stream, e mpd.Entry, again bool) {
	j := dashJob{x: x, entry: e, again: again, url: resolve(x.base, mpd.Fill(*x.template.Media, x.rep.ID, x.rep.Bandwidth, e.Number, e.Time))}
	if x.template.Initialization != nil {
		j.init = resolve(x.base, mpd.Fill(*x.template.Initialization, x.rep.ID, x.rep.Bandwidth, 0, 0))
	}
	select {
	case d.jobs <- j:
	default: // it comes faster than it can be fetched
	}
}
