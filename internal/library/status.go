package library

import (
	"time"

	"weir/internal/media"
)

// Status is how an asset does that somebody has asked for.
type Status struct {
	Opened      time.Time // when its files were indexed; zero: they could not be
	Tracks      []media.Track
	Duration    time.Duration
	IndexBytes  int64  // memory that the indexes of its files take
	Site        string // that its first file is read from
	LastError   string // why it could not be opened or read; "" where nothing went wrong
	LastErrorAt time.Time
	Problems    []string // what it is played without, and what else is wrong in its files
}

// Stats is what all assets take, and how often it was of use.
type Stats struct {
	Titles     int    // that are open
	Impaired   int    // of these, those that are played without some of their files
	IndexBytes int64  // memory that their indexes take
	CacheBytes int64  // of packaged segments that are kept in memory, those at the beginnings of titles among them
	HeadBytes  int64  // of these
	Hits       uint64 // segments that were asked for and in memory
	Misses     uint64 // segments that had to be read
	Packaged   uint64 // segments that were made of files for the memory; what was read for one may make others complete
	Reads      uint64 // of files, for segments
	Failures   uint64 // of these
}

// Status is how the asset of that ID does; false: nobody has asked for it lately. Clips have none.
func (l *Library) Status(id string) (Status, bool) {
	s := &l.shelf
	s.mu.Lock()
	defer s.mu.Unlock()
	sl := s.by[id]
	if sl == nil || !sl.done() {
		return Status{}, false
	}
	if sl.title == nil {
		return Status{LastError: sl.err.Error(), LastErrorAt: sl.checked}, true
	}
	t := sl.title
	w := t.plan.Window()
	st := Status{Opened: t.opened, Tracks: w.Tracks, IndexBytes: t.bytes, LastErrorAt: t.failedAt, Problems: t.problems}
	if from, to, ok := w.Bounds(); ok {
		st.Duration = to.Sub(from)
	}
	if of, ok := t.files[0].(interface{ Site() string }); ok {
		st.Site = of.Site()
	}
	if t.failure != nil {
		st.LastError = t.failure.Error()
	}
	return st, true
}

// Stats is what all assets take now.
func (l *Library) Stats() Stats {
	l.shelf.mu.Lock()
	st := Stats{Titles: len(l.shelf.by), IndexBytes: l.shelf.bytes}
	for _, sl := range l.shelf.by {
		if sl.title != nil && len(sl.title.lost) > 0 {
			st.Impaired++
		}
	}
	l.shelf.mu.Unlock()
	st.CacheBytes, st.HeadBytes = l.cache.bytes(), l.cache.pinnedBytes()
	st.Hits, st.Misses = l.cache.hits.Load(), l.cache.misses.Load()
	st.Packaged, st.Reads, st.Failures = l.packaged.Load(), l.reads.Load(), l.failures.Load()
	return st
}
