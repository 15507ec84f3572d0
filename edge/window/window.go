package window

import (
	"hash/crc32"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"weir/internal/media"
)

// Settings are what an operator decides of a channel, as far as its window is concerned.
type Settings struct {
	Channel string
	Title   string        // for people; may be ""
	Segment time.Duration // what segments should last
	DVR     time.Duration // how far back a player can go
	// Captions are the caption channels that manifests announce, as media.ParseCaptions reads them; "": those that are found in the pictures.
	Captions string
	// Revision rises with every change of the others and is the same on every edge that has these settings; 0: they never changed.
	Revision uint64
}

// Window is the rolling window of one channel. Its zero value is of no use: make one with New.
type Window struct {
	now   func() time.Time
	log   *slog.Logger
	table *crc32.Table

	view     atomic.Pointer[view]
	changed  atomic.Pointer[chan struct{}]
	caughtUp atomic.Bool
	closed   atomic.Bool

	// mu makes writers take turns: it guards all that follows.
	mu       sync.Mutex
	settings Settings
	target   time.Duration // 0: not known yet
	nextGoal time.Duration // a target duration that is told but must wait until the window is empty; 0: none
	runs     map[uint64]*knownRun
	inits    []media.Init // of runs; replaced, not changed

	rows     list  // all that can be fetched
	left     int   // how many of them have left the listing, at the front
	rowBytes int64 // media in rows that is at hand
	allBytes int64 // media in rows
	hand     hand
	listing  listing
	until    []time.Time           // beside those that have left: the end of the row that drops them
	peaks    []peak                // by which the longest playlist of a row is found
	tracks   []media.Track         // of the listing
	rates    map[string]media.Rate // of tracks; immutable: replaced when one changes
	captions []media.Caption       // that manifests announce; replaced, not changed
	stamp    time.Time             // of the newest row: see Published of media.Window
	newest   time.Time             // when the newest thing that is held arrived at the ingest

	reached      time.Time // where the newest row that was ever listed ended
	next         uint64    // number of the row that the listing waits for
	started      bool      // next is known
	pending      map[uint64]*pendingRow
	complete     int   // pending rows that are complete
	pendingBytes int64 // media in pending rows
	pendingCost  int64 // the same with what is kept beside it

	signals []media.Signal // in the order in which they came

	shown  media.Window // as it was published last, without Open
	latest *view        // of the window as it is; readers may have an older one
	taken  withdrawal
	counts counts
}

// New makes an empty window. now is the clock by which it knows how old its media is; what it shows does not depend on it.
func New(s Settings, now func() time.Time, log *slog.Logger) *Window {
	w := &Window{
		now: now, log: log.With("channel", s.Channel), table: crc32.MakeTable(crc32.Castagnoli),
		settings: s,
		runs:     make(map[uint64]*knownRun),
		pending:  make(map[uint64]*pendingRow),
	}
	w.latest = &view{rows: &list{}}
	w.view.Store(w.latest)
	w.publish()
	return w
}

// Set applies changed settings at once: a shorter DVR duration trims now, a longer one makes later rows trim less. The
// channel's ID cannot be changed.
func (w *Window) Set(s Settings) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s.Channel = w.settings.Channel
	if s == w.settings {
		return
	}
	before := w.depth()
	w.settings = s
	w.caption()
	w.trim()
	if w.depth() < before {
		w.shrunk()
	}
	w.publish()
}

// Target implements bus.Handler: the channel's target duration is fixed. While rows are held it can only be raised, if it has to be;
// a lower one waits until the window is empty (RFC 8216bis, 6.2.1: it must not change).
func (w *Window) Target(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case d < time.Second || d > maxTarget:
		return
	case d == w.target:
		w.nextGoal = 0 // one that was told before does not hold any more
		return
	case w.rows.n > 0 && d < w.target:
		w.nextGoal = d
		return
	}
	if w.rows.n > 0 {
		w.log.Warn("the target duration was raised while rows are listed", "from", w.target, "to", d)
	}
	w.target, w.nextGoal = d, 0
	w.advance()
	w.publish()
}

// CaughtUp implements bus.Handler: what was there at the time of joining is in the window.
func (w *Window) CaughtUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.caughtUp.Store(true)
	w.broadcast()
}

// Ready tells whether the window has caught up with the bus.
func (w *Window) Ready() bool { return w.caughtUp.Load() }

// Expire empties the window if its feed is gone for so long that nothing of it is within reach: the newest thing in it arrived
// more than DVR + 60 s + two segments ago. It tells whether it did.
func (w *Window) Expire(now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.rows.n == 0 && len(w.pending) == 0 {
		return false
	}
	if now.Sub(w.newest) <= w.reach() {
		return false
	}
	w.empty()
	w.publish()
	return true
}

// reach is how long the bus keeps media, or a little longer.
func (w *Window) reach() time.Duration {
	return w.settings.DVR + time.Minute + 2*max(w.settings.Segment, w.target)
}

// Close empties the window and lets go of all who wait for it. What comes later is ignored.
func (w *Window) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed.Swap(true) {
		return
	}
	w.empty()
	clear(w.runs)
	w.collectInits()
	w.publish()
}

// Closed tells whether Close was called.
func (w *Window) Closed() bool { return w.closed.Load() }

// empty drops all media. Numbers that were listed do not come back.
func (w *Window) empty() {
	for n := range w.pending {
		w.discard(n)
	}
	w.dropRows(w.rows.n)
	w.taken.shown = nil // there is nothing left that could become as far
	w.signals = nil
	if w.nextGoal > 0 {
		w.target, w.nextGoal = w.nextGoal, 0
	}
}
