package pipeline

import (
	"maps"
	"slices"
	"time"
)

// nudge is by how much frames may be decoded later than they should be where a source's clock does not rise (2 ms), and what milliseconds
// round off.
const nudge = 3 * time.Millisecond

// rounding is what decimals of EXTINF may cost a playlist.
const rounding = 10 * time.Millisecond

// playlists holds all media playlists of a state against each other, the media, and the states before.
func (v *viewer) playlists(lists map[string]playlist) {
	v.t.Helper()
	tracks := slices.Sorted(maps.Keys(lists))
	v.succeed(lists[tracks[0]])
	for _, track := range tracks {
		p := lists[track]
		v.alike(tracks[0], lists[tracks[0]], track, p)
		v.playlist(track, p)
		least := time.Duration(3*p.target)*time.Second - rounding
		if p.sequence > v.first && (p.total() < least || len(p.entries) < 6) {
			v.t.Fatalf("rules 2, 7: %d segments of %s, %v, are left, the target duration is %d s", len(p.entries), track, p.total(), p.target)
		}
	}
	v.dates(lists)
}

// succeed compares the numbers of a state with those of the state before (rules 1 to 3).
func (v *viewer) succeed(is playlist) {
	v.t.Helper()
	if is.end() >= 1<<53 || is.discontinuities >= 1<<53 {
		v.t.Fatalf("rule 31: sequence numbers %d and %d", is.sequence, is.discontinuities)
	}
	if len(v.lists) == 0 { // nothing was listed before
		if is.sequence < v.newest {
			v.t.Fatalf("rule 2: media sequence %d, %d was listed before", is.sequence, v.newest-1)
		}
		v.target, v.first = is.target, is.sequence
	}
	if is.target != v.target {
		v.t.Fatalf("rule 1: target duration %d after %d", is.target, v.target)
	}
	for _, was := range v.lists { // all have the same numbers
		switch {
		case is.sequence < was.sequence || is.end() < was.end():
			v.t.Fatalf("rule 2: %d to %d is listed after %d to %d", is.sequence, is.end()-1, was.sequence, was.end()-1)
		case is.sequence > was.end():
			v.t.Fatalf("rule 2: %d is listed after %d", is.sequence, was.end()-1)
		}
	}
	// What left is counted, also where a whole listing did.
	for _, e := range is.entries {
		was, known := v.ending[e.number]
		if known && was != e.discontinuity {
			v.t.Fatalf("rule 3: segment %d has discontinuity sequence number %d after %d", e.number, e.discontinuity, was)
		}
		before, follows := v.ending[e.number-1]
		if follows && e.discontinuity != before && (!e.tagged || e.discontinuity != before+1) {
			v.t.Fatalf("rule 3: segment %d has discontinuity sequence number %d after %d, tag: %v", e.number, e.discontinuity, before, e.tagged)
		}
		if follows && e.tagged && e.discontinuity == before {
			v.t.Fatalf("rule 3: segment %d has a tag that does not count", e.number)
		}
		v.ending[e.number] = e.discontinuity
	}
}

// alike compares two renditions of a state (rules 3 and 7).
func (v *viewer) alike(a string, one playlist, b string, two playlist) {
	v.t.Helper()
	if one.target != two.target || one.sequence != two.sequence || one.discontinuities != two.discontinuities ||
		len(one.entries) != len(two.entries) {
		v.t.Fatalf("rules 3, 7: %s and %s differ: %d s, %d+%d, %d and %d s, %d+%d, %d", a, b, one.target, one.sequence,
			len(one.entries), one.discontinuities, two.target, two.sequence, len(two.entries), two.discontinuities)
	}
	for i, e := range one.entries {
		if f := two.entries[i]; e.tagged != f.tagged || e.discontinuity != f.discontinuity {
			v.t.Fatalf("rule 3: segment %d: %s has discontinuity %d %v, %s %d %v", e.number, a, e.discontinuity, e.tagged,
				b, f.discontinuity, f.tagged)
		}
	}
}

// playlist holds one playlist against what was told before and the media (rules 1, 2, 4, 5, 6).
func (v *viewer) playlist(track string, p playlist) {
	v.t.Helper()
	told := v.told[track]
	if told == nil {
		told = map[uint64]entry{}
		v.told[track] = told
	}
	independent := true
	var run []facts // media of the run so far
	var sum int64   // of their EXTINF in µs
	ended := false  // the run's media has ended
	for i, e := range p.entries {
		if int((e.micros+500_000)/1_000_000) > p.target || e.micros < 0 {
			v.t.Fatalf("rule 1: %s %d lasts %d µs, target %d s", track, e.number, e.micros, p.target)
		}
		if e.gap {
			e.init = "" // none is needed, though one may be in force
		}
		if was, known := told[e.number]; known && was != e {
			v.t.Fatalf("rule 2: %s %d was\n%+v, is\n%+v", track, e.number, was, e)
		}
		told[e.number] = e
		if (i == 0 || e.tagged) && e.date == 0 {
			v.t.Fatalf("rule 4: %s %d has no date", track, e.number)
		}
		if i > 0 {
			before := p.entries[i-1]
			if overlap := before.date + before.micros - e.date; e.date != 0 && before.date != 0 && overlap >= 1_000_000 {
				v.t.Fatalf("rule 4: %s %d overlaps the one before by %d µs", track, e.number, overlap)
			}
		}
		if i == 0 || e.tagged {
			run, sum, ended = nil, 0, false
		}
		if e.gap {
			ended = ended || len(run) > 0
			continue
		}
		if ended {
			v.t.Fatalf("rule 5: %s %d has media behind a gap in one run", track, e.number)
		}
		f := v.segment(path(track, e), v.header(track+"/"+e.init))
		independent = independent && f.sync
		v.continues(track, e, run, sum, f)
		run, sum = append(run, f), sum+e.micros
		if i+1 < len(p.entries) && p.entries[i+1].tagged {
			v.adds(track, e, run, sum)
		}
	}
	if p.independent != independent {
		v.t.Fatalf("rule 6: %s claims independent segments: %v, has them: %v", track, p.independent, independent)
	}
}

// continues compares a segment with those before it in its run (rule 5): tfdt goes on, and EXTINF adds up to where it begins.
func (v *viewer) continues(track string, e entry, run []facts, sum int64, f facts) {
	v.t.Helper()
	if len(run) == 0 {
		return
	}
	before := run[len(run)-1]
	if f.start != before.end {
		v.t.Fatalf("rule 5: %s %d has tfdt %d, the one before ended at %d", track, e.number, f.start, before.end)
	}
	off := time.Duration(sum)*time.Microsecond - f.lasts(f.first-run[0].first)
	soon := v.soon(track, e.number-uint64(len(run))) // the run's first frame
	if off.Abs() > max(run[0].unsure(), before.frame(), f.unsure(), soon)+nudge {
		v.t.Fatalf("rule 5: EXTINF of %s up to %d adds up to %d µs, off by %v", track, e.number, sum, off)
	}
}

// adds compares EXTINF of a run with where the track's last segment ends. A track that ends earlier than the run has gaps from the next row on,
// and its last segment is listed up to there.
func (v *viewer) adds(track string, e entry, run []facts, sum int64) {
	v.t.Helper()
	var frame time.Duration // of a feed that ends the last may be a guess
	for _, f := range run {
		frame = max(frame, f.frame())
	}
	f := run[len(run)-1]
	off := time.Duration(sum)*time.Microsecond - f.lasts(f.last-run[0].first)
	// Frames that are decoded later may be shown before the last of these: up to two at the depth of these feeds.
	soon := v.soon(track, e.number+1-uint64(len(run))) // the run's first frame
	if off.Abs() > max(3*frame, soon)+nudge {
		v.t.Fatalf("rule 5: EXTINF of %s up to and with %d adds up to %d µs, off by %v", track, e.number, sum, off)
	}
}

// dates compares what dates renditions give to one instant (rule 4).
func (v *viewer) dates(lists map[string]playlist) {
	v.t.Helper()
	type stand struct {
		track string
		zero  time.Duration // date of the timeline's zero
		frame time.Duration
	}
	at := map[uint64]stand{}
	for _, track := range slices.Sorted(maps.Keys(lists)) {
		for _, e := range lists[track].entries {
			f, ok := v.media[path(track, e)]
			if e.gap || e.date == 0 || !ok {
				continue
			}
			is := stand{track, time.Duration(e.date)*time.Microsecond - f.lasts(f.first), max(f.unsure(), v.soon(track, e.number))}
			was, known := at[e.number]
			if off := (is.zero - was.zero).Abs(); known && off > max(is.frame, was.frame)+nudge {
				v.t.Fatalf("rule 4: dates of %s and %s at segment %d differ by %v", is.track, was.track, e.number, off)
			}
			at[e.number] = is
		}
	}
}
