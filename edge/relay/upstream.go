package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	lookEvery   = time.Second
	lookTimeout = 2 * time.Second
	maxMissed   = 2 // looks in a row that fail: then it is down
	maxClock    = 64
)

var errDown = errors.New("the upstream does not answer any more")

// upstream is an edge of another cluster.
type upstream struct {
	url string

	requests, failures, bytes atomic.Uint64

	mu     sync.Mutex
	missed int
	why    error         // of the last look; nil: it is well
	since  time.Time     // when it went down; zero: it is up
	down   chan struct{} // closed when it goes down
	ahead  time.Duration // of its clock before ours
	told   bool          // that is known
}

// UpstreamStats is how an upstream does.
type UpstreamStats struct {
	URL      string    `json:"url"`
	Up       bool      `json:"up"`
	Since    time.Time `json:"downSince,omitzero"`
	Why      string    `json:"lastError,omitempty"`
	Requests uint64    `json:"requests"`
	Failures uint64    `json:"failures"`
	Bytes    uint64    `json:"bytes"`
	// Ahead is by how much its clock is before ours, in milliseconds.
	Ahead int64 `json:"clockAheadMillis"`
}

func newUpstream(url string) *upstream {
	return &upstream{url: strings.TrimSuffix(url, "/"), down: make(chan struct{})}
}

// stats is how it does.
func (u *upstream) stats() UpstreamStats {
	u.mu.Lock()
	defer u.mu.Unlock()
	st := UpstreamStats{
		URL: u.url, Up: u.since.IsZero(), Since: u.since, Requests: u.requests.Load(), Failures: u.failures.Load(), Bytes: u.bytes.Load(),
		Ahead: u.ahead.Milliseconds(),
	}
	if u.why != nil {
		st.Why = u.why.Error()
	}
	return st
}

// up tells whether it is to be asked, and what is closed when that ends.
func (u *upstream) up() (bool, <-chan struct{}) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.since.IsZero(), u.down
}

// note takes in what came of a look. It is true where the upstream went down or came back by that.
func (u *upstream) note(why error, now time.Time) (turned bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.why = why
	if why == nil {
		u.missed = 0
		if turned = !u.since.IsZero(); turned {
			u.since, u.down = time.Time{}, make(chan struct{})
		}
		return turned
	}
	if u.missed++; u.missed == maxMissed {
		u.since, turned = now, true
		close(u.down)
	}
	return turned
}

// look asks an upstream for its time.
func (s *Server) look(ctx context.Context, u *upstream) error {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	began := s.cfg.Now()
	resp, err := s.request(ctx, u, "/time", nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxClock))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d for /time", resp.StatusCode)
	}
	at, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("this is no edge of Weir: %q for /time", text)
	}
	now := s.cfg.Now()
	u.mu.Lock()
	u.ahead, u.told = at.Sub(began.Add(now.Sub(began)/2)), true
	u.mu.Unlock()
	return nil
}

// watch looks at an upstream again and again until ctx ends.
func (s *Server) watch(ctx context.Context, u *upstream) {
	ticker := time.NewTicker(s.cfg.every)
	defer ticker.Stop()
	for {
		err := s.look(ctx, u)
		if ctx.Err() != nil {
			return
		}
		switch turned := u.note(err, s.cfg.Now()); {
		case turned && err != nil:
			s.cfg.Log.Warn("an upstream is down", "upstream", u.url, "err", err)
		case turned:
			s.cfg.Log.Info("an upstream is up again", "upstream", u.url)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// choose is the upstream to ask, of those that were not asked yet: the first that is up, else the first.
func (s *Server) choose(asked map[*upstream]bool) *upstream {
	var any *upstream
	for _, u := range s.upstreams {
		if asked[u] {
			continue
		}
		if up, _ := u.up(); up {
			return u
		}
		if any == nil {
			any = u
		}
	}
	return any
}

// another tells whether there is one more that is up and was not asked.
func (s *Server) another(asked map[*upstream]bool, but *upstream) bool {
	for _, u := range s.upstreams {
		if up, _ := u.up(); up && u != but && !asked[u] {
			return true
		}
	}
	return false
}

// Ready is nil where an upstream answers.
func (s *Server) Ready() error {
	var all []error
	for _, u := range s.upstreams {
		st := u.stats()
		u.mu.Lock()
		told := u.told
		u.mu.Unlock()
		if st.Up && told {
			return nil
		}
		all = append(all, fmt.Errorf("upstream %s does not answer: %s", st.URL, st.Why))
	}
	return errors.Join(all...)
}

// clock is the time as the first upstream that is up has it.
func (s *Server) clock() time.Time {
	now := s.cfg.Now()
	for _, u := range s.upstreams {
		u.mu.Lock()
		ahead, good := u.ahead, u.told && u.since.IsZero()
		u.mu.Unlock()
		if good {
			return now.Add(ahead)
		}
	}
	return now
}
