package ingest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// Close tells the publishers and waits for them; those that do not hear are closed all the same.
func TestCloseWaitsForFeeds(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	polite, deaf := f.open(t, "news"), f.open(t, "other")
	go func() {
		<-polite.Done()
		polite.Close(polite.Err())
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	f.Close(ctx)
	if !errors.Is(polite.Err(), ErrClosing) || !errors.Is(deaf.Err(), ErrClosing) {
		t.Errorf("ended by %v and %v", polite.Err(), deaf.Err())
	}
	<-f.bus.writer(t, 0).closed
	<-f.bus.writer(t, 1).closed
	if _, err := f.Open(t.Context(), Publish{Channel: "news"}); !errors.Is(err, ErrClosing) {
		t.Errorf("open after the close: %v", err)
	}
}

// A feed that a closing server gave up on, and that got no writer then, left twice: the server panicked.
func TestCloseWhileAWriterIsAwaitedInVain(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	broken := errors.New("no answer")
	f.bus.acquire = func(context.Context) error {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		f.Close(ctx)
		return broken
	}
	if _, err := f.Open(t.Context(), Publish{Channel: "news"}); !errors.Is(err, broken) {
		t.Errorf("opened: %v", err)
	}
}

func TestKeyThatIsPartOfAMistypedNameIsNotLogged(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	for _, p := range []Publish{{Channel: "locked,key=top-secret"}, {Channel: "locked", Rendition: "KEY=top-secret"}} {
		if _, err := f.Open(t.Context(), p); err == nil {
			t.Errorf("opened %v", p)
		}
	}
	if log := f.log.String(); strings.Contains(log, "secret") || !strings.Contains(log, "locked,key=…") {
		t.Error(log)
	}
}

// A channel that is deleted, or a server that is closed, while a feed is being admitted does not keep it.
func TestEndWhileOpening(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	f.bus.acquire = func(context.Context) error {
		f.catalog.delete("news")
		return nil
	}
	if _, err := f.Open(t.Context(), Publish{Channel: "news"}); !errors.Is(err, ErrDeleted) {
		t.Errorf("opened on a deleted channel: %v", err)
	}
	<-f.bus.writer(t, 0).closed
	f.bus.acquire = func(context.Context) error {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		f.Close(ctx)
		return nil
	}
	if _, err := f.Open(t.Context(), Publish{Channel: "other"}); !errors.Is(err, ErrClosing) {
		t.Errorf("opened on a closed server: %v", err)
	}
	<-f.bus.writer(t, 1).closed
}
