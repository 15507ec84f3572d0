package ingest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"weir/internal/bus"
)

// unanswered is a bus that has no answer for the first who would go on with a channel.
type unanswered struct {
	SharedBus
	asked atomic.Bool
}

func (b *unanswered) Continue(ctx context.Context, channel string, dead *bus.Hold) (SharedWriter, error) {
	if !b.asked.Swap(true) {
		return nil, context.DeadlineExceeded
	}
	return b.SharedBus.Continue(ctx, channel, dead)
}

// An encoder that ends its feeds ends the channel: the last frame is there, whichever of the servers is the first to know.
func TestEndOfTheSameFeed(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]struct {
		order      []int
		unanswered bool
	}{
		"the writer's first":                    {order: []int{0, 1}},
		"the other's first":                     {order: []int{1, 0}},
		"the writer's first, and the bus halts": {[]int{0, 1}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCouple(t)
			if of.unanswered {
				c.servers[1].cfg.Bus = &unanswered{SharedBus: OnBus(c.buses[1]).(SharedBus)}
			}
			c.begin()
			for _, i := range of.order {
				c.feeds[i].Close(nil)
				c.feeds[i] = nil
			}
			c.run("the last frame", c.shown)
			c.whole()
		})
	}
}

// A feed may end while a takeover is under way: all rows end, and of the same feed the last frame is there.
func TestEndOfAFeedThatHasJustBeenTakenOver(t *testing.T) {
	t.Parallel()
	for name, mark := range map[string]string{"the same": "x", "another": "y"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCouple(t)
			c.marks[1] = mark
			c.begin()
			if err := c.servers[1].TakeOver("news"); err != nil {
				t.Fatal(err)
			}
			c.run("the takeover", func() bool { return c.role(1) == "writing" })
			c.feeds[0].Close(nil)
			c.feeds[0] = nil
			c.run("the other to have said that it goes", func() bool { return c.servers[1].session("news").writes().Follower() == "" })
			c.feeds[1].Close(nil)
			c.feeds[1] = nil
			c.run("the end", func() bool {
				if mark != c.marks[0] { // of another encoder nothing is shown before its next key frame
					return c.seen.ended()
				}
				return c.shown()
			})
			if mark == c.marks[0] {
				c.whole()
			}
		})
	}
}

// taking is a bus that has taken a channel from a writer who does not answer any more, some time before it says so.
type taking struct {
	SharedBus
	deaf        atomic.Bool
	taken, pass chan struct{}
	once        sync.Once
}

// Ask gets no news once the writer is deaf; that one still lets others go, as it does not know of its end yet.
func (b *taking) Ask(ctx context.Context, channel string, want bus.Want, ready bool) (bus.Answer, error) {
	switch {
	case !b.deaf.Load():
		return b.SharedBus.Ask(ctx, channel, want, ready)
	case want == bus.Rest:
		return bus.Answer{Instance: "first"}, nil
	}
	return bus.Answer{}, bus.ErrNoAnswer
}

func (b *taking) Continue(ctx context.Context, channel string, dead *bus.Hold) (SharedWriter, error) {
	w, err := b.SharedBus.Continue(ctx, channel, dead)
	b.once.Do(func() { close(b.taken); <-b.pass })
	return w, err
}

// unaware is a writer that does not hear of what has been taken from it.
type unaware struct{ SharedWriter }

func (unaware) Lost() <-chan struct{} { return nil }

// All feeds may end while one that stands by takes the channel: that one ends the row, as the writer cannot any more.
func TestEndOfAFeedThatIsBeingTakenOver(t *testing.T) {
	t.Parallel()
	c := newCouple(t)
	between := &taking{SharedBus: OnBus(c.buses[1]).(SharedBus), taken: make(chan struct{}), pass: make(chan struct{})}
	pass := sync.OnceFunc(func() { close(between.pass) })
	t.Cleanup(pass)
	c.servers[1].cfg.Bus = between
	c.begin()
	writer := c.servers[0].session("news")
	writer.work.Lock()
	w := writer.writer.(SharedWriter)
	writer.writer = unaware{w}
	writer.work.Unlock()
	writer.duty.order <- Standby // which has come about: who has looked at it looks at the other writer from then on
	c.run("the watch to have looked", func() bool { return len(writer.duty.order) == 0 })
	between.deaf.Store(true)
	c.run("the lease to be gone", func() bool {
		select {
		case <-w.Lost():
			return true
		default:
			return false
		}
	})
	<-between.taken
	for _, i := range []int{1, 0} {
		c.feeds[i].Close(nil)
		c.feeds[i] = nil
	}
	pass()
	c.run("the last frame", c.shown)
	c.whole()
}
