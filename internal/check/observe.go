package check

import (
	"context"
	"strings"
	"time"

	"weir/internal/check/playlist"
)

// observe takes a new listing, whole: it compares it with the last, and has new media fetched. waited tells that the server held
// the request until there was something new.
func (r *rendition) observe(ctx context.Context, p *playlist.Playlist, got *answer, waited bool) {
	if r.last != nil {
		r.succession(r.last, p)
	}
	r.header(p)
	rows := r.rows(p, got.done)
	r.mu.Lock()
	fresh := r.note(p, rows, got)
	r.ended = p.Ended
	r.mu.Unlock()
	r.dates(p, rows)
	r.dateRanges(p, rows, got.done)
	r.pace(p, rows, fresh, got, waited)
	if lowLatency(p) {
		r.lookAtParts(p, got)
	}
	r.reportsOf(p)
	r.cached(p, got, waited)
	if r.last != nil {
		r.partsLeft(ctx, r.last, p)
		r.leavers(ctx, p, got.done)
	}
	r.last, r.lastAt = p, got.done
	r.enqueue(p, rows)
	if !r.iframes && !p.Ended {
		r.holdHint(ctx, p)
	}
}

// rows are the segments of a listing with what their place says.
func (r *rendition) rows(p *playlist.Playlist, now time.Time) []*listed {
	rows := make([]*listed, 0, len(p.Segments))
	disc, date := p.DiscontinuitySequence, time.Time{}
	for i := range p.Segments {
		s := &p.Segments[i]
		if s.Discontinuity {
			disc++
			date = time.Time{}
		}
		if !s.Date.IsZero() {
			date = s.Date
		}
		l := &listed{
			number: p.First() + uint64(i), url: resolve(r.url, s.URI), at: r.at(s.Line), rng: s.Range, duration: s.Duration,
			disc: disc, begins: s.Discontinuity, date: date, told: !s.Date.IsZero(), gap: s.Gap, key: s.Key, first: now, parts: s.Parts,
		}
		if s.Map != nil {
			l.mapOf = s.Map
			l.mapKey = rangeKey(resolve(r.url, s.Map.URI), s.Map.Range)
		}
		if !date.IsZero() {
			date = date.Add(s.Duration)
		}
		rows = append(rows, l)
	}
	return rows
}

// note keeps what is listed and compares it with what was listed under the same numbers (rules 2 and 3). It gives back how many
// are new. mu is held.
func (r *rendition) note(p *playlist.Playlist, rows []*listed, got *answer) int {
	fresh := 0
	for _, l := range rows {
		was := r.segs[l.number]
		if was == nil {
			l.fresh = r.last != nil
			r.segs[l.number] = l
			fresh++
			continue
		}
		r.same(was, l)
		if len(l.parts) > 0 {
			was.parts = l.parts
		}
	}
	r.longest = max(r.longest, p.Length())
	r.states = append(r.states, state{at: got.done, next: p.Next(), parts: len(p.Parts)})
	return fresh
}

// same checks that a segment is still what it was.
func (r *rendition) same(was, now *listed) {
	h := r.h
	h.expect(was.url == now.url && rangeKey("", was.rng) == rangeKey("", now.rng), ruleSequence, now.at,
		"segment %d was %s, it is now %s", now.number, was.url, now.url)
	if was.url != now.url {
		return // then the rest is another's
	}
	h.expect(was.duration == now.duration, ruleSequence, now.at, "segment %d had EXTINF %v, it is now %v", now.number, was.duration, now.duration)
	h.expect(was.gap == now.gap, ruleSequence, now.at, "segment %d has got or lost its EXT-X-GAP", now.number)
	h.expect(was.mapKey == now.mapKey, ruleMap, now.at, "segment %d had the map %s, it is now %s", now.number, was.mapKey, now.mapKey)
	h.expect(was.disc == now.disc, ruleDiscontinuity, now.at, "segment %d had the discontinuity sequence number %d, it is now %d",
		now.number, was.disc, now.disc)
	if !was.date.IsZero() && !now.date.IsZero() && was.disc == now.disc {
		drift := was.date.Sub(now.date).Abs()
		h.expect(drift < 100*time.Millisecond, ruleDate, now.at, "segment %d had the date %s, it is now %s",
			now.number, was.date.Format(time.RFC3339Nano), now.date.Format(time.RFC3339Nano))
	}
}

// succession compares a listing with the one before it (rules 1, 2, 3 and 12).
func (r *rendition) succession(was, now *playlist.Playlist) {
	h := r.h
	h.expect(was.Target == now.Target, ruleTarget, r.at(now.Tags["#EXT-X-TARGETDURATION"]), "the target duration was %v, it is now %v", was.Target, now.Target)
	at := r.at(now.Tags["#EXT-X-MEDIA-SEQUENCE"])
	h.expect(now.MediaSequence >= was.MediaSequence, ruleSequence, at, "the media sequence number fell from %d to %d", was.MediaSequence, now.MediaSequence)
	h.expect(now.Next() >= was.Next(), ruleSequence, at, "the last segment was %d, it is now %d", was.Next()-1, now.Next()-1)
	if now.MediaSequence > was.MediaSequence {
		r.removed = true
		h.expect(now.Length() >= 3*now.Target || now.Ended, ruleSequence, r.at(0), "only %v are listed after segments have left, that is less than three target durations", now.Length())
		h.expect(len(now.Segments) >= 6, ruleAlike, r.at(0), "only %d segments are listed after others have left", len(now.Segments))
		h.expect(now.Type != "EVENT", ruleForm, r.at(now.Tags["#EXT-X-PLAYLIST-TYPE"]), "segments have left an EVENT playlist")
	}
	r.marked = r.marked || was.Has("#EXT-X-DISCONTINUITY") || was.Has("#EXT-X-DISCONTINUITY-SEQUENCE")
	if r.marked && !now.Ended {
		h.expect(now.Has("#EXT-X-DISCONTINUITY-SEQUENCE"), ruleDiscontinuity, r.at(0), "there have been discontinuities, but there is no EXT-X-DISCONTINUITY-SEQUENCE")
	}
	if was.Ended {
		h.expect(now.Ended, ruleForm, r.at(0), "EXT-X-ENDLIST was there and is gone")
		h.expect(now.Next() == was.Next(), ruleForm, r.at(0), "the playlist went on behind EXT-X-ENDLIST")
	}
}

// header looks at what one listing says of itself (rules 1, 6, 7, 8, 12, 15).
func (r *rendition) header(p *playlist.Playlist) {
	h := r.h
	for i := range p.Segments {
		s := &p.Segments[i]
		h.expect(s.Duration.Round(time.Second) <= p.Target, ruleTarget, r.at(s.Line), "EXTINF is %v, the target duration %v", s.Duration, p.Target)
		r.mapChange(p, i)
	}
	if !p.Ended {
		at := r.at(p.Tags["#EXT-X-PLAYLIST-TYPE"])
		if p.Type == "EVENT" && !r.removed {
			h.warn(ruleForm, at, "a live playlist has EXT-X-PLAYLIST-TYPE EVENT: it may never shed a segment")
		} else {
			h.expect(p.Type == "" || p.Type == "EVENT", ruleForm, at, "a live playlist has EXT-X-PLAYLIST-TYPE %s", p.Type)
		}
	}
	r.mu.Lock()
	video := r.kind == "video"
	r.mu.Unlock()
	if video && !r.iframes {
		h.expect(p.IndependentSegments || r.mainIndependent, ruleIndependent, r.at(0), "EXT-X-INDEPENDENT-SEGMENTS is missing")
	}
	if r.iframes {
		h.expect(p.IFramesOnly, ruleIFrames, r.at(0), "EXT-X-I-FRAMES-ONLY is missing")
	}
	h.expect(p.MediaSequence < 1<<53, ruleNumbers, r.at(p.Tags["#EXT-X-MEDIA-SEQUENCE"]), "the media sequence number is %d", p.MediaSequence)
	r.control(p)
}

// mapChange checks that another EXT-X-MAP comes with a discontinuity (rule 8).
func (r *rendition) mapChange(p *playlist.Playlist, i int) {
	s := &p.Segments[i]
	if i == 0 || s.Gap || p.Segments[i-1].Gap {
		return
	}
	was := p.Segments[i-1].Map
	if (was == nil) != (s.Map == nil) || was != nil && (was.URI != s.Map.URI || rangeKey("", was.Range) != rangeKey("", s.Map.Range)) {
		r.h.expect(s.Discontinuity, ruleMap, r.at(s.Line), "EXT-X-MAP changes without a discontinuity")
	}
}

// dates is what rule 4 wants of one listing.
func (r *rendition) dates(p *playlist.Playlist, rows []*listed) {
	for i, l := range rows {
		if !p.Ended && (i == 0 || l.begins) {
			r.h.expect(l.told || i > 0 && l.gap, ruleDate, l.at, "there is no EXT-X-PROGRAM-DATE-TIME at the %s",
				map[bool]string{true: "first segment", false: "discontinuity"}[i == 0])
		}
		if i > 0 && l.told && !rows[i-1].date.IsZero() {
			overlap := rows[i-1].date.Add(rows[i-1].duration).Sub(l.date)
			r.h.expect(overlap < time.Second, ruleDate, l.at, "its date is %v before the end of the segment before it", overlap)
		}
	}
}

// dateRanges is what rule 14 wants of EXT-X-DATERANGE.
func (r *rendition) dateRanges(p *playlist.Playlist, rows []*listed, now time.Time) {
	ids := map[string]bool{}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range p.DateRanges {
		d := &p.DateRanges[i]
		r.h.expect(!ids[d.ID], rulePace, r.at(d.Line), "EXT-X-DATERANGE %q is there twice", d.ID)
		ids[d.ID] = true
		was, known := r.ranges[d.ID]
		if !known && len(r.ranges) < 10_000 {
			was = daterange{start: d.Start, seen: now, text: d.Attributes["START-DATE"]}
			r.ranges[d.ID] = was
		}
		r.h.expect(was.text == d.Attributes["START-DATE"], rulePace, r.at(d.Line), "EXT-X-DATERANGE %q has another START-DATE than before", d.ID)
	}
	if p.Skip != nil || len(rows) == 0 || rows[0].date.IsZero() {
		return
	}
	for id, was := range r.ranges {
		if !ids[id] && was.start.After(rows[0].date) {
			r.h.fail(rulePace, r.at(0), "EXT-X-DATERANGE %q has gone while what it begins at is listed", id)
		}
	}
}

func contains(s, part string) bool { return strings.Contains(s, part) }
