package origin

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// quiet is a log that nobody reads.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// opened opens a file of an Origin, closed with the test.
func opened(t *testing.T, o *Origin, sites []string, path string) *File {
	t.Helper()
	f, err := o.Open(t.Context(), sites, path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// stretchOf reads a stretch of a file.
func stretchOf(ctx context.Context, f *File, offset, length int64) ([]byte, error) {
	r, err := f.Open(ctx, offset, length)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(r)
	return b, errors.Join(err, r.Close())
}

// pattern is bytes of which no two stretches are alike.
func pattern(n int, seed uint32) []byte {
	b := make([]byte, n)
	x := seed*2654435761 + 1
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = byte(x)
	}
	return b
}

// directories is an Origin of directories, by name.
func directories(t *testing.T, dirs map[string]string) *Origin {
	t.Helper()
	var cfgs []Config
	for name, dir := range dirs {
		cfgs = append(cfgs, Config{Name: name, URL: "file:" + dir})
	}
	o, err := New(cfgs, quiet(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return o
}
