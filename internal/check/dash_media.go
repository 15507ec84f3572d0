package check

import (
	"cmp"
	"context"
	"crypto/sha256"
	"math"
	"net/http"
	"slices"
	"time"

	"weir/internal/check/mpd"
)

// initOf is the init segment of a stream; nil where it cannot be had.
func (d *dash) initOf(ctx context.Context, j *dashJob) *header {
	d.mu.Lock()
	asked, h := j.x.asked, j.x.header
	j.x.asked = true
	d.mu.Unlock()
	if asked || j.init == "" {
		for n := 0; h == nil && n < 50 && j.init != "" && d.wait(ctx, 100*time.Millisecond); n++ { // another fetcher is at it
			d.mu.Lock()
			h = j.x.header
			d.mu.Unlock()
		}
		return h
	}
	a, err := d.get(ctx, ask{url: j.init, limit: maxMedia})
	if err != nil || a.status != http.StatusOK {
		if ctx.Err() == nil {
			d.fail(ruleDepth, j.x.at, "the init segment %s cannot be fetched: %v", j.init, err)
		}
		return nil
	}
	if h = d.inspectInit(a); h == nil {
		return nil
	}
	d.mediaHTTP(ctx, a, j.x.kind, false, false)
	for i := range h.mp4.Tracks {
		if real := h.mp4.Tracks[i].Codecs; real != "" && len(h.mp4.Tracks) == 1 {
			d.expect(sameCodec(j.x.codecs, real), ruleSchema, j.x.at, "%s: @codecs is %q, the media are %s", j.x.key, j.x.codecs, real)
		}
	}
	d.mu.Lock()
	j.x.header = h
	d.mu.Unlock()
	return h
}

// fetchSegment fetches a segment and looks at it (rules 6, 13, 26, 27, 32).
func (d *dash) fetchSegment(ctx context.Context, j dashJob) {
	a, err := d.get(ctx, ask{url: j.url, limit: maxMedia, within: 2 * patience})
	if err != nil {
		if ctx.Err() == nil {
			d.fail(ruleReadable, j.x.at, "%s cannot be fetched: %v", j.url, err)
		}
		return
	}
	d.expect(a.status == http.StatusOK, ruleDepth, j.x.at, "segment %d is listed, but %s is answered with %d", j.entry.Number, j.url, a.status)
	if a.status != http.StatusOK {
		return
	}
	d.mu.Lock()
	was, known := j.x.fetched[j.entry.Number]
	d.mu.Unlock()
	if known {
		d.expect(was.facts.hash == sha256.Sum256(a.body), ruleSequence, place{url: j.url}, "the bytes of segment %d have changed", j.entry.Number)
	}
	if j.again {
		return
	}
	d.mediaHTTP(ctx, a, j.x.kind, false, d.once("media "+j.x.kind))
	h := d.initOf(ctx, &j)
	if h == nil {
		return
	}
	f, seg, ok := d.inspect(a.body, h, place{url: j.url})
	if !ok {
		return
	}
	if j.x.sap == "1" || j.x.sap == "2" || j.x.sap == "" {
		d.independent(ruleIndependent, seg, a.body, place{url: j.url})
	}
	d.timed(&j, &f)
	d.mu.Lock()
	j.x.fetched[j.entry.Number] = fetchedEntry{j.entry, f}
	d.mu.Unlock()
}

// timed compares what is listed of a segment with its samples (rule 26).
func (d *dash) timed(j *dashJob, f *facts) {
	x, e := j.x, j.entry
	told, length := float64(e.Time)/float64(x.timescale), float64(e.Duration)/float64(x.timescale)
	if uint64(f.timescale) == x.timescale {
		f.clip(int64(x.offset))
	}
	slack := f.frameTime() + 0.001
	if x.template.Timeline == nil { // nominal durations may be half a segment off (5.3.9.2.1)
		slack = length / 2
	}
	// The difference is taken in whole numbers first: ticks since the epoch are too large for the fraction of a float64.
	off, decode := f.start()-told, f.seconds(int64(f.decode))-told
	if uint64(f.timescale) == x.timescale {
		off, decode = f.seconds(f.earliest-int64(e.Time)), f.seconds(int64(f.decode-e.Time))
	}
	if math.Abs(off) > slack && math.Abs(decode) <= slack { // where B-frames shift the presentation and no edit list shifts it back
		d.warn(ruleTimeline, place{url: j.url}, "%s: segments are listed by decode times, their presentation begins %.4f s later", x.key, off)
		off = 0
	}
	d.expect(math.Abs(off) <= slack, ruleTimeline, place{url: j.url}, "%s: segment %d is listed at %.4f s, its samples begin %+.4f s from there", x.key, e.Number, told, off)
	if !x.trick {
		d.expect(math.Abs(f.length()-length) <= slack, ruleTimeline, place{url: j.url}, "%s: segment %d is listed with %.4f s, its samples are %.4f s long", x.key, e.Number, length, f.length())
	}
}

// looked are the segments that were fetched and read, in order. All that fetches has ended.
func (x *stream) looked() []fetchedEntry {
	var list []fetchedEntry
	for _, e := range x.fetched {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b fetchedEntry) int { return cmp.Compare(a.entry.Number, b.entry.Number) })
	return list
}

// continuous checks that decode times go on from segment to segment of a Period (rule 26): what is listed can only be compared with
// presentation times, which B-frames may shift.
func (d *dash) continuous(x *stream, list []fetchedEntry) {
	for i := 1; i < len(list) && !x.trick; i++ {
		was, now := &list[i-1], &list[i]
		if now.entry.Time != was.entry.Time+was.entry.Duration || now.facts.timescale != was.facts.timescale {
			continue
		}
		off := now.facts.seconds(int64(now.facts.decode - was.facts.end))
		d.expect(math.Abs(off) <= 0.0015, ruleTimeline, x.at, "%s: the decode times of segment %d begin %+.4f s from the end of the one before it",
			x.key, now.entry.Number, off)
	}
}

// honest is rule 28 on what was fetched: who has minBufferTime at @bandwidth ahead never waits (5.3.5.4).
func (d *dash) honest(x *stream, list []fetchedEntry) {
	least, ok := mpd.Duration(d.last.MinBuffer)
	if !ok || x.rep.Bandwidth == 0 {
		return
	}
	rate, ahead := float64(x.rep.Bandwidth), 0.0
	for i := range list {
		if i > 0 && list[i].entry.Time != list[i-1].entry.Time+list[i-1].entry.Duration {
			ahead = 0
		}
		ahead = max(ahead, 0) + float64(list[i].facts.size)*8 - rate*list[i].facts.length()
		if ahead > rate*least.Seconds() {
			d.fail(ruleBuffer, x.at, "%s: at segment %d a player that gets %d bit/s is %.1f s behind, minBufferTime is %v",
				x.key, list[i].entry.Number, x.rep.Bandwidth, ahead/rate, least)
			return
		}
		d.ok(ruleBuffer)
	}
}
