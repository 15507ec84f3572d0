package shard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"weir/internal/kvwatch"
)

// How often an edge says that it is there, and for how long it may be silent, in beats.
const (
	beatEvery = time.Second
	silentFor = 5 // beats
)

// Config is what a member needs.
type Config struct {
	// Bucket binds to the bucket, or waits for it until ctx ends: bus.Bus.Edges.
	Bucket func(ctx context.Context) (jetstream.KeyValue, error)
	Self   Member
	Load   func() (connections, lagging int) // of players, and of channels; nil: none
	Log    *slog.Logger
	Now    func() time.Time // nil: time.Now

	every time.Duration // 0: beatEvery
}

// Members knows which edges live. Make one with Join, end it with Close.
type Members struct {
	cfg  Config
	all  atomic.Pointer[table]
	wg   sync.WaitGroup
	stop context.CancelFunc

	mu   sync.Mutex
	seen map[string]*sighting
	put  time.Time // when a beat of our own was stored last
}

// sighting is when a member was heard of.
type sighting struct {
	Member
	at time.Time
}

// table is who lives. It is immutable.
type table struct {
	all    []State
	share  []Member // of the own group, that can be asked, and the edge itself
	others int      // of share
}

// State is a member that lives.
type State struct {
	Member
	Self bool
	Seen time.Time // by this edge; its own where it has not come back from the bus yet: zero
}

// Join begins to tell and to hear who is there.
func Join(cfg Config) *Members {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Load == nil {
		cfg.Load = func() (int, int) { return 0, 0 }
	}
	if cfg.every == 0 {
		cfg.every = beatEvery
	}
	m := &Members{cfg: cfg, seen: make(map[string]*sighting)}
	m.settle()
	ctx, stop := context.WithCancel(context.Background())
	m.stop = stop
	m.wg.Go(func() { m.run(ctx) })
	return m
}

// Close says that the edge leaves, and ends.
func (m *Members) Close() {
	m.stop()
	m.wg.Wait()
}

// List is who lives, by ID.
func (m *Members) List() []State { return m.all.Load().all }

// Others is how many live with whom something is shared.
func (m *Members) Others() int { return m.all.Load().others }

// Best is how many channels lag at that other edge of the own group where the fewest do; false: no other lives.
func (m *Members) Best() (lagging int, other bool) {
	for _, s := range m.List() {
		if s.Self || s.Group != m.cfg.Self.Group {
			continue
		}
		if !other || s.Lagging < lagging {
			lagging, other = s.Lagging, true
		}
	}
	return lagging, other
}

// Owner is whose an object is, by the key that all members have for it; false: the edge's own. Who is passed over owns nothing.
func (m *Members) Owner(key string, passed func(id string) bool) (Member, bool) {
	t := m.all.Load()
	if t.others == 0 {
		return m.cfg.Self, false
	}
	i := owner(t.share, key, passed)
	if i < 0 || t.share[i].ID == m.cfg.Self.ID {
		return m.cfg.Self, false
	}
	return t.share[i], true
}

// run is one session with the bucket after the other until ctx ends.
func (m *Members) run(ctx context.Context) {
	told := false
	for {
		err := m.session(ctx)
		if ctx.Err() != nil {
			return
		}
		if !told {
			m.cfg.Log.Warn("which other edges live is not known for the moment", "err", err)
		}
		told = true
		timer := time.NewTimer(m.cfg.every)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

var errDeaf = errors.New("beats are stored and do not come back")

// session beats and listens, until ctx or the watch ends, or the watch brings nothing any more.
func (m *Members) session(ctx context.Context) error {
	kv, err := m.cfg.Bucket(ctx)
	if err != nil {
		return err
	}
	w, err := kvwatch.All(ctx, kv)
	if err != nil {
		return fmt.Errorf("watch edges: %w", err)
	}
	defer w.End()
	m.mu.Lock()
	m.put = time.Time{}
	m.mu.Unlock()
	beating, end := context.WithCancel(ctx)
	var beats sync.WaitGroup
	beats.Go(func() { m.beat(beating, kv) })
	defer beats.Wait()
	defer end()
	ticker := time.NewTicker(m.cfg.every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e, ok := <-w.Updates():
			if !ok {
				return errors.New("the bus ended the watch of edges")
			}
			if e != nil { // nil: all that was there has been handed over
				m.take(e)
			}
		case <-ticker.C:
			if m.deaf() {
				return errDeaf
			}
		}
	}
}

// deaf tells whether own beats have been stored for long that were not heard.
func (m *Members) deaf() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	self := m.seen[m.cfg.Self.ID]
	return self != nil && m.put.Sub(self.at) > silentFor*m.cfg.every
}

// take hears of a member.
func (m *Members) take(e jetstream.KeyValueEntry) {
	id := e.Key()
	m.mu.Lock()
	defer m.mu.Unlock()
	known := m.seen[id]
	if e.Operation() != jetstream.KeyValuePut {
		if known != nil && id != m.cfg.Self.ID {
			delete(m.seen, id)
			m.settle()
		}
		return
	}
	word, err := parse(id, e.Value())
	if err != nil {
		m.cfg.Log.Warn("what an edge says of itself is ignored", "err", err)
		return
	}
	now := m.cfg.Now()
	if known == nil && len(m.seen) < maxMembers {
		m.seen[id] = &sighting{word, now}
		m.settle()
		return
	}
	if known == nil {
		return
	}
	changed := known.Member != word
	known.Member, known.at = word, now
	if id == m.cfg.Self.ID {
		for other, s := range m.seen {
			if now.Sub(s.at) > silentFor*m.cfg.every {
				delete(m.seen, other)
				changed = true
			}
		}
	}
	if changed || id == m.cfg.Self.ID {
		m.settle()
	}
}

// settle makes the table of who lives. m.mu is held, or nobody else has m yet.
func (m *Members) settle() {
	self := m.cfg.Self
	self.Load, self.Lagging = m.cfg.Load()
	t := &table{}
	mine := State{Member: self, Self: true}
	if s := m.seen[self.ID]; s != nil {
		mine.Seen = s.at
	}
	t.all, t.share = append(t.all, mine), append(t.share, self)
	for id, s := range m.seen {
		if id == self.ID {
			continue
		}
		t.all = append(t.all, State{Member: s.Member, Seen: s.at})
		if s.Group == self.Group && s.Address != "" && self.Address != "" {
			t.share = append(t.share, s.Member)
			t.others++
		}
	}
	slices.SortFunc(t.all, func(a, b State) int { return cmp.Compare(a.ID, b.ID) })
	old := m.all.Swap(t)
	if old != nil && old.others != t.others {
		m.cfg.Log.Info("edges that share what they read", "others", t.others)
	}
}
