package edge

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/internal/catalog"
)

// behind is what the bus and the other edges say, as a test wants it.
type behind struct {
	mu    sync.Mutex
	lags  map[string]time.Duration
	best  int
	other bool
}

func (b *behind) lag(channel string) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lags[channel]
}

func (b *behind) others() (int, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.best, b.other
}

func (b *behind) set(lags map[string]time.Duration, best int, other bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lags, b.best, b.other = lags, best, other
}

// following is an edge with channels that are on air.
func following(t *testing.T, channels int, cfg Config) (*fixture, *behind) {
	t.Helper()
	b := &behind{}
	cfg.render, cfg.Lag, cfg.Best = fakeRenderers(), b.lag, b.others
	var ids []string
	for i := range channels {
		ids = append(ids, fmt.Sprintf("c%02d", i))
	}
	f := newFixtureWith(t, cfg, ids...)
	for range ids {
		h := <-f.handlers
		begin(h)
		for n := range uint64(10) {
			row(h, n, 1, 100)
		}
		h.CaughtUp()
	}
	f.at.Store(20)
	return f, b
}

func ready(t *testing.T, s *Server, want string) {
	t.Helper()
	got := ""
	if err := s.Ready(); err != nil {
		got = err.Error()
	}
	if got != want {
		t.Errorf("ready: %q, not %q", got, want)
	}
}

func TestLaggingChannels(t *testing.T) {
	t.Parallel()
	f, b := following(t, 4, Config{})
	s := f.server
	b.set(map[string]time.Duration{"c01": 15 * time.Second, "c02": time.Second}, 0, true)
	ready(t, s, "")
	b.set(map[string]time.Duration{"c01": 16400 * time.Millisecond, "gone": time.Hour}, 0, true)
	ready(t, s, "1 of 4 channels lag behind the bus, at another edge 0 do: c01 (16s)")
	if st, _ := s.Status("c01"); st.Lag != 16400*time.Millisecond || s.Lagging() != 1 {
		t.Errorf("lag %s, %d lag", st.Lag, s.Lagging())
	}
	b.set(map[string]time.Duration{"c01": time.Minute}, 1, true)
	ready(t, s, "") // one lags at each: players would find nothing better
	b.set(map[string]time.Duration{"c01": time.Minute, "c03": time.Hour}, 1, true)
	ready(t, s, "2 of 4 channels lag behind the bus, at another edge 1 do: c01 (1m0s), c03 (1h0m0s)")
	b.set(map[string]time.Duration{"c01": time.Minute}, 0, false)
	ready(t, s, "") // alone, it serves the others
	b.set(map[string]time.Duration{"c01": time.Minute, "c03": time.Minute}, 0, false)
	ready(t, s, "2 of 4 channels lag behind the bus: c01 (1m0s), c03 (1m0s)")
	f.at.Store(3600) // nothing of the others is on air any more
	b.set(map[string]time.Duration{"c01": time.Minute}, 0, false)
	ready(t, s, "1 of 1 channels lag behind the bus: c01 (1m0s)")
	b.set(nil, 0, true)
	ready(t, s, "") // the encoders are gone
}

func TestManyLaggingChannels(t *testing.T) {
	t.Parallel()
	f, b := following(t, 10, Config{})
	lags := make(map[string]time.Duration)
	for i := range 30 {
		id := fmt.Sprintf("d%02d", i)
		lags[id] = time.Minute
		f.catalog.mu.Lock()
		f.catalog.list = append(f.catalog.list, catalog.Channel{ID: id, DVR: time.Minute, Segment: lasts})
		f.catalog.mu.Unlock()
		f.catalog.changes <- catalog.Change{ID: id, Channel: catalog.Channel{ID: id, DVR: time.Minute, Segment: lasts}}
		<-f.handlers
	}
	b.set(lags, 0, true)
	err := f.server.Ready()
	if err == nil || !strings.HasPrefix(err.Error(), "30 of 40 channels lag") || strings.Count(err.Error(), "(1m0s)") != mostTold || !strings.HasSuffix(err.Error(), "d09 (1m0s), …") {
		t.Error(err)
	}
}

// An edge that starts reads what is there, for a while; what comes later takes nobody out.
func TestReadinessAtTheStart(t *testing.T) {
	t.Parallel()
	b := &behind{}
	f := newFixtureWith(t, Config{render: fakeRenderers(), Lag: b.lag, Best: b.others}, "news", "sport")
	news, sport := <-f.handlers, <-f.handlers
	f.await("both", func() bool { return f.server.channels.get("news") != nil && f.server.channels.get("sport") != nil })
	ready(t, f.server, "2 channels are still being read from the bus: news, sport")
	if n := f.server.Lagging(); n != 2 {
		t.Errorf("others are told that %d lag", n)
	}
	news.CaughtUp()
	if err := f.server.Ready(); err == nil {
		t.Error("it has one of two channels")
	}
	f.at.Store(int64(joinWithin / time.Second))
	ready(t, f.server, "") // the other cannot be read, and others can
	sport.CaughtUp()
	more := catalog.Channel{ID: "more", DVR: time.Minute, Segment: lasts}
	f.at.Store(0)
	f.catalog.mu.Lock()
	f.catalog.list = append(f.catalog.list, more)
	f.catalog.mu.Unlock()
	ready(t, f.server, "")
	f.catalog.changes <- catalog.Change{ID: "more", Channel: more}
	<-f.handlers
	ready(t, f.server, "") // it has just been made
	b.set(map[string]time.Duration{"more": time.Minute}, 0, true)
	ready(t, f.server, "1 of 1 channels lag behind the bus, at another edge 0 do: more (1m0s)")
}

// A channel that somebody has just woken up has its time, and one that sleeps needs none.
func TestReadinessOfIdleChannels(t *testing.T) {
	t.Parallel()
	b := &behind{}
	f := newFixtureWith(t, Config{Idle: time.Minute, render: fakeRenderers(), Lag: b.lag, Best: b.others}, "news", "sport")
	f.await("both", func() bool { return f.server.channels.get("news") != nil && f.server.channels.get("sport") != nil })
	ready(t, f.server, "")
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		f.get("GET", "/live/news/index.m3u8")
	}()
	h := <-f.handlers
	b.set(map[string]time.Duration{"news": 10 * time.Second}, 0, true)
	ready(t, f.server, "")
	b.set(map[string]time.Duration{"news": 20 * time.Second}, 0, true)
	ready(t, f.server, "1 of 1 channels lag behind the bus, at another edge 0 do: news (20s)")
	h.CaughtUp()
	<-asked
}
