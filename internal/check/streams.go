package check

import (
	"context"
	"math/big"
	"strings"
	"time"

	"weir/internal/check/mpd"
)

// stream is a Representation in a Period.
type stream struct {
	key, kind string // kind is video, audio or ""
	at        place
	rep       mpd.Representation
	codecs    string
	mime      string
	sap       string
	trick     bool
	low       bool // it is told to be available before it is complete
	template  *mpd.Template
	base      string
	timescale uint64
	offset    uint64    // presentationTimeOffset
	zero      time.Time // of the Period, on the wall clock; zero for a static MPD
	known     map[uint64]mpd.Entry
	ahead     map[uint64]bool // it was open when it was last listed: its duration was a guess
	highest   uint64          // number; counts where known is not empty
	chosen    map[uint64]bool
	opened    int  // open segments that were tried
	opening   bool // one is being fetched

	header  *header // under dash.mu, as all below
	asked   bool    // the header was asked for
	fetched map[uint64]fetchedEntry
}

// fetchedEntry is a segment that was fetched.
type fetchedEntry struct {
	entry mpd.Entry
	facts facts
}

// ends is when an entry is complete on the service's clock.
func (x *stream) ends(e mpd.Entry) time.Time { return x.wall(e.Time + e.Duration) }

// wall is when a media time is on the service's clock.
func (x *stream) wall(ticks uint64) time.Time {
	return x.zero.Add(inTicks(int64(ticks-x.offset), x.timescale))
}

// inTicks is a number of ticks as a duration, exactly as far as nanoseconds go.
func inTicks(n int64, timescale uint64) time.Duration {
	v := new(big.Int).Mul(big.NewInt(n), big.NewInt(int64(time.Second)))
	v.Quo(v, new(big.Int).SetUint64(max(timescale, 1)))
	if !v.IsInt64() {
		return 1<<63 - 1
	}
	return time.Duration(v.Int64())
}

// periods looks at all Periods of an MPD (rules 24, 26, 27, 30) and has new media fetched.
func (d *dash) periods(ctx context.Context, m *mpd.MPD, a *answer, previous *mpd.MPD, wasLast string) {
	ast, ok := mpd.Time(m.Start)
	at := place{url: a.url}
	if m.Dynamic() {
		d.expect(ok, ruleStable, at, "availabilityStartTime is missing")
	}
	at0, ids := time.Duration(0), map[string]bool{}
	base := under(a.url, m.BaseURL)
	for i := range m.Periods {
		p := &m.Periods[i]
		if m.Dynamic() {
			d.expect(p.ID != "" && !ids[p.ID], ruleStable, at, "Period %d has no id of its own", i+1)
		}
		ids[p.ID] = true
		start, told := mpd.Duration(p.Start)
		if told && i > 0 {
			d.expect(start >= at0, ruleTimeline, at, "the Period %q starts at %s, before the end of the one before it", p.ID, p.Start)
		} else if !told {
			start = at0
		}
		end := time.Duration(1<<63 - 1)
		if length, ok := mpd.Duration(p.Duration); ok {
			end = start + length
		} else if i+1 < len(m.Periods) {
			if next, ok := mpd.Duration(m.Periods[i+1].Start); ok {
				end = next
			}
		} else if total, ok := mpd.Duration(m.Total); ok {
			end = total
		}
		if at0 = end; end == 1<<63-1 {
			at0 = start
		}
		zero := time.Time{}
		if m.Dynamic() {
			zero = ast.Add(start)
		}
		grows := previous == nil || i == len(m.Periods)-1 || p.ID == wasLast || !has(previous, p.ID)
		d.sets(ctx, m, p, a, under(base, p.BaseURL), zero, end-start, grows)
	}
	d.lowLatency(m, at)
}

func has(m *mpd.MPD, id string) bool {
	for i := range m.Periods {
		if m.Periods[i].ID == id {
			return true
		}
	}
	return false
}

// under is the base URL of a level.
func under(base string, more []string) string {
	if len(more) == 0 {
		return base
	}
	return resolve(base, strings.TrimSpace(more[0]))
}

// sets looks at the AdaptationSets of a Period. length is how long it is; grows tells that it may have got new segments.
func (d *dash) sets(ctx context.Context, m *mpd.MPD, p *mpd.Period, a *answer, base string, zero time.Time, length time.Duration, grows bool) {
	at, ids := place{url: a.url}, map[string]bool{}
	for i := range p.Sets {
		set := &p.Sets[i]
		d.expect(set.ID != "" && !ids[set.ID], ruleStable, at, "an AdaptationSet of the Period %q has no id of its own", p.ID)
		ids[set.ID] = true
		for k := range set.Streams {
			rep := set.Streams[k]
			x := d.stream(p, set, &rep, at)
			if x == nil {
				continue
			}
			x.base = under(under(base, set.BaseURL), rep.BaseURL)
			x.template = mpd.Merge(rep.Template, set.Template, p.Template)
			x.zero = zero
			if x.template == nil || x.template.Media == nil {
				d.note(ruleTimeline, "only SegmentTemplate is followed: SegmentList and SegmentBase were not checked")
				continue
			}
			x.timescale, x.offset = mpd.Number(x.template.Timescale, 1), mpd.Number(x.template.Offset, 0)
			x.low = mpd.Seconds(x.template.Available) > 0 && x.template.Complete != nil && *x.template.Complete == "false"
			d.listing(ctx, m, x, length, grows)
		}
	}
}

// stream is what is kept of a Representation; nil where there are too many.
func (d *dash) stream(p *mpd.Period, set *mpd.Set, rep *mpd.Representation, at place) *stream {
	key := p.ID + "/" + set.ID + "/" + rep.ID
	d.mu.Lock()
	defer d.mu.Unlock()
	x := d.streams[key]
	if x == nil {
		if len(d.streams) >= maxStreams {
			return nil
		}
		x = &stream{key: key, known: map[uint64]mpd.Entry{}, ahead: map[uint64]bool{}, chosen: map[uint64]bool{}, fetched: map[uint64]fetchedEntry{}}
		d.streams[key] = x
	}
	first := func(values ...string) string {
		for _, v := range values {
			if v != "" {
				return v
			}
		}
		return ""
	}
	x.rep, x.at = *rep, at
	x.rep.Bandwidth = mpd.Number(&rep.Rate, 0)
	x.codecs, x.mime, x.sap = first(rep.Codecs, set.Codecs), first(rep.Mime, set.Mime), first(rep.SAP, set.SAP)
	x.kind, _, _ = strings.Cut(first(x.mime, set.Type), "/")
	x.trick = set.TrickMode()
	return x
}
