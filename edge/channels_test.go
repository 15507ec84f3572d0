package edge

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp/fasthttputil"

	"weir/internal/catalog"
)

// A bus that cannot be read for a while must not leave the channel dark.
func TestReadingIsTriedAgain(t *testing.T) {
	t.Parallel()
	reads := make(chan Handler)
	cat := &fakeCatalog{changes: make(chan catalog.Change), list: []catalog.Channel{{ID: "news", DVR: time.Minute, Segment: lasts}}}
	var log lockedBuffer
	s, err := New(Config{
		Catalog: cat, Log: slog.New(slog.NewTextHandler(&log, nil)), Memory: 100, Now: func() time.Time { return epoch },
		Read: func(ctx context.Context, _ string, h Handler) error {
			select {
			case reads <- h:
				return errTest
			case <-ctx.Done():
				return ctx.Err()
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	first, second := <-reads, <-reads
	if first != second {
		t.Error("the window is another one")
	}
	begin(second)
	row(second, 0, 1, 200)
	if !s.look(false) || !s.look(true) {
		t.Error("it is not over the limit")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	text := log.String()
	if !strings.Contains(text, "tried again") || strings.Count(text, "edge.memory") != 1 {
		t.Errorf("logged: %s", text)
	}
	if err := s.Serve(fasthttputil.NewInmemoryListener()); err != nil {
		t.Error(err)
	}
}

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
