package ingest

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestTakeoverOfTheSameFeed(t *testing.T) {
	t.Parallel()
	for name, happen := range map[string]func(c *couple){
		"ordered at the one that stands by": func(c *couple) {
			if err := c.servers[1].TakeOver("news"); err != nil {
				c.t.Error(err)
			}
		},
		"ordered at the writer": func(c *couple) {
			if err := c.servers[0].TakeOver("news"); err != nil {
				c.t.Error(err)
			}
		},
		"its publisher leaves":         func(c *couple) { c.feeds[0].Close(nil); c.feeds[0] = nil },
		"its publisher falls silent":   func(c *couple) { c.mute[0] = true },
		"its server is shut down":      (*couple).shutDown,
		"its publisher comes back":     func(c *couple) { c.feeds[0].Close(nil); c.connect(0) },
		"the lease is taken from it":   func(c *couple) { c.seize() },
		"another is told to, and back": func(c *couple) { c.thereAndBack() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCouple(t)
			c.begin()
			happen(c)
			c.run("the takeover", func() bool { st, _ := c.servers[1].Status("news"); return st.Seamless > 0 })
			c.further(4)
			c.whole()
			c.run("the other to know its place", func() bool { return c.feeds[0] == nil || c.role(0) == "standby second" })
			if c.role(1) != "writing" {
				t.Error(c.role(1))
			}
		})
	}
}

// seize takes the lease from a writer that is there, as if it had not answered.
func (c *couple) seize() {
	h, err := c.buses[1].Holder(c.t.Context(), "news")
	if err != nil {
		c.t.Fatal(err)
	}
	ss := c.servers[1].session("news")
	ss.takeOver(c.t.Context(), &h)
}

func (c *couple) thereAndBack() {
	for i := range 2 {
		c.ready(1 - i)
		if err := c.servers[1-i].TakeOver("news"); err != nil {
			c.t.Error(err)
		}
		c.run("the takeover", func() bool { st, _ := c.servers[1-i].Status("news"); return st.Role == Writing && st.Seamless > 0 })
		c.further(2)
	}
	c.ready(1)
	if err := c.servers[1].TakeOver("news"); err != nil {
		c.t.Error(err)
	}
	c.run("the takeover", func() bool { st, _ := c.servers[1].Status("news"); return st.Seamless > 1 })
}

// A writer that has let go of the channel takes it again where the other one does not come: it goes on in the row that it left.
func TestTakesTheChannelBack(t *testing.T) {
	t.Parallel()
	c := newCouple(t)
	c.begin()
	stuck := c.servers[1].session("news")
	c.mute[1] = true
	stuck.work.Lock()
	free := sync.OnceFunc(stuck.work.Unlock)
	t.Cleanup(free)
	err := c.servers[0].TakeOver("news")
	c.run("the writer to let go", func() bool { return c.servers[0].session("news").writes() == nil })
	c.run("the writer to take it again", func() bool { st, _ := c.servers[0].Status("news"); return st.Seamless > 0 })
	free()
	if err != nil {
		t.Fatal(err)
	}
	c.further(4)
	c.whole()
}

// An order that has come about meanwhile, otherwise, is none for the opposite.
func TestOrdersThatHaveComeAbout(t *testing.T) {
	t.Parallel()
	c := newCouple(t)
	c.begin()
	late := []Role{Standby, Writing} // of one that writes by now, and of one that does not any more
	for i, from := range late {
		c.servers[i].session("news").duty.order <- from
	}
	c.run("both to have looked", func() bool {
		return len(c.servers[0].session("news").duty.order)+len(c.servers[1].session("news").duty.order) == 0
	})
	c.further(4)
	if c.role(0) != "writing" || c.role(1) != "standby first" || strings.Contains(c.log.String(), "let go") {
		t.Errorf("%q, %q", c.role(0), c.role(1))
	}
	c.whole()
}

// Another encoder's pictures are not those that the run was made of: one discontinuity, and nothing of one row from both.
func TestTakeoverOfAnotherFeed(t *testing.T) {
	t.Parallel()
	c := newCouple(t)
	c.marks[1] = "y"
	c.begin()
	if err := c.servers[1].TakeOver("news"); err != nil {
		t.Fatal(err)
	}
	c.run("the takeover", func() bool {
		st, _ := c.servers[1].Status("news")
		return st.Takeovers > 0 && strings.Contains(c.log.String(), "with a discontinuity")
	})
	c.further(4)
	numbers, marks := c.seen.frames(t, "v1")
	if i := strings.IndexByte(marks, 'y'); i < 0 || strings.Contains(marks[i:], "x") || !slices.IsSorted(numbers) {
		t.Errorf("%v %s", numbers, marks)
	}
	c.seen.put(func() {
		if len(c.seen.runs) != 2 {
			t.Errorf("%d runs", len(c.seen.runs))
		}
	})
	if st, _ := c.servers[1].Status("news"); st.Seamless != 0 {
		t.Errorf("%+v", st)
	}
}

func TestOrdersThatCannotBe(t *testing.T) {
	t.Parallel()
	c := newCouple(t)
	if err := c.servers[0].TakeOver("news"); !errors.Is(err, ErrOffAir) {
		t.Error(err)
	}
	c.connect(0)
	if err := c.servers[0].TakeOver("news"); !errors.Is(err, ErrNobody) {
		t.Error(err)
	}
	c.connect(1)
	if err := c.servers[1].TakeOver("news"); !errors.Is(err, ErrNotReady) {
		t.Error(err)
	}
	f := setUp(t, nil)
	f.open(t, "news")
	if err := f.TakeOver("news"); !errors.Is(err, ErrNotRedundant) {
		t.Error(err)
	}
}
