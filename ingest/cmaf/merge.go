package cmaf

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"weir/internal/media"
	"weir/packager"
)

const (
	// slack is how far the tracks may be from each other when they are handed over: a packager bears with it, and chunks of video need
	// not wait for those of audio that come a moment later.
	slack = 500 * time.Millisecond
	// Bounds on how long a track is waited for: three times what a sender sends at once.
	leastWait, mostWait = 2 * time.Second, 20 * time.Second
	maxQueued           = 64 << 20 // bytes of a session's queues: beyond, nobody is waited for
	maxQueuedSamples    = 1 << 15
)

// wait is how long the session waits for a track that others are ahead of.
func (s *session) wait() time.Duration {
	longest := time.Duration(0)
	for _, t := range s.tracks {
		longest = max(longest, t.burst())
	}
	return min(max(3*longest, leastWait), mostWait)
}

// release hands over what can go, in the order of decoding times; all of it where final. The lock is held.
func (s *session) release(now time.Time, final bool) error {
	if !s.started {
		if !s.ready(now, final) {
			return nil
		}
		if err := s.announce(); err != nil {
			return err
		}
	}
	for {
		t := s.first()
		if t == nil {
			return nil
		}
		if !final && s.mustWait(t, now) {
			return nil
		}
		if err := s.hand(t); err != nil {
			return err
		}
	}
}

// first is the track whose next sample is decoded first; nil: nothing is queued.
func (s *session) first() (first *track) {
	for _, t := range s.tracks {
		if len(t.queue) > 0 && (first == nil || t.queue[0].ns < first.queue[0].ns) {
			first = t
		}
	}
	return first
}

// mustWait tells whether the next sample, which is t's, has to wait for a track that has not come so far.
func (s *session) mustWait(t *track, now time.Time) bool {
	head := &t.queue[0]
	for _, other := range s.tracks {
		if other == t || len(other.queue) > 0 || other.ended || other.behind || !other.seen || other.format.Codec.Kind() == media.Text {
			continue
		}
		if head.ns <= other.reached+media.Ticks(slack) {
			continue
		}
		if now.Sub(head.came) <= s.wait() && !s.full() {
			return true
		}
		other.behind = true
		s.log.Warn("a track stopped: the others go on without it", "track", other.name)
	}
	return false
}

// full tells whether no more can be held.
func (s *session) full() bool {
	bytes, samples := 0, 0
	for _, t := range s.tracks {
		bytes += t.bytes
		samples += len(t.queue)
	}
	return bytes > maxQueued || samples > maxQueuedSamples
}

// caughtUp tells whether a track that was left behind has come to where the others are.
func (s *session) caughtUp(t *track) bool {
	return t.reached+media.Ticks(slack) >= s.handed
}

// hand hands the next sample of t over.
func (s *session) hand(t *track) error {
	w := t.take()
	s.handed = max(s.handed, w.ns)
	if w.format != nil {
		if err := s.change(t, *w.format); err != nil {
			return err
		}
	}
	if t.index < 0 {
		s.feed.Dropped(fmt.Sprintf("track %s: samples before its parameter sets", t.name))
		return nil
	}
	w.Track = t.index
	if w.Arrived.IsZero() {
		w.Arrived = w.came
	}
	return s.feed.Write(w.Sample)
}

// change announces a format of t that is new, or another one than before.
func (s *session) change(t *track, f media.Format) error {
	if !complete(f) {
		return nil
	}
	if t.index >= 0 && s.formats[t.index].Equal(f) {
		return nil
	}
	if _, err := packager.Describe(f); err != nil {
		s.feed.Dropped(fmt.Sprintf("track %s: parameter sets that cannot be used: %v", t.name, err))
		return nil
	}
	if t.index < 0 {
		t.index = len(s.formats)
		s.formats = append(s.formats, f)
	} else {
		s.formats[t.index] = f
	}
	return s.feed.Start(slices.Clone(s.formats))
}

// ready tells whether the feed can start: all tracks that have a header have shown media, and there was a moment for others.
func (s *session) ready(now time.Time, final bool) bool {
	if s.firstAt.IsZero() {
		return false
	}
	if final || s.full() {
		return true
	}
	since := now.Sub(s.firstAt)
	if since < s.cfg.Gather {
		return false
	}
	for _, t := range s.tracks {
		if !t.seen && !t.ended && since < s.cfg.GatherMost {
			return false
		}
	}
	return true
}

// announce starts the feed with the tracks that are there: pictures by size, the largest first, then the names decide, so that each
// has its place again whenever the sender comes back.
func (s *session) announce() error {
	tracks := slices.Clone(s.tracks)
	tracks = slices.DeleteFunc(tracks, func(t *track) bool { return len(t.queue) == 0 })
	height := func(t *track) int {
		d, err := packager.Describe(t.format)
		if err != nil {
			return 0
		}
		return d.Height
	}
	slices.SortStableFunc(tracks, func(a, b *track) int {
		return cmp.Or(cmp.Compare(height(b), height(a)), strings.Compare(a.key, b.key))
	})
	for _, t := range tracks {
		f := t.queue[0].format
		if f == nil || !complete(*f) {
			continue // its samples will say
		}
		t.index = len(s.formats)
		s.formats = append(s.formats, *f)
		t.queue[0].format = nil
	}
	s.started = true
	for _, t := range s.tracks {
		t.backdate()
		if !t.seen {
			t.behind = true // it joins when it comes
		}
	}
	if len(s.formats) == 0 {
		return nil
	}
	if err := s.feed.Start(slices.Clone(s.formats)); err != nil {
		return err
	}
	for _, e := range s.early {
		if err := s.feed.Event(e); err != nil {
			return err
		}
	}
	s.early = nil
	return nil
}
