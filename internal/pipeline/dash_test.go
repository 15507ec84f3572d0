package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// presentation holds an MPD against the playlists of the same state, the media, and the states before.
func (v *viewer) presentation(d mpd, raw string, lists map[string]playlist, dvr time.Duration) {
	v.t.Helper()
	v.head(d, raw, dvr)
	v.update(d)
	listed := map[string]bool{}
	for i, p := range d.Periods {
		last := i == len(d.Periods)-1
		if last == p.Duration.there || !p.Start.there {
			v.t.Fatalf("rules 24, 29: Period %s of %d has duration: %v, start: %v", p.ID, len(d.Periods), p.Duration.there, p.Start.there)
		}
		if !last && p.Start.Duration+p.Duration.Duration > d.Periods[i+1].Start.Duration {
			v.t.Fatalf("rule 26: Period %s ends at %v, the next starts at %v", p.ID, p.Start.Duration+p.Duration.Duration, d.Periods[i+1].Start.Duration)
		}
		if !last && p.Duration.Duration <= 0 {
			v.t.Fatalf("rule 26: Period %s lasts %v", p.ID, p.Duration.Duration)
		}
		v.keep("start of "+p.ID, p.Start)
		if !last {
			v.keep("duration of "+p.ID, p.Duration)
		}
		for _, s := range p.Sets {
			if of := s.trick(); of != "" {
				v.trick(p, s, of)
				continue
			}
			v.set(d, p, s, lists, listed)
		}
	}
	for _, track := range slices.Sorted(maps.Keys(lists)) { // both formats list the same
		for _, e := range lists[track].entries {
			if listed[path(track, e)] == e.gap {
				v.t.Fatalf("rule 26: %s %d is a gap in HLS: %v; in the MPD: %v", track, e.number, e.gap, listed[path(track, e)])
			}
		}
	}
}

// head checks what stands on top of an MPD (rules 24, 25, 27, 28).
func (v *viewer) head(d mpd, raw string, dvr time.Duration) {
	v.t.Helper()
	v.keep("availabilityStartTime", d.Available)
	if _, err := time.Parse(time.RFC3339, d.Available); err != nil || d.Type != "dynamic" || len(d.Clocks) == 0 || !d.Update.there {
		v.t.Fatalf("rules 24, 25: type %s, availabilityStartTime %s: %v, %d clocks, update %v", d.Type, d.Available, err, len(d.Clocks), d.Update)
	}
	v.rises(d, raw, v.mpd.Published, v.mpdRaw)
	v.lowLatency(d, false)
	if d.Depth.Duration != dvr {
		v.t.Fatalf("rule 27: timeShiftBufferDepth %v, DVR %v", d.Depth, dvr)
	}
	target := time.Duration(v.target) * time.Second
	if !d.Delay.there || d.Delay.Duration < target || d.Delay.Duration > max(dvr-target, target) {
		v.t.Fatalf("rule 28: suggestedPresentationDelay %v in %v, target %v", d.Delay, dvr, target)
	}
	if d.MinBuffer.Duration <= 0 || d.MinBuffer.Duration > d.Delay.Duration {
		v.t.Fatalf("rule 28: minBufferTime %v, suggestedPresentationDelay %v", d.MinBuffer, d.Delay)
	}
}

// update compares the Periods with those of the state before (rules 24 and 26).
func (v *viewer) update(is mpd) {
	v.t.Helper()
	was := v.mpd.Periods
	for len(was) > 0 && was[0].ID != is.Periods[0].ID {
		was = was[1:]
	}
	if len(v.mpd.Periods) > 0 && len(was) == 0 {
		v.t.Fatalf("rule 26: no Period is left of those before")
	}
	for i, p := range was {
		if i >= len(is.Periods) || is.Periods[i].ID != p.ID {
			v.t.Fatalf("rule 24: Period %s has gone or moved", p.ID)
		}
		if i == len(was)-1 {
			break
		}
		for _, s := range is.Periods[i].Sets { // new segments only in the last
			for _, at := range s.spans() {
				if _, known := v.dash[spanKey(s, at)]; !known {
					v.t.Fatalf("rule 26: segment %d of %s is new in Period %s", at.number, s.Representation.ID, p.ID)
				}
			}
		}
	}
}

func spanKey(s adaptationSet, at span) string {
	return fmt.Sprintf("segment %d of %s", at.number, s.Representation.ID)
}

// set checks an AdaptationSet: its constant parts, its timeline, and what the fragments say (rules 5, 6, 24, 26 to 28, 31).
func (v *viewer) set(d mpd, p period, s adaptationSet, lists map[string]playlist, listed map[string]bool) {
	v.t.Helper()
	name, in := s.Representation.ID, s.Template
	if s.ID == "" || name == "" || in.Timescale <= 0 || s.Representation.Bandwidth <= 0 {
		v.t.Fatalf("rule 24: AdaptationSet %q of %q in %s: timescale %d, bandwidth %d", s.ID, name, p.ID, in.Timescale, s.Representation.Bandwidth)
	}
	v.keep("id of the set of "+name, s.ID)
	v.keep(fmt.Sprintf("set %s of %s", s.ID, p.ID), fmt.Sprint(in.Timescale, in.Offset, in.Init, in.Media, s.Representation.Codecs))
	scale := v.header(s.expand(in.Init))
	tick, zero := time.Second/time.Duration(in.Timescale)+1, facts{scale: in.Timescale}
	shift := p.Start.Duration - zero.lasts(in.Offset) // the same for all sets, but for whole ticks
	if was, known := v.shifts[p.ID]; known && (was-shift).Abs() > time.Millisecond {
		v.t.Fatalf("rule 24: sets of %s are shifted by %v and %v", p.ID, was, shift)
	}
	v.shifts[p.ID] = shift
	need, given := int64(0), d.MinBuffer.Duration
	var before span
	for i, at := range s.spans() {
		if i > 0 && at.start != before.end {
			v.t.Fatalf("rule 26: %s %d begins at %d, the one before ends at %d", name, at.number, at.start, before.end)
		}
		before = at
		v.keep(spanKey(s, at), fmt.Sprint(p.ID, at))
		v.keep("start of "+spanKey(s, at), at.start)
		if at.number >= 1<<53 || at.start < 0 || at.end >= 1<<53 || at.end <= at.start {
			v.t.Fatalf("rule 31: %s: %+v", name, at)
		}
		if listed[s.url(at.number)] {
			v.t.Fatalf("rule 26: %s %d is in two Periods", name, at.number)
		}
		listed[s.url(at.number)] = true
		f := v.segment(s.url(at.number), scale)
		if lasts := zero.lasts(at.end - at.start); lasts > d.LongestMedia.Duration {
			v.t.Fatalf("%s %d lasts %v, maxSegmentDuration is %v", name, at.number, lasts, d.LongestMedia)
		}
		if off := zero.lasts(at.start) - f.lasts(f.first); off > max(f.unsure(), v.soon(name, at.number))+nudge || -off > f.unsure()+nudge {
			v.t.Fatalf("rule 26: %s %d begins %v from its first frame", name, at.number, off)
		}
		if s.SAP == 1 && !f.sync {
			v.t.Fatalf("rule 6: Period %s claims that %s %d begins with a sync sample", p.ID, name, at.number)
		}
		// Rule 28: at the rate that is promised everything comes in time, once minBufferTime is filled. What lasts less than half
		// a target duration makes no peak (rfc8216bis, 4.1).
		given += zero.lasts(at.end - at.start)
		need += int64(len(f.data)) * 8
		enough := given-d.MinBuffer.Duration >= time.Duration(v.target)*time.Second/2
		if enough && float64(need) > float64(s.Representation.Bandwidth)*given.Seconds() {
			v.t.Fatalf("rule 28: %s needs %d bits up to %d, bandwidth %d gives %v", name, need, at.number, s.Representation.Bandwidth, given)
		}
		hls := lists[name]
		if at.number < hls.sequence || at.number >= hls.end() {
			v.t.Fatalf("rule 26: the MPD lists %s %d, HLS %d to %d", name, at.number, hls.sequence, hls.end()-1)
		}
		e := hls.entries[at.number-hls.sequence]
		if lie := zero.lasts(at.start) + shift - time.Duration(e.date)*time.Microsecond; lie.Abs() > 200*time.Millisecond {
			v.t.Fatalf("rule 4: %s %d is %v later in the MPD than when it arrived", name, at.number, lie)
		}
		if off := time.Duration(e.micros)*time.Microsecond - zero.lasts(at.end-at.start); off.Abs() > time.Millisecond+tick {
			v.t.Fatalf("rule 5: %s %d lasts %d µs in HLS, off by %v", name, at.number, e.micros, off)
		}
	}
}

// trick checks a set of key frames: it has no more segments than the set that they are of, with the same times.
func (v *viewer) trick(p period, s adaptationSet, of string) {
	v.t.Helper()
	for _, main := range p.Sets {
		if main.ID != of || main.trick() != "" {
			continue
		}
		there := map[span]bool{}
		for _, at := range main.spans() {
			there[at] = true
		}
		for _, at := range s.spans() {
			v.keep(spanKey(s, at), fmt.Sprint(p.ID, at))
			if !there[at] {
				v.t.Fatalf("rule 24: segment %+v of the key frames is none of set %s", at, of)
			}
		}
		return
	}
	v.t.Fatalf("rule 24: set %s has the key frames of %s, which Period %s has not", s.ID, of, p.ID)
}

// keep fails where something that may not change has done so.
func (v *viewer) keep(what string, value any) {
	v.t.Helper()
	is := fmt.Sprint(value)
	if was, known := v.dash[what]; known && was != is {
		v.t.Fatalf("rules 2, 24: %s was %s, is %s", what, was, is)
	}
	v.dash[what] = is
}
