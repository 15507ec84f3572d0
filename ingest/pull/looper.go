package pull

import (
	"slices"
	"time"

	"weir/ingest"
	"weir/ingest/mpegts"
	"weir/internal/media"
)

const (
	timescale = 90000
	wrap      = media.Ticks(1) << 33
	mask      = wrap - 1
	// frame is what the last sample of a track lasts that has no other.
	frame = media.Ticks(timescale / 25)
)

// looper hands the samples of a stream that is read again and again to a feed, on one timeline.
type looper struct {
	ingest.Feed
	paceBy     func(pcr int64) error
	referenced bool // the stream has clock references of its own, else samples pace it

	offset media.Ticks // of the present loop
	told   []media.Format

	any        bool
	base       media.Ticks // DTS of the loop's first sample, as it came
	start, end media.Ticks // of the loop, from base
	tracks     []extent
}

// extent is where a track is in the loop.
type extent struct {
	any         bool
	last, delta media.Ticks
}

// Start announces formats that the feed does not know yet.
func (l *looper) Start(formats []media.Format) error {
	l.tracks = make([]extent, len(formats))
	if slices.EqualFunc(l.told, formats, media.Format.Equal) {
		return nil
	}
	l.told = slices.Clone(formats)
	return l.Feed.Start(formats)
}

// Write shifts a sample to its place.
func (l *looper) Write(s media.Sample) error {
	if !l.any {
		l.any, l.base, l.start, l.end = true, s.DTS, 0, 0
	}
	at := (s.DTS - l.base) & mask
	if at >= wrap/2 {
		at -= wrap
	}
	t := &l.tracks[s.Track]
	if d := at - t.last; t.any && d > 0 && d < 10*timescale {
		t.delta = d
	}
	t.any, t.last = true, at
	l.start = min(l.start, at)
	last := t.delta
	if last == 0 {
		last = frame
	}
	l.end = max(l.end, at+last)
	if !l.referenced {
		if err := l.paceBy(int64(s.DTS&mask) * 300); err != nil {
			return err
		}
	}
	s.DTS, s.PTS = (s.DTS+l.offset)&mask, (s.PTS+l.offset)&mask
	return l.Feed.Write(s)
}

// Event shifts an event to its place, and the times in a splice.
func (l *looper) Event(e media.Event) error {
	e.PTS = (e.PTS + l.offset) & mask
	if e.Scheme == media.SchemeSCTE35 && l.offset != 0 {
		e.Data = mpegts.ShiftSplice(e.Data, l.offset)
	}
	return l.Feed.Event(e)
}

// again begins the next loop and tells how long the one before was; false: there was nothing in it.
func (l *looper) again() (time.Duration, bool) {
	if !l.any || l.end <= l.start {
		return 0, false
	}
	length := l.end - l.start
	l.offset = (l.offset + length) & mask
	l.any, l.start, l.end = false, 0, 0
	return length.Duration(timescale), true
}
