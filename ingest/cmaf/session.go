package cmaf

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"weir/ingest"
	"weir/internal/media"
)

const (
	maxSources = 32 // of a session: what is pushed under one path each
	maxHosts   = 16 // that push to one session
	maxEarly   = 64 // events that wait for the feed's start
	tick       = 100 * time.Millisecond
)

// session is the feed of a channel, and all requests that bring it.
type session struct {
	cfg     Config
	log     *slog.Logger
	channel string
	key     [sha256.Size]byte
	feed    ingest.Feed
	quit    chan struct{} // closed to end it; reason says why
	opened  time.Time
	once    sync.Once
	reason  error
	done    chan struct{} // closed when the feed is closed, and another one may be opened

	mu        sync.Mutex // guards what follows, and the feed's Start, Write and Event
	hosts     map[string]bool
	sources   map[string]*source // by the names of tracks in paths
	tracks    []*track           // media, in the order in which they came
	formats   []media.Format     // as announced
	started   bool
	firstAt   time.Time // when the first sample came
	handed    media.Ticks
	early     []media.Event
	requests  map[*request]bool
	last      time.Time // when something of use came
	manifests int
	slates    int
	over      bool
}

// source is what is pushed under one path: one track, or those of one header.
type source struct {
	name    string
	header  *header
	refused error // of the header: what is to be said of its segments
	tracks  map[uint32]*track
	turn    chan struct{} // holds the one request that may bring samples
	holder  *request
}

func newSession(cfg Config, channel string, key [sha256.Size]byte, feed ingest.Feed) *session {
	return &session{
		cfg: cfg, log: cfg.Log.With("channel", channel), channel: channel, key: key, feed: feed, last: cfg.Now(), opened: cfg.Now(),
		quit: make(chan struct{}), done: make(chan struct{}), hosts: make(map[string]bool), sources: make(map[string]*source),
		requests: make(map[*request]bool),
	}
}

// end tells the session to end; nil: as the sender wishes. The first reason stands.
func (s *session) end(reason error) {
	s.once.Do(func() {
		s.reason = reason
		close(s.quit)
	})
}

// run does what time decides until the session ends, and then ends all of it.
func (s *session) run(closing <-chan struct{}) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for going := true; going; {
		select {
		case <-ticker.C:
			s.tick()
		case <-s.feed.Done():
			s.end(s.feed.Err())
		case <-closing:
			s.end(ingest.ErrClosing)
		case <-s.quit:
			going = false
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	for r := range s.requests {
		r.interrupt(s.ending())
	}
	select {
	case <-s.feed.Done():
	default:
		if err := s.release(s.cfg.Now(), true); err != nil {
			s.log.Debug("the end of the feed was not taken", "err", err)
		}
	}
	s.feed.Close(s.reason)
	s.log.Debug("cmaf session ended", "manifests", s.manifests, "slates", s.slates)
}

// ending is what requests are told of the session's end.
func (s *session) ending() error {
	if s.reason == nil {
		return ingest.ErrEnded
	}
	return s.reason
}

// tick ends what has waited long enough.
func (s *session) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now()
	if err := s.release(now, false); err != nil {
		s.end(err)
		return
	}
	if s.finished(now) {
		s.end(nil)
		return
	}
	patience := s.cfg.Idle
	for _, t := range s.tracks {
		patience = max(patience, 3*t.burst())
	}
	if now.Sub(s.last) > patience {
		s.end(fmt.Errorf("%w for %s", errIdle, patience.Round(time.Second)))
	}
}

// source is that of a path; nil: no header has come under it.
func (s *session) source(a address) *source {
	for _, name := range a.parts {
		if src := s.sources[name]; src != nil {
			return src
		}
	}
	return nil
}

// put takes a header that came under a path. It is refused in the words that its segments will be refused with too.
func (s *session) put(a address, moov []byte) (*source, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return nil, s.ending()
	}
	src := s.sources[a.whole]
	if src == nil {
		if len(s.sources) >= maxSources {
			return nil, fmt.Errorf("%w: %d headers under different paths", ingest.ErrLimit, maxSources)
		}
		src = &source{name: a.whole, tracks: make(map[uint32]*track), turn: make(chan struct{}, 1)}
		s.sources[a.whole] = src
	}
	same := src.header != nil && bytes.Equal(src.header.raw, moov)
	if !same {
		src.header, src.refused = parseHeader(moov)
		if src.refused != nil {
			src.header = nil
			return nil, src.refused
		}
	}
	s.last = s.cfg.Now()
	for i := range src.header.tracks {
		h := &src.header.tracks[i]
		if err := s.follow(src, h, same); err != nil {
			return nil, err
		}
	}
	return src, nil
}

// follow takes a track of a header over.
func (s *session) follow(src *source, h *headerTrack, same bool) error {
	t := src.tracks[h.id]
	switch {
	case h.role != isMedia:
		if !same && h.role == isLeftOut {
			s.log.Info("a track is left out: it has neither pictures nor sound, nor text or events that are known", "path", src.name, "kind", h.entry)
		}
	case t != nil:
		t.fresh = true
		if !same {
			t.follows(h)
		}
	case len(s.tracks) >= maxTracks:
		return fmt.Errorf("%w: %d tracks are taken", ingest.ErrLimit, maxTracks)
	default:
		t = &track{name: src.name, key: src.name, format: h.format, index: -1, sets: inConfig(h.format.Codec, h.format.Config)}
		if len(src.header.tracks) > 1 {
			t.key = fmt.Sprintf("%s#%d", src.name, h.id)
			t.name = t.key
		}
		src.tracks[h.id] = t
		s.tracks = append(s.tracks, t)
	}
	return nil
}

// push takes a sample of a source.
func (s *session) push(src *source, p place, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return s.ending()
	}
	now := s.cfg.Now()
	s.last = now
	t := src.tracks[p.track.id]
	if t == nil {
		s.feed.Dropped(fmt.Sprintf("track %s is left out: %s", src.name, p.track.entry))
		return nil
	}
	if why := t.left(p.dts, data); why != "" {
		s.feed.Dropped(why)
		return nil
	}
	t.add(p, data, now)
	if s.firstAt.IsZero() {
		s.firstAt = now
	}
	if t.behind && s.caughtUp(t) {
		t.behind = false
	}
	return s.release(now, false)
}

// event takes something timed that is no media.
func (s *session) event(e media.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = s.cfg.Now()
	switch {
	case s.over:
		return s.ending()
	case len(s.formats) > 0:
		return s.feed.Event(e)
	case len(s.early) >= maxEarly:
		s.feed.Dropped("events before the tracks are known")
	default:
		s.early = append(s.early, e)
	}
	return nil
}

// enter adds a request, which is interrupted when the session ends.
func (s *session) enter(q *request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return s.ending()
	}
	s.requests[q] = true
	return nil
}

func (s *session) leave(q *request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.requests, q)
}

// slate notes that the sender filled a hole in its source (interface 1, clause 18).
func (s *session) slate(track string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.slates++; s.slates == 1 {
		s.log.Info("the sender fills holes in its source with segments of its own", "track", track)
	}
}

// manifest notes a manifest that came beside the media.
func (s *session) manifest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.manifests++; s.manifests == 1 {
		s.log.Info("manifests that the sender pushes are not used: ours are made of its media")
	}
}

// ended notes that a source's tracks are over.
func (s *session) ended(src *source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range src.tracks {
		t.ended = true
	}
}

// finished tells whether all tracks are over, and no other one has come for a moment. Text has no say: there may be none for long.
func (s *session) finished(now time.Time) bool {
	for _, t := range s.tracks {
		if !t.ended && t.format.Codec.Kind() != media.Text {
			return false
		}
	}
	return len(s.tracks) > 0 && now.Sub(s.last) > s.cfg.Gather
}

// host is the address of a peer without its port.
func host(remote string) string {
	if h, _, err := net.SplitHostPort(remote); err == nil {
		return h
	}
	return remote
}
