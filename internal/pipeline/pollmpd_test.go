package pipeline

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/dash"
)

// pollMPD reads the low-latency MPD of the window as it is (rules 24 to 26, 30).
func (v *viewer) pollMPD(w *media.Window) {
	v.t.Helper()
	raw, err := dash.MPD(w, manifest.Links{})
	if err != nil {
		v.t.Fatalf("MPD: %v", err)
	}
	d, err := readMPD(raw)
	if err != nil {
		v.t.Fatalf("MPD: %v in\n%s", err, raw)
	}
	v.rises(d, string(raw), v.polled.published, v.polled.mpd)
	v.polled.published, v.polled.mpd = d.Published, string(raw)
	v.lowLatency(d, w.LowLatency && (w.Target < 2*w.Segment || w.Target == time.Second)) // else GOPs do not fit
	newest := w.Rows.At(w.Rows.Len() - 1).Number
	for i, p := range d.Periods {
		if i > 0 && p.Start.Duration <= d.Periods[i-1].Start.Duration {
			v.t.Fatalf("rule 26: Period %s starts at %v, the one before at %v", p.ID, p.Start, d.Periods[i-1].Start)
		}
		v.keep("start of "+p.ID, p.Start)
		run, _, _ := strings.Cut(p.ID, "-")
		// What a row will be before it has begun is guessed: it may turn out to be of another run, and so of another Period.
		begun := len(w.Open) > 0 && run == fmt.Sprintf("p%d", w.Open[0].Run.ID)
		for _, s := range p.Sets {
			if s.trick() == "" {
				v.timeline(p, s, newest, uint64(len(w.Open)), i == len(d.Periods)-1, begun)
			}
		}
	}
}

// rises checks that publishTime moves when an MPD does (rule 25).
func (v *viewer) rises(d mpd, raw, before, rawBefore string) {
	v.t.Helper()
	published, err := time.Parse(time.RFC3339Nano, d.Published)
	if err != nil {
		v.t.Fatalf("rule 25: publishTime: %v", err)
	}
	was, err := time.Parse(time.RFC3339Nano, before)
	if err != nil {
		return // there was none
	}
	if changed := strings.ReplaceAll(raw, d.Published, "") != strings.ReplaceAll(rawBefore, before, ""); published.Before(was) || changed && !published.After(was) {
		v.t.Fatalf("rule 25: the MPD has changed: %v; publishTime was %v, is %v", changed, was, published)
	}
}

// lowLatency checks what low-latency MPDs have and others have not (rule 30).
func (v *viewer) lowLatency(d mpd, low bool) {
	v.t.Helper()
	if (len(d.Services) > 0) != low {
		v.t.Fatalf("rule 30: low latency: %v, ServiceDescription: %+v", low, d.Services)
	}
	for _, s := range d.Services {
		l := s.Latency
		if l.Min <= 0 || l.Min > l.Target || l.Target > l.Max || s.Rate.Min >= 1 || s.Rate.Max <= 1 {
			v.t.Fatalf("rule 30: ServiceDescription %+v", s)
		}
	}
	for _, p := range d.Periods {
		for _, s := range p.Sets {
			if s.trick() != "" {
				continue
			}
			offset := 0.
			if s.Template.Early != "" {
				var err error
				if offset, err = strconv.ParseFloat(s.Template.Early, 64); err != nil || offset < 0 {
					v.t.Fatalf("rule 30: availabilityTimeOffset %s: %v", s.Template.Early, err)
				}
			}
			if (s.Template.Complete == "false") != (offset > 0) || offset > 0 && (!low || len(s.Reference) == 0) || !low && len(s.Reference) > 0 {
				v.t.Fatalf("rule 30: low latency: %v; availabilityTimeOffset %s, complete %q, %d ProducerReferenceTime", low, s.Template.Early,
					s.Template.Complete, len(s.Reference))
			}
			if offset > 0 {
				v.early++
			}
		}
	}
}

// asTold tells whether a segment turned out to be what was told of it. A tick is the source's rounding: it decides too whether a frame of sound
// within a tick of the border is the last one of a segment, or the first of the next.
func (v *viewer) asTold(s adaptationSet, was, is span) bool {
	apart := func(a, b int64) int64 { return max(a-b, b-a) }
	if off := apart(was.end, is.end); off <= 1 || s.Representation.ID[0] != 'a' || off > s.Template.Timescale/20 {
		return off <= 1
	}
	border := int64(media.NextBorder(media.Ticks(is.start), uint32(s.Template.Timescale), v.win.Snapshot().Segment))
	return apart(was.end, border) <= 1 || apart(is.end, border) <= 1
}

// timeline checks the times of a set: what is of complete rows is as all MPDs list it, the row behind those begins where it is said to if it has
// begun, and nothing else is there but those that are open and one more.
func (v *viewer) timeline(p period, s adaptationSet, newest, open uint64, last, begun bool) {
	v.t.Helper()
	var before span
	for i, at := range s.spans() {
		if i > 0 && at.start != before.end || at.end <= at.start {
			v.t.Fatalf("rule 26: %s %d lasts from %d to %d, the one before ends at %d", s.Representation.ID, at.number, at.start, at.end, before.end)
		}
		before = at
		closed, making := v.win.Segment(s.Representation.ID, at.number)
		switch {
		case at.number <= newest && closed == nil:
			v.t.Fatalf("rule 27: %s %d is listed and cannot be fetched", s.Representation.ID, at.number)
		case at.number <= newest:
			v.keep(spanKey(s, at), fmt.Sprint(p.ID, at))
			if was, ok := v.foretold[spanKey(s, at)]; ok && !v.asTold(s, was, at) {
				v.wrong++
				delete(v.foretold, spanKey(s, at))
			}
		case at.number > newest+open+1 || !last:
			v.t.Fatalf("rule 26: %s %d is listed, the newest row is %d", s.Representation.ID, at.number, newest)
		case begun && at.number == newest+1 && making != nil && len(making.Progress().Chunks) > 0:
			v.keep("start of "+spanKey(s, at), at.start)
			v.foretold[spanKey(s, at)] = at
			v.begun++
		}
	}
}
