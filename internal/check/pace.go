package check

import (
	"strconv"
	"time"

	"weir/internal/check/playlist"
)

// promptly is how exactly times of arrival are known.
const promptly = 300 * time.Millisecond

// pace looks at how soon new segments and parts come (rules 14 and 16).
func (r *rendition) pace(p *playlist.Playlist, rows []*listed, fresh int, got *answer, waited bool) {
	lacked := r.lastAt // the latest moment at which the news was not there yet, as far as known
	if waited {
		lacked = got.done.Add(-promptly)
	}
	resumed := false // a feed that was away is back
	for _, l := range rows[max(len(rows)-fresh, 0):] {
		resumed = resumed || l.begins
	}
	resumed = resumed || p.OpenMark.Discontinuity
	first := r.last == nil
	if fresh > 0 || first {
		if quiet := lacked.Sub(r.newest) - r.h.within(r.newest, got.done); !first && !resumed && !p.Ended {
			r.h.expect(quiet <= p.Target*3/2, rulePace, r.at(0), "a new segment came at least %v after the last, the target duration is %v",
				quiet.Round(time.Millisecond), p.Target)
		}
		if resumed && !first {
			r.lost(rows)
		}
		r.newest = got.done
	}
	if !lowLatency(p) || r.iframes {
		return
	}
	more := first || fresh > 0 || len(p.Parts) > len(r.last.Parts)
	if !more {
		return
	}
	if !first && !resumed && waited && lowLatency(r.last) {
		quiet := got.done.Sub(r.newPart) - r.h.within(r.newPart, got.done)
		switch limit := max(3*p.PartTarget, time.Second); {
		case quiet > limit:
			r.h.fail(ruleParts, r.at(0), "a new part came %v after the last, the part target is %v", quiet.Round(time.Millisecond), p.PartTarget)
		case quiet > 2*p.PartTarget+promptly/2:
			r.h.warn(ruleParts, r.at(0), "a new part came %v after the last, the part target is %v", quiet.Round(time.Millisecond), p.PartTarget)
		default:
			r.h.ok(ruleParts)
		}
	}
	r.newPart = got.done
}

// lost warns of time that is not listed: it should be, as segments with EXT-X-GAP.
func (r *rendition) lost(rows []*listed) {
	for i := 1; i < len(rows); i++ {
		if a, b := rows[i-1], rows[i]; b.begins && b.told && !a.date.IsZero() {
			if hole := b.date.Sub(a.date.Add(a.duration)); hole > r.last.Target {
				r.h.warn(rulePace, b.at, "%v of media are missing before the discontinuity, and no EXT-X-GAP stands for them", hole.Round(time.Millisecond))
			}
		}
	}
}

// control is rule 15, and what rule 7 wants of hold-backs where there are no parts.
func (r *rendition) control(p *playlist.Playlist) {
	h := r.h
	if p.Control == nil {
		if lowLatency(p) && !p.Ended {
			h.fail(ruleControl, r.at(0), "there are parts, but no EXT-X-SERVER-CONTROL")
		}
		return
	}
	a, at := p.Control.Attributes, r.at(p.Control.Line)
	if back, ok := a.Seconds("HOLD-BACK"); ok || a.Has("HOLD-BACK") {
		h.expect(back >= 3*p.Target, ruleControl, at, "HOLD-BACK is %v, less than three target durations", back)
	}
	until, skips := a.Seconds("CAN-SKIP-UNTIL")
	if a.Has("CAN-SKIP-UNTIL") {
		h.expect(skips && until >= 6*p.Target, ruleControl, at, "CAN-SKIP-UNTIL is %v, less than six target durations", until)
	}
	if a.Yes("CAN-SKIP-DATERANGES") {
		h.expect(skips, ruleControl, at, "CAN-SKIP-DATERANGES is there without CAN-SKIP-UNTIL")
	}
	if !lowLatency(p) || r.iframes || p.Ended {
		return
	}
	h.expect(a.Yes("CAN-BLOCK-RELOAD"), ruleControl, at, "CAN-BLOCK-RELOAD=YES is missing")
	h.expect(skips, ruleControl, at, "CAN-SKIP-UNTIL is missing")
	back, ok := a.Seconds("PART-HOLD-BACK")
	h.expect(ok && back >= 3*p.PartTarget, ruleControl, at, "PART-HOLD-BACK is %v, the part target %v", back, p.PartTarget)
	if len(p.DateRanges) > 0 {
		h.expect(a.Yes("CAN-SKIP-DATERANGES"), ruleControl, at, "there are date ranges, but no CAN-SKIP-DATERANGES")
	}
}

// cached is rule 22 for playlists.
func (r *rendition) cached(p *playlist.Playlist, got *answer, waited bool) {
	if p.Ended {
		return
	}
	age, ok, forbidden := cacheControl(got)
	at, field := place{url: got.url}, got.header.Get("Cache-Control")
	switch {
	case !waited && age > p.Target:
		r.h.fail(ruleCache, at, "a playlist that is not blocked may be kept for %v: players would see it late", age)
	case waited && age > 24*p.Target:
		r.h.fail(ruleCache, at, "a blocking answer may be kept for %v", age)
	case waited && (!ok || forbidden || age < p.Target):
		r.h.warn(ruleCache, at, "Cache-Control of a blocking answer is %q, not about six target durations", field)
	case !ok && !forbidden:
		r.h.warn(ruleCache, at, "Cache-Control of a playlist is %q: caches may keep it as long as they like", field)
	default:
		r.h.ok(ruleCache)
	}
}

func itoa(n int64) string  { return strconv.FormatInt(n, 10) }
func utoa(n uint64) string { return strconv.FormatUint(n, 10) }
