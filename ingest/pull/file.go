package pull

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"weir/ingest"
	"weir/ingest/mpegts"
	"weir/ingest/source"
	"weir/internal/catalog"
)

// errEmpty is a file that would be looped without end and without a sample.
var errEmpty = errors.New("it has no samples")

// file loops a file.
func (cfg Config) file(ctx context.Context, j source.Job) (err error) {
	name, program, _ := catalog.TransportFile(j.URL)
	// A pipe that nobody writes into would be waited for, for good.
	f, err := os.OpenFile(filepath.FromSlash(name), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err // names the file
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return fmt.Errorf("%s: not a regular file", name)
	}
	feed, err := j.Open(ctx, "file", catalog.HideSource(j.URL), nil)
	if err != nil {
		return err
	}
	defer func() { feed.Close(err) }()
	p := &pace{now: cfg.Now, wait: cfg.Wait}
	l := &looper{Feed: feed, paceBy: func(pcr int64) error { return p.at(ctx, pcr) }}
	demux := mpegts.Config{Program: program, Log: j.Log, Now: cfg.Now, PCR: func(pcr int64) error {
		l.referenced = true
		return p.at(ctx, pcr)
	}}
	for {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if err := mpegts.Copy(l, watched{f, ctx, feed}, demux); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return over(feed, fmt.Errorf("%s: %w", name, err))
		}
		length, ok := l.again()
		if !ok {
			return fmt.Errorf("%s: %w", name, errEmpty)
		}
		p.again(length)
	}
}

// watched is a reader that fails when nobody wants its bytes any more.
type watched struct {
	io.Reader
	ctx  context.Context
	feed ingest.Feed
}

func (w watched) Read(p []byte) (int, error) {
	select {
	case <-w.ctx.Done():
		return 0, w.ctx.Err()
	case <-w.feed.Done():
		return 0, ingest.ErrEnded
	default:
		return w.Reader.Read(p)
	}
}
