package catalog

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// receive is the next change, or a failure after a while.
func receive(t *testing.T, changes <-chan Change) Change {
	t.Helper()
	select {
	case ch, ok := <-changes:
		if !ok {
			t.Fatal("the watch has ended")
		}
		ch.Channel = told(ch.Channel)
		return ch
	case <-time.After(time.Minute):
		t.Fatal("no change")
	}
	return Change{}
}

func TestWatchTellsWhatIsThereThenWhatChanges(t *testing.T) {
	t.Parallel()
	kv := bucket(t)
	a, b := open(t, kv, channel("news")), open(t, kv, channel("news"))
	put(t, a, "extra", Patch{})
	await(t, b, func(ch Change) bool { return ch.ID == "extra" })

	changes := b.Watch(t.Context())
	news := channel("news")
	news.FromFile = true
	got := []Change{receive(t, changes), receive(t, changes)}
	if diff := cmp.Diff([]Change{{ID: "extra", Channel: New("extra")}, {ID: "news", Channel: news}}, got); diff != "" {
		t.Fatal(diff)
	}

	put(t, a, "news", Patch{DVR: ptr(time.Hour)})
	news.DVR = time.Hour
	if got := receive(t, changes); got != (Change{ID: "news", Channel: news}) {
		t.Fatalf("%+v", got)
	}
	if err := a.Delete(t.Context(), "news"); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, changes); got != (Change{ID: "news", Deleted: true}) {
		t.Fatalf("%+v", got)
	}
	if _, ok := b.Channel("news"); ok {
		t.Fatal("told of the deletion, but the channel is there")
	}
	put(t, a, "news", Patch{})
	news = channel("news")
	news.FromFile = true
	if got := receive(t, changes); got != (Change{ID: "news", Channel: news}) {
		t.Fatalf("%+v", got)
	}
}

func TestWatchFoldsForASlowSubscriber(t *testing.T) {
	t.Parallel()
	c := open(t, bucket(t))
	changes := c.Watch(t.Context()) // not received from while all this happens
	for i := range 50 {
		put(t, c, "a", Patch{Title: ptr(fmt.Sprint(i))})
	}
	put(t, c, "gone", Patch{})
	if err := c.Delete(t.Context(), "gone"); err != nil {
		t.Fatal(err)
	}
	put(t, c, "z", Patch{})

	var got []string
	for {
		ch := receive(t, changes)
		got = append(got, ch.ID+" "+ch.Channel.Title)
		if ch.ID == "z" {
			break
		}
	}
	// The first value may have been taken up before the others came.
	if len(got) > 3 || got[len(got)-2] != "a 49" {
		t.Fatal(got)
	}
}

// Who missed a deletion kept the media and the feed of a channel that was another by then.
func TestWatchTellsOfADeletionThatWasMadeGood(t *testing.T) {
	t.Parallel()
	c := open(t, bucket(t))
	put(t, c, "a", Patch{})
	changes := c.Watch(t.Context())
	if got := receive(t, changes); got != (Change{ID: "a", Channel: New("a")}) {
		t.Fatalf("%+v", got)
	}
	put(t, c, "b", Patch{}) // holds the subscriber up
	for range 3 {
		if err := c.Delete(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		if !c.Deleted("a") || c.Deleted("b") || c.Deleted("never") {
			t.Fatal("what was deleted is not known")
		}
		put(t, c, "a", Patch{})
	}
	put(t, c, "c", Patch{})
	want := []Change{{ID: "b", Channel: New("b")}, {ID: "a", Deleted: true}, {ID: "a", Channel: New("a")}, {ID: "c", Channel: New("c")}}
	for _, w := range want {
		if got := receive(t, changes); got != w {
			t.Fatalf("%+v, not %+v", got, w)
		}
	}
	if c.Deleted("a") {
		t.Fatal("it is there again")
	}
}

func TestWatchEnds(t *testing.T) {
	t.Parallel()
	c := open(t, bucket(t), channel("news"))
	ctx, cancel := context.WithCancel(t.Context())
	byContext, byClose := c.Watch(ctx), c.Watch(t.Context())
	receive(t, byContext)
	cancel()
	for range byContext {
	}
	c.Close()
	for range byClose {
	}
	for range c.Watch(t.Context()) {
		t.Fatal("a closed catalog tells something")
	}
}
