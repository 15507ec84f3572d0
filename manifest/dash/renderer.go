package dash

import (
	"math"
	"sync"
	"time"

	"weir/internal/media"
	"weir/manifest"
)

// Renderer renders the MPDs of one channel, in all their forms, and gives the same bytes as MPD. It remembers the timelines that it has
// seen, as text, and nothing of the media: a row more costs about the copying of the text. It is safe for concurrent use.
type Renderer struct {
	mu     sync.Mutex
	strips map[stripKey]*kept
	// Strips are kept as far back as any of the windows of late needed them.
	calls, epoch uint64
	oldest       uint64
}

// stripKey names a strip.
type stripKey struct {
	run, anchor uint64
	track       string
}

// kept is a strip with what tells that it is still that of the channel, which may have been deleted and made anew.
type kept struct {
	strip
	origin    time.Time // of the anchor
	init      uint32
	timescale uint32
	seen      struct { // the newest row that was looked at
		start, duration media.Ticks
	}
	used uint64 // epoch in which it was needed last
}

const (
	// epochCalls is how many renderings an epoch has.
	epochCalls = 256
	// spare is how many rows are kept that no window lists any more: patches begin with older MPDs.
	spare = 128
)

// NewRenderer is a Renderer that has seen nothing yet.
func NewRenderer() *Renderer {
	return &Renderer{strips: make(map[stripKey]*kept), oldest: math.MaxUint64}
}

// MPD is what the function MPD gives, with its errors.
func (r *Renderer) MPD(w *media.Window, links manifest.Links) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o, err := r.outline(w, links)
	if err != nil {
		return nil, err
	}
	return o.text(), nil
}

// outline needs the lock.
func (r *Renderer) outline(w *media.Window, links manifest.Links) (*outline, error) {
	if w.Rows != nil && w.Rows.Len() > 0 {
		r.oldest = min(r.oldest, w.Rows.At(0).Number)
	}
	if r.calls++; r.calls%epochCalls == 0 {
		r.tidy()
	}
	return outlineOf(w, links, r)
}

// tidy forgets what no window has needed for an epoch.
func (r *Renderer) tidy() {
	for key, k := range r.strips {
		if k.used < r.epoch {
			delete(r.strips, key)
			continue
		}
		k.drop(r.oldest - min(r.oldest, spare))
	}
	r.oldest = math.MaxUint64
	r.epoch++
}

// strip implements stripper.
func (r *Renderer) strip(w *media.Window, s *stretch, column int) *strip {
	t := &s.run.Tracks[column]
	key := stripKey{run: s.run.ID, anchor: s.anchor.Segment, track: t.Name}
	k := r.strips[key]
	if k == nil || !k.fits(w, s, column) {
		k = &kept{origin: s.anchor.Start, init: t.Init, timescale: t.Timescale}
		r.strips[key] = k
	}
	k.used = r.epoch
	i := s.from
	if s.from < s.to && k.next > 0 {
		i += int(k.next - w.Rows.At(s.from).Number)
	}
	for ; i < s.to; i++ {
		row := w.Rows.At(i)
		k.add(row, column)
		k.seen.start, k.seen.duration = identity(row, column)
	}
	return &k.strip
}

// fits tells whether the strip can go on with the rows of the stretch: it has what the window has, as far as it goes.
func (k *kept) fits(w *media.Window, s *stretch, column int) bool {
	t := &s.run.Tracks[column]
	if !k.origin.Equal(s.anchor.Start) || k.init != t.Init || k.timescale != t.Timescale || k.err != nil {
		return false
	}
	if k.next == 0 || s.from == s.to {
		return true
	}
	first, last := w.Rows.At(s.from).Number, w.Rows.At(s.to-1).Number
	if first < k.first || first > k.next {
		return false
	}
	newest := k.next - 1
	if newest < first || newest > last {
		return true // what the window has is older, or follows at once
	}
	start, duration := identity(w.Rows.At(s.from+int(newest-first)), column)
	return start == k.seen.start && duration == k.seen.duration
}

// identity is what a track's segment in a row is known by.
func identity(row *media.Row, column int) (start, duration media.Ticks) {
	if seg := row.Segments[column]; seg != nil {
		return seg.Start, seg.Duration
	}
	return 0, 0
}
