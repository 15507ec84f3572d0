package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"weir/ingest/source"
	"weir/internal/catalog"
	"weir/testdata"
)

const (
	// Scheme begins a channel's source that is a file: file:PATH, relative to the directory that the program was started in.
	Scheme = "file:"
	// BuiltIn is the path of the clip that the program carries. A file of that path goes first.
	BuiltIn = "testdata/demo.mp4"
)

// Config is what playing files needs.
type Config struct {
	Now func() time.Time
	// Wait waits for d, or until ctx ends, whose error it then returns. nil: on the machine's clock.
	Wait func(ctx context.Context, d time.Duration) error
}

// Sources are files that are played.
func Sources(cfg Config) source.Kind {
	if cfg.Wait == nil {
		cfg.Wait = source.Sleep
	}
	return source.Kind{
		Area: "file", Run: cfg.run, Failed: "file feed failed, trying again", Panicked: "panic in a file feed",
		Is: func(url string) bool {
			_, _, other := catalog.TransportFile(url)
			return !other && strings.HasPrefix(url, Scheme)
		},
	}
}

// run plays a file until something ends it.
func (cfg Config) run(ctx context.Context, j source.Job) (err error) {
	c, closer, err := open(ctx, j.URL)
	if err != nil {
		return err
	}
	defer func() { _ = closer.Close() }()
	for _, what := range c.left {
		j.Log.Warn("not all of the file is played", "why", what)
	}
	feed, err := j.Open(ctx, "file", strings.TrimPrefix(j.URL, Scheme), nil)
	if err != nil {
		return err
	}
	defer func() { feed.Close(err) }()
	return c.play(ctx, feed, pace{cfg.Now, cfg.Wait}, j.Log)
}

// open opens the file of a source and indexes it. The closer is never nil without an error.
func open(ctx context.Context, source string) (*clip, io.Closer, error) {
	name, ok := strings.CutPrefix(source, Scheme)
	if !ok || name == "" {
		return nil, nil, fmt.Errorf("source %q: not of the form %sPATH", source, Scheme)
	}
	// A pipe that nobody writes into would be waited for, for good.
	f, err := os.OpenFile(filepath.FromSlash(name), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) && path.Clean(name) == BuiltIn {
		c, err := newClip(ctx, strings.NewReader(testdata.Demo), int64(len(testdata.Demo)))
		if err != nil {
			return nil, nil, fmt.Errorf("built-in clip: %w", err)
		}
		return c, io.NopCloser(nil), nil
	}
	if err != nil {
		return nil, nil, err // names the file
	}
	c, err := indexFile(ctx, f)
	if err != nil {
		_ = f.Close()
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return c, f, nil
}

func indexFile(ctx context.Context, f *os.File) (*clip, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: not a regular file", ErrFile)
	}
	return newClip(ctx, f, info.Size())
}
