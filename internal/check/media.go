package check

import (
	"bytes"
	"context"
	"crypto/sha256"
	"net/http"
	"slices"
	"time"

	"weir/internal/check/mp4"
	"weir/internal/check/playlist"
)

const (
	maxAgain  = 48 // segments of a rendition that are fetched a second time
	endSlack  = 5 * time.Second
	sampled   = 24 // segments of a finished playlist that are fetched
	sampledIF = 16 // I-frames
)

// job is a segment to be fetched and looked at.
type job struct{ row *listed }

// enqueue chooses what to fetch of a listing: of a live one the oldest, the newest, and all that come; of a finished one some.
func (r *rendition) enqueue(p *playlist.Playlist, rows []*listed) {
	first := len(r.enqueued) == 0
	for i, l := range rows {
		if r.enqueued[l.number] || l.gap {
			continue
		}
		if first {
			step := max(len(rows)/sampled, 1)
			if p.Ended && i >= 6 && i%step != 0 && i < len(rows)-2 || !p.Ended && i > 0 && i < len(rows)-3 {
				continue
			}
		} else if r.last != nil && l.number < r.since {
			continue
		}
		if r.iframes && len(r.enqueued) >= sampledIF {
			return
		}
		r.mu.Lock()
		l = r.segs[l.number]
		r.mu.Unlock()
		select {
		case r.jobs <- job{l}:
			r.enqueued[l.number] = true
		default: // it comes faster than it can be fetched
		}
	}
	r.since = p.Next()
}

// work fetches what was chosen.
func (r *rendition) work(ctx context.Context) {
	for j := range r.jobs {
		if ctx.Err() == nil && r.h.options.Now().Before(r.h.until.Add(endSlack)) {
			r.fetchSegment(ctx, j.row)
		}
	}
}

// askFor is the request for a segment, whole or a range of a resource.
func askFor(url string, x *playlist.Range) ask {
	a := ask{url: url, limit: maxMedia, within: 2 * patience}
	if x != nil {
		a.header = map[string]string{"Range": "bytes=" + itoa(x.Offset) + "-" + itoa(x.Offset+x.Length-1)}
	}
	return a
}

// fetched is the answer with the media; nil where there is none, which is told as a breach of rule 2 while it is listed.
func (r *rendition) fetched(ctx context.Context, l *listed, url string, x *playlist.Range) *answer {
	a, err := r.h.get(ctx, askFor(url, x))
	if err != nil {
		if ctx.Err() == nil {
			r.h.fail(ruleReadable, l.at, "%s cannot be fetched: %v", url, err)
		}
		return nil
	}
	if a.status == http.StatusOK && x != nil && x.Length > 0 && int64(len(a.body)) >= x.Offset+x.Length {
		r.h.fail(ruleHTTP, place{url: url}, "a byte range is answered with the whole")
		a.body = a.body[x.Offset : x.Offset+x.Length]
	}
	want := http.StatusOK
	if x != nil {
		want = http.StatusPartialContent
	}
	r.mu.Lock()
	left := l.left
	r.mu.Unlock()
	if a.status != want && a.status != http.StatusOK {
		if !left {
			r.h.fail(ruleSequence, l.at, "segment %d is listed, but %s is answered with %d", l.number, url, a.status)
		}
		return nil
	}
	return a
}

// initOf is the init segment of a segment; nil where there is none, or it cannot be read.
func (r *rendition) initOf(ctx context.Context, l *listed, m *playlist.Map) *header {
	if m == nil {
		return nil
	}
	r.mu.Lock()
	h, known := r.inits[l.mapKey]
	r.mu.Unlock()
	if known {
		return h
	}
	if a := r.fetched(ctx, l, resolve(r.url, m.URI), m.Range); a != nil {
		if h = r.h.inspectInit(a); h != nil {
			r.setKind(h)
			r.mu.Lock()
			kind := r.kind
			r.mu.Unlock()
			r.h.mediaHTTP(ctx, a, kind, true, false)
		}
	}
	r.mu.Lock()
	r.inits[l.mapKey] = h
	r.mu.Unlock()
	return h
}

// setKind decides whether the rendition is video or audio, where no multivariant playlist has said so.
func (r *rendition) setKind(h *header) {
	kind := "audio"
	for i := range h.mp4.Tracks {
		if h.mp4.Tracks[i].Video() {
			kind = "video"
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kind == "" {
		r.kind = kind
	}
}

// fetchSegment fetches a segment and looks at it.
func (r *rendition) fetchSegment(ctx context.Context, l *listed) {
	m := l.mapOf
	h := r.initOf(ctx, l, m)
	a := r.fetched(ctx, l, l.url, l.rng)
	if a == nil {
		return
	}
	r.mu.Lock()
	kind, parts := r.kind, slices.Clone(l.parts)
	r.mu.Unlock()
	f := &facts{hash: sha256.Sum256(a.body), size: len(a.body)}
	at := place{l.at.url, l.at.line}
	switch {
	case l.encrypted():
		r.h.note(ruleContainer, "encrypted segments were not looked into")
	case h == nil && m != nil: // told already
	case h == nil && bytes.Contains(a.body[:min(len(a.body), 4096)], []byte("moof")):
		r.h.fail(ruleMap, at, "segment %d is fragmented MP4, but no EXT-X-MAP applies to it", l.number)
	case h == nil:
		r.h.note(ruleContainer, "segments that are not fragmented MP4 were not looked into")
	default:
		r.h.ok(ruleMap)
		if r.iframes {
			r.iframe(a.body, h, place{url: l.url + rangeText(l.rng), line: 0})
		} else if found, seg, ok := r.h.inspect(a.body, h, place{url: l.url}); ok {
			f = &found
			r.h.independent(ruleIndependent, seg, a.body, place{url: l.url})
			r.extinf(l, f)
		}
		if r.once("media") {
			r.h.mediaHTTP(ctx, a, kind, true, l.rng == nil)
		} else {
			r.h.mediaHTTP(ctx, a, kind, true, false)
		}
	}
	r.mu.Lock()
	l.facts = f
	r.mu.Unlock()
	if h != nil && len(parts) > 0 && l.number%2 == 0 {
		r.fetchParts(ctx, l, parts, h, a.body)
	}
}

func rangeText(x *playlist.Range) string {
	if x == nil {
		return ""
	}
	return " bytes " + itoa(x.Offset) + "-" + itoa(x.Offset+x.Length-1)
}

// extinf compares EXTINF with the samples (rule 5).
func (r *rendition) extinf(l *listed, f *facts) {
	off := l.duration.Seconds() - f.length()
	longer := f.frameTime() + 0.001
	if l.begins { // an edit list may take as much off what comes before the new beginning
		longer += f.seconds(f.shift)
	}
	r.h.expect(off <= f.frameTime()+0.001 && off >= -longer, ruleDurations, l.at,
		"segment %d has EXTINF %v, its samples are %.4f s long", l.number, l.duration, f.length())
}

// iframe checks that a range of an I-frame playlist holds moof and a sync sample, whole (rule 11).
func (r *rendition) iframe(data []byte, h *header, at place) {
	seg, err := mp4.ParseSegment(data, h.mp4)
	if err != nil || len(seg.Chunks) == 0 {
		r.h.fail(ruleIFrames, at, "there is no moof in it: %v", err)
		return
	}
	_, first := opening(seg)
	if first == nil {
		r.h.fail(ruleIFrames, at, "there is no video sample in it")
		return
	}
	r.h.expect(first.Offset >= 0 && first.Offset+first.Size <= len(data), ruleIFrames, at,
		"it has %d bytes, the first sample ends at %d", len(data), first.Offset+first.Size)
	r.h.independent(ruleIFrames, seg, data, at)
}
