// Package ingesttest is the server's side in the tests of adapters: it admits feeds or refuses them, and keeps what they bring. All of
// it is safe for concurrent use. What must come is waited for a minute: machines stand still.
package ingesttest

import (
	"context"
	"slices"
	"sync"
	"testing"

	"weir/ingest"
)

// Server is an ingest.Opener that admits every feed but those that it is told to refuse.
type Server struct {
	Refuse    func(ingest.Publish) error // why a feed is not admitted; nil admits all
	Exclusive bool                       // one feed at a time of a channel's rendition, as with the real one

	mu    sync.Mutex
	feeds []*Feed
	given int // of feeds, by Next
}

// Open is part of ingest.Opener: its feeds are *Feed.
func (s *Server) Open(_ context.Context, p ingest.Publish) (ingest.Feed, error) {
	if s.Refuse != nil {
		if err := s.Refuse(p); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := func(f *Feed) bool {
		return f.Publish.Channel == p.Channel && f.Publish.Rendition == p.Rendition && !f.isOver()
	}
	if s.Exclusive && slices.ContainsFunc(s.feeds, taken) {
		return nil, ingest.ErrTaken
	}
	f := NewFeed(p)
	s.feeds = append(s.feeds, f)
	return f, nil
}

// Feeds are all that were admitted, the oldest first.
func (s *Server) Feeds() []*Feed {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.feeds)
}

// Next waits for the oldest feed that it has not given yet.
func (s *Server) Next(t testing.TB) (f *Feed) {
	t.Helper()
	Eventually(t, "a feed", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.given == len(s.feeds) {
			return false
		}
		f = s.feeds[s.given]
		s.given++
		return true
	})
	return f
}
