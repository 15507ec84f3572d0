package check

import (
	"context"
	"crypto/sha256"
	"net/http"
	"time"

	"weir/internal/check/playlist"
)

const (
	partRounding = time.Millisecond // of durations in text
	maxHeld      = 2                // hinted parts that are asked for at once
	maxKept      = 16               // segments whose parts are asked for again after they left the listing
)

func partKey(base string, p *playlist.Part) string { return rangeKey(resolve(base, p.URI), p.Range) }

// lookAtParts is rules 16, 17 and 20 on one listing.
func (r *rendition) lookAtParts(p *playlist.Playlist, got *answer) {
	h := r.h
	behind := p.Length()
	var newest *playlist.Part
	for i := range p.Segments {
		s := &p.Segments[i]
		r.durations(p, s.Parts)
		if len(s.Parts) > 0 {
			h.expect(behind-s.Duration <= 5*p.Target, rulePartsListed, r.at(s.Parts[0].Line), "parts are listed %v before the end", behind)
		}
		behind -= s.Duration
	}
	r.durations(p, p.Parts)
	kinds := map[string]bool{}
	for i := range p.Hints {
		h.expect(!kinds[p.Hints[i].Type], ruleHint, r.at(p.Hints[i].Line), "there is another hint of TYPE %s", p.Hints[i].Type)
		kinds[p.Hints[i].Type] = true
	}
	if newest = r.newParts(p, got.done); newest != nil && r.last != nil {
		r.wasHinted(p, newest)
	}
}

// durations is what rule 16 wants of the parts of one segment.
func (r *rendition) durations(p *playlist.Playlist, parts []playlist.Part) {
	for i := range parts {
		x := &parts[i]
		if x.Gap {
			continue
		}
		r.h.expect(x.Duration <= p.PartTarget+partRounding, ruleParts, r.at(x.Line), "the part %s is %v long, the part target is %v", x.URI, x.Duration, p.PartTarget)
		if i+1 < len(parts) {
			least := p.PartTarget * 85 / 100
			r.h.expect(x.Duration >= least-partRounding, ruleParts, r.at(x.Line), "the part %s is %v long, less than 85 %% of %v, and not the last", x.URI, x.Duration, p.PartTarget)
		}
	}
}

// newParts notes which parts are listed, and gives back the first one that is new.
func (r *rendition) newParts(p *playlist.Playlist, now time.Time) (first *playlist.Part) {
	r.mu.Lock()
	defer r.mu.Unlock()
	see := func(parts []playlist.Part, segment uint64) {
		for i := range parts {
			key := partKey(r.url, &parts[i])
			if _, known := r.parts[key]; !known && len(r.parts) < 100_000 {
				r.parts[key] = listedPart{now, segment}
				if first == nil {
					first = &parts[i]
				}
			}
		}
	}
	for i := range p.Segments {
		see(p.Segments[i].Parts, p.First()+uint64(i))
	}
	see(p.Parts, p.Next())
	return first
}

// wasHinted checks that the part that came next is the one that was hinted (rule 20). After a discontinuity it need not be.
func (r *rendition) wasHinted(p *playlist.Playlist, next *playlist.Part) {
	hint := hintOf(r.last, "PART")
	if hint == nil {
		r.h.fail(ruleHint, r.at(next.Line), "the part %s was not hinted", next.URI)
		return
	}
	if resolve(r.url, hint.URI) == resolve(r.url, next.URI) && (next.Range == nil || next.Range.Offset == hint.Start) {
		r.h.ok(ruleHint)
		return
	}
	for i := range p.Segments {
		if p.First()+uint64(i) >= r.last.Next() && p.Segments[i].Discontinuity {
			return
		}
	}
	if p.OpenMark.Discontinuity || len(r.misses) > 10_000 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	came := partKey(r.url, next)
	r.misses = append(r.misses, miss{r.at(next.Line), resolve(r.url, hint.URI), came, r.parts[came].segment, r.last.Next()})
}

// judgeMisses tells hints that were wrong from those that could not know when a segment ends: one for a part that the segment did not get
// any more, or for the next segment where it got one more.
func (r *rendition) judgeMisses() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.misses {
		hinted, made := r.parts[m.hinted]
		switch {
		case made && hinted.segment > m.segment:
			r.h.warn(ruleHint, m.at, "the part %s came, hinted was %s of a segment behind it", m.came, m.hinted)
		case m.segment > m.open:
			r.h.warn(ruleHint, m.at, "the hinted %s was never made: the part %s came, of another segment", m.hinted, m.came)
		case r.h.options.Now().Sub(r.h.until) >= 0 && !made && m.segment+1 >= r.last.Next(): // it may yet come
		default:
			r.h.fail(ruleHint, m.at, "the part %s came, hinted was %s", m.came, m.hinted)
		}
	}
}

// holdHint asks for the hinted part, as a player would (rule 20). While the answer to one is still looked at, the next is asked for:
// else always the same parts of a segment would be left out.
func (r *rendition) holdHint(ctx context.Context, p *playlist.Playlist) {
	hint := hintOf(p, "PART")
	if hint == nil || hint.Start > 0 || hint.Length >= 0 {
		return
	}
	r.mu.Lock()
	busy := r.holding >= maxHeld
	if !busy {
		r.holding++
	}
	r.mu.Unlock()
	if busy {
		return
	}
	url := resolve(r.url, hint.URI)
	at, target, part := r.at(hint.Line), p.Target, p.PartTarget
	r.tasks.Go(func() {
		defer func() {
			r.mu.Lock()
			r.holding--
			r.mu.Unlock()
		}()
		got, err := r.h.get(ctx, ask{url: url, waits: true, within: 4*target + patience, limit: maxMedia})
		switch {
		case ctx.Err() != nil:
		case err != nil:
			r.h.fail(ruleHint, at, "the hinted %s was not answered: %v", url, err)
		default:
			r.hinted(ctx, got, at, target, part)
		}
	})
}

// hinted judges the answer to a hinted part.
func (r *rendition) hinted(ctx context.Context, got *answer, at place, target, part time.Duration) {
	h := r.h
	deadline := h.options.Now().Add(target + time.Second)
	listed, known, ended := listedPart{}, false, false
	for !known && h.options.Now().Before(deadline) && !h.over(ctx) {
		r.mu.Lock()
		listed, known = r.parts[got.url]
		ended = r.ended
		r.mu.Unlock()
		if !known && !h.wait(ctx, part/4+time.Millisecond) {
			return
		}
	}
	switch {
	case got.status == http.StatusOK && known:
		spread := got.done.Sub(got.first) - h.within(got.first, got.done)
		h.expect(spread <= max(part/2, promptly/2), ruleHint, at, "the hinted %s came over %v: it was begun before it was whole", got.url, spread.Round(time.Millisecond))
		late := got.done.Sub(listed.at) - h.within(listed.at, got.done)
		h.expect(late <= part+promptly, ruleHint, at, "the hinted %s came %v after it was listed", got.url, late.Round(time.Millisecond))
		r.mu.Lock()
		r.bytes[got.url] = sha256.Sum256(got.body)
		r.mu.Unlock()
	case got.status == http.StatusOK && !ended && !h.over(ctx): // a finished playlist lists no parts
		h.fail(ruleHint, at, "the hinted %s was answered, but never listed", got.url)
	case got.status == http.StatusNotFound && known:
		h.fail(ruleHint, at, "the hinted %s is listed, but was answered with 404", got.url)
	case got.status != http.StatusOK && got.status != http.StatusNotFound && got.status != http.StatusServiceUnavailable:
		h.fail(ruleHint, at, "the hinted %s was answered with %d", got.url, got.status)
	}
}

// partsLeft has parts asked for once more after they have left the listing (rule 17).
func (r *rendition) partsLeft(ctx context.Context, was, now *playlist.Playlist) {
	for i := range was.Segments {
		s := &was.Segments[i]
		number := was.First() + uint64(i)
		if len(s.Parts) == 0 || number < now.First() || number >= now.Next() || len(now.Segments[number-now.First()].Parts) > 0 {
			continue
		}
		if r.kept++; r.kept > maxKept {
			return
		}
		part := s.Parts[0]
		key, at, wait := partKey(r.url, &part), r.at(part.Line), now.Target*5/2
		if part.Gap || part.Range != nil {
			continue
		}
		r.tasks.Go(func() {
			if r.h.options.Now().Add(wait).After(r.h.until.Add(now.Target)) || !r.h.wait(ctx, wait) {
				return
			}
			got, err := r.h.get(ctx, ask{url: key, limit: maxMedia})
			if err != nil {
				return
			}
			r.mu.Lock()
			hash, known := r.bytes[key]
			r.mu.Unlock()
			r.h.expect(got.status == http.StatusOK, rulePartsListed, at, "%v after it left the listing, the part %s is answered with %d", wait, key, got.status)
			if known && got.status == http.StatusOK {
				r.h.expect(hash == sha256.Sum256(got.body), ruleSequence, at, "the bytes of the part %s have changed", key)
			}
		})
	}
}
