package ingest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/internal/bus"
	"weir/internal/media"
)

// electing is a bus whose cluster elects a leader, as long as it is shut: nobody is answered.
type electing struct {
	SharedBus
	mu   sync.Mutex
	shut bool
}

func (e *electing) set(shut bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.shut = shut
}

func (e *electing) err() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.shut {
		return context.DeadlineExceeded
	}
	return nil
}

func (e *electing) Ask(ctx context.Context, channel string, want bus.Want, ready bool) (bus.Answer, error) {
	if err := e.err(); err != nil {
		return bus.Answer{}, fmt.Errorf("%w: %w", bus.ErrNoAnswer, err)
	}
	return e.SharedBus.Ask(ctx, channel, want, ready)
}

func (e *electing) Holder(ctx context.Context, channel string) (bus.Hold, error) {
	if err := e.err(); err != nil {
		return bus.Hold{}, err
	}
	return e.SharedBus.Holder(ctx, channel)
}

// A writer is cut off, and it takes long until another can take its place: all that came meanwhile is held, and goes out at once, in its order, with its
// times, and at the rates that it has.
func TestTakeoverAfterALongTime(t *testing.T) {
	t.Parallel()
	c := newCouple(t)
	clock := &fakeClock{t: time.Unix(1_800_000_000, 0)} // goes with the feed, which is faster here than time
	between := &electing{SharedBus: OnBus(c.buses[1]).(SharedBus)}
	for i, s := range c.servers {
		s.cfg.Now = clock.now
		if i == 1 {
			s.cfg.Bus = between
		}
	}
	send := func(what string, until func() bool) {
		c.run(what, func() bool { clock.advance(40 * time.Millisecond); return until() })
	}
	c.connect(0)
	c.connect(1)
	send("rows", func() bool { return c.seen.rows() >= 6 })
	writer := c.servers[0].session("news").writes()
	send("one that is ready", func() bool { st, _ := c.servers[1].Status("news"); return st.Ready && writer.Follower() != "" })
	between.set(true)
	c.mute[0] = true
	gone := c.frame
	c.pace = time.Millisecond
	send("the end of the election", func() bool { return c.frame >= gone+int(20*time.Second/(40*time.Millisecond)) })
	st, _ := c.servers[1].Status("news")
	if st.Held < 20*time.Second || st.Cut > 0 || st.Role != Standby {
		t.Errorf("%+v", st)
	}
	between.set(false)
	// Nothing more comes until it has been taken over, so that a slow machine has its time.
	for late := time.After(patience); !strings.Contains(c.log.String(), "goes on with the run"); {
		if strings.Contains(c.log.String(), "discontinuity") {
			t.Fatal("not all is held")
		}
		select {
		case <-late:
			t.Fatal("waited in vain for the takeover")
		case <-time.After(5 * time.Millisecond):
		}
	}
	c.pace = 15 * time.Millisecond
	have := c.frame
	send("what came last", func() bool { all, _ := c.seen.frames(t, "v1"); return all[len(all)-1] > have })
	c.whole()
	if st, _ := c.servers[1].Status("news"); st.Seamless != 1 || st.LostSegments > 0 {
		t.Errorf("%+v", st)
	}
	c.seen.put(func() {
		first := c.seen.chunks[0]
		for _, ch := range c.seen.chunks {
			if at := ch.Start.Time(ch.Timescale); ch.Index == 0 && ch.Track == "v1" {
				if off := ch.Wall.Sub(at) - first.Wall.Sub(first.Start.Time(first.Timescale)); off.Abs() > 100*time.Millisecond {
					t.Errorf("row %d is said to be of %v, which is off by %v", ch.Segment, ch.Wall, off)
				}
			}
		}
		settled := map[string]media.Rate{}
		for _, e := range c.seen.ends {
			if e.Segment == 3 {
				settled[e.Track] = e.Rate
			}
			if before := settled[e.Track]; e.Segment > 3 && (e.Rate.Peak > before.Peak*11/10 || e.Rate.Average > before.Average*11/10) {
				t.Errorf("row %d of %s: %+v, before %+v", e.Segment, e.Track, e.Rate, before)
			}
		}
	})
}

// More comes than is held: it is told for how long a part of the feed one can go on.
func TestStandbyTellsThatItHoldsLess(t *testing.T) {
	t.Parallel()
	c := newCouple(t)
	c.connect(0)
	c.connect(1)
	for i := range media.Ticks(64) {
		s := media.Sample{PTS: i * 40, DTS: i * 40, Sync: true, Data: make([]byte, 1<<20)}
		if err := c.feeds[1].Write(s); err != nil {
			t.Fatal(err)
		}
	}
	ss := c.servers[1].session("news")
	ss.work.Lock()
	ss.show()
	ss.work.Unlock()
	if st, _ := c.servers[1].Status("news"); st.Cut == 0 || !strings.Contains(st.LastError, "48 MiB") || st.Role != Standby {
		t.Errorf("%+v", st)
	}
	if !strings.Contains(c.log.String(), "48 MiB") {
		t.Error("the log does not say it")
	}
}

// shutDown has the writer's server end, as SIGTERM does: adapters close their feeds then.
func (c *couple) shutDown() {
	f := c.feeds[0]
	c.feeds[0] = nil
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		<-f.Done()
		f.Close(f.Err())
	}()
	c.servers[0].Close(c.t.Context())
	<-closed
	if !errors.Is(f.Err(), ErrClosing) {
		c.t.Error(f.Err())
	}
	if _, err := c.buses[1].Holder(c.t.Context(), "news"); !errors.Is(err, bus.ErrNotFound) {
		c.t.Errorf("the lease was not given back: %v", err)
	}
}

// What is to be done beside the feed is done by the writer. One that stands by says who that is, and takes nothing.
func TestStandbyTakesNothingBesideTheFeed(t *testing.T) {
	t.Parallel()
	c := newCouple(t)
	c.begin()
	ss := c.servers[1].session("news")
	for want, change := range map[error]func(){
		ErrStandsBy: func() {},
		ErrChanging: func() { ss.duty.role = Writing }, // and what is held has not been packaged yet
	} {
		ss.work.Lock()
		was := ss.duty.role
		change()
		ss.work.Unlock()
		_, _, err1 := c.servers[1].Splice("news", Splice{Out: true})
		_, err2 := c.servers[1].Splices("news")
		err3 := c.servers[1].Subtitles(t.Context(), Publish{Channel: "news"}, media.Subtitles{Language: "en"})
		for _, err := range []error{err1, err2, err3} {
			if !errors.Is(err, want) || errors.Is(err, ErrOffAir) || want == ErrStandsBy && !strings.Contains(err.Error(), `"first"`) {
				t.Error(err)
			}
		}
		ss.work.Lock()
		ss.duty.role = was
		ss.work.Unlock()
	}
	if _, _, err := c.servers[0].Splice("news", Splice{Out: true}); err != nil {
		t.Error(err)
	}
}

// A server that has taken the channel over answers nobody before it knows what is stored: others must not take it for dead at once.
func TestWriterThatHasNotAnsweredYetIsWaitedFor(t *testing.T) {
	t.Parallel()
	c := newCouple(t)
	w, err := OnBus(c.buses[0]).(SharedBus).Continue(t.Context(), "news", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close(context.Background()) })
	from := time.Now()
	c.connect(1)
	c.run("the takeover", func() bool { return c.role(1) == "writing" })
	if took := time.Since(from); took < takingOver {
		t.Errorf("taken over after %v", took)
	}
}
