package check

import (
	"bytes"
	"context"
	"crypto/sha256"
	"net/http"
	"time"

	"weir/internal/check/mp4"
	"weir/internal/check/playlist"
)

// leavers looks at segments that leave the listing: just before, and just after, they are what they were (rule 2).
func (r *rendition) leavers(ctx context.Context, p *playlist.Playlist, now time.Time) {
	if p.MediaSequence <= r.last.MediaSequence {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var again []*listed
	for n := r.last.MediaSequence; n < p.MediaSequence && n < r.last.Next(); n++ {
		l := r.segs[n]
		if l == nil {
			continue
		}
		l.left = true
		// It has to be there for its own duration and that of the longest listing from when it was first listed, which may have
		// been half a target duration before we saw it.
		if until := l.first.Add(l.duration + r.longest - p.Target/2 - promptly); l.fresh && now.Before(until) {
			again = append(again, l)
		}
	}
	if l := r.segs[p.MediaSequence]; l != nil {
		again = append(again, l) // the next to leave
	}
	for _, l := range again {
		if l.facts == nil || r.again >= maxAgain {
			continue
		}
		r.again++
		r.tasks.Go(func() { r.fetchAgain(ctx, l, l.facts.hash) })
	}
}

// refetchSome fetches some of the segments once more that were there early.
func (r *rendition) refetchSome(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for number := r.last.MediaSequence; number < r.last.Next() && n < 3; number++ {
		if l := r.segs[number]; l != nil && l.facts != nil {
			n++
			r.tasks.Go(func() { r.fetchAgain(ctx, l, l.facts.hash) })
		}
	}
}

// fetchAgain checks that a segment is still there with the same bytes.
func (r *rendition) fetchAgain(ctx context.Context, l *listed, hash [sha256.Size]byte) {
	a, err := r.h.get(ctx, askFor(l.url, l.rng))
	if err != nil {
		return
	}
	if a.status != http.StatusOK && a.status != http.StatusPartialContent {
		r.h.fail(ruleSequence, l.at, "segment %d has to be there still, but %s is answered with %d", l.number, l.url, a.status)
		return
	}
	r.h.expect(sha256.Sum256(a.body) == hash, ruleSequence, l.at, "the bytes of segment %d have changed: %s", l.number, l.url)
}

// fetchParts fetches the parts of a segment: together they are its bytes (rule 16).
func (r *rendition) fetchParts(ctx context.Context, l *listed, parts []playlist.Part, h *header, whole []byte) {
	var all []byte
	for i := range parts {
		x := &parts[i]
		if x.Gap {
			return
		}
		url := resolve(r.url, x.URI)
		a := r.fetched(ctx, l, url, x.Range)
		if a == nil {
			return
		}
		all = append(all, a.body...)
		key := partKey(r.url, x)
		r.mu.Lock()
		was, known := r.bytes[key]
		r.bytes[key] = sha256.Sum256(a.body)
		r.mu.Unlock()
		r.h.expect(!known || was == sha256.Sum256(a.body), ruleSequence, r.at(x.Line), "the bytes of the part %s have changed", url)
		if f, seg, ok := r.h.inspect(a.body, h, place{url: url}); ok {
			r.part(x, &f, seg, a.body)
		}
	}
	r.h.expect(bytes.Equal(all, whole), ruleParts, l.at, "the parts of segment %d together are not its bytes: %d and %d", l.number, len(all), len(whole))
}

// part compares what a playlist says of a part with its samples (rule 16).
func (r *rendition) part(x *playlist.Part, f *facts, seg *mp4.Segment, data []byte) {
	at := r.at(x.Line)
	off := x.Duration.Seconds() - f.length()
	r.h.expect(off <= f.frameTime()+0.001 && off >= -f.frameTime()-0.001, ruleParts, at, "the part %s has DURATION %v, its samples are %.4f s long",
		x.URI, x.Duration, f.length())
	if !f.video {
		if !x.Independent {
			r.h.warn(ruleParts, at, "the part %s is audio without INDEPENDENT=YES", x.URI)
		}
		return
	}
	sync, first := false, false
	for i := range seg.Chunks {
		for n := range seg.Chunks[i].Fragments {
			t := &seg.Chunks[i].Fragments[n]
			for k := range t.Samples {
				picture, known := t.Track.Independent(data, t.Samples[k])
				if t.Track.Video() && t.Samples[k].Sync && (picture || !known) {
					sync, first = true, first || i == 0 && k == 0
				}
			}
		}
	}
	switch {
	case first || !sync:
		r.h.expect(sync == x.Independent, ruleParts, at, "the part %s begins with a sync sample: %v; INDEPENDENT=YES: %v", x.URI, sync, x.Independent)
	case !x.Independent:
		r.h.warn(ruleParts, at, "the part %s has a sync sample, not its first, and no INDEPENDENT=YES", x.URI)
	default:
		r.h.ok(ruleParts)
	}
}
