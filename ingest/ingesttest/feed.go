package ingesttest

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"

	"weir/ingest"
	"weir/internal/media"
)

// Feed is an ingest.Feed that keeps everything, and takes no more than the real one does.
type Feed struct {
	Publish ingest.Publish

	done chan struct{}
	mu   sync.Mutex
	got  Record
	over bool
	err  error
}

// Record is what a feed has brought so far.
type Record struct {
	Starts  [][]media.Format
	Samples []media.Sample
	At      []int // which start each sample follows, from 0
	Events  []media.Event
	Drops   map[string]int // by their reasons

	Closed bool  // by the adapter
	Reason error // as it gave it
}

// Of are the samples of a track, in all starts.
func (r Record) Of(track int) (all []media.Sample) {
	for _, s := range r.Samples {
		if s.Track == track {
			all = append(all, s)
		}
	}
	return all
}

// Formats are those announced last.
func (r Record) Formats() []media.Format {
	if len(r.Starts) == 0 {
		return nil
	}
	return r.Starts[len(r.Starts)-1]
}

// Dropped is how many samples were left out, for all reasons.
func (r Record) Dropped() (n int) {
	for _, d := range r.Drops {
		n += d
	}
	return n
}

// NewFeed is a feed that no server has opened.
func NewFeed(p ingest.Publish) *Feed {
	return &Feed{Publish: p, done: make(chan struct{}), got: Record{Drops: make(map[string]int)}}
}

// Start is part of ingest.Feed.
func (f *Feed) Start(formats []media.Format) error {
	return f.take(func(r *Record) error {
		r.Starts = append(r.Starts, formats)
		return nil
	})
}

// Write is part of ingest.Feed: a sample of a track that was not announced is an error.
func (f *Feed) Write(s media.Sample) error {
	return f.take(func(r *Record) error {
		if s.Track < 0 || s.Track >= len(r.Formats()) {
			return fmt.Errorf("sample of track %d was not announced", s.Track)
		}
		r.Samples, r.At = append(r.Samples, s), append(r.At, len(r.Starts)-1)
		return nil
	})
}

// Event is part of ingest.Feed: one that comes before the tracks is an error.
func (f *Feed) Event(e media.Event) error {
	return f.take(func(r *Record) error {
		if len(r.Starts) == 0 {
			return errors.New("event before the tracks")
		}
		r.Events = append(r.Events, e)
		return nil
	})
}

// take keeps something, unless the feed is over.
func (f *Feed) take(keep func(*Record) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		if f.err != nil {
			return f.err
		}
		return errors.New("the feed was closed")
	}
	return keep(&f.got)
}

// Dropped is part of ingest.Feed.
func (f *Feed) Dropped(why string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got.Drops[why]++
}

// Done is part of ingest.Feed.
func (f *Feed) Done() <-chan struct{} { return f.done }

func (f *Feed) isOver() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.over
}

// Err is part of ingest.Feed.
func (f *Feed) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// Close is part of ingest.Feed.
func (f *Feed) Close(reason error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.got.Closed {
		f.got.Closed, f.got.Reason = true, reason
	}
	f.end(reason)
}

// End is the server's wish that the publisher goes.
func (f *Feed) End(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.end(err)
}

func (f *Feed) end(err error) {
	if !f.over {
		f.over, f.err = true, err
		close(f.done)
	}
}

// Got is what has come until now.
func (f *Feed) Got() Record {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.got
	r.Drops = maps.Clone(r.Drops)
	return r
}

// Wait waits until ok says yes to what has come. That the adapter ends the feed before is an error.
func (f *Feed) Wait(t testing.TB, what string, ok func(Record) bool) (r Record) {
	t.Helper()
	Eventually(t, what, func() bool {
		r = f.Got()
		enough := ok(r)
		if !enough && r.Closed {
			t.Fatalf("%d samples came, then the feed was closed (%v) before: %s", len(r.Samples), r.Reason, what)
		}
		return enough
	})
	return r
}

// WaitSamples waits until n samples have come.
func (f *Feed) WaitSamples(t testing.TB, n int) []media.Sample {
	t.Helper()
	return f.Wait(t, fmt.Sprintf("%d samples", n), func(r Record) bool { return len(r.Samples) >= n }).Samples
}

// WaitClosed waits until the adapter has closed the feed, and gives why it did.
func (f *Feed) WaitClosed(t testing.TB) error {
	t.Helper()
	return f.Wait(t, "the feed is closed", func(r Record) bool { return r.Closed }).Reason
}
