package library

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"weir/internal/media"
	"weir/internal/thumbnail"
	"weir/packager/vod"
)

// Thumbnails makes sheets of thumbnails; *thumbnail.Maker is one.
type Thumbnails interface {
	// Make makes a sheet of what open gives: an MP4 of key frames, one more than there are thumbnails. Errors: thumbnail.ErrBusy, thumbnail.ErrPictures, what went wrong with reading.
	Make(ctx context.Context, l thumbnail.Layout, open func(context.Context) (io.ReadCloser, error)) ([]byte, error)
}

// sheetTimeout is how long a sheet may take with the waiting for its turn.
const sheetTimeout = time.Minute

// sheets makes sheets of thumbnails, each once however many ask, and keeps them where segments are kept.
type sheets struct {
	of *Library

	mu sync.Mutex
	by map[key]*sheet
}

// sheet is one that is being made, or could not be made.
type sheet struct {
	ready chan struct{} // closed when data or err is there
	data  []byte
	err   error
	until time.Time // for how long err holds; guarded by sheets.mu, as is that it is there
}

// get is the sheet of that number.
func (s *sheets) get(ctx context.Context, t *title, number uint64) ([]byte, error) {
	if t.pictures == nil || number < media.FirstSheet || number-media.FirstSheet >= uint64(t.pictures.Sheets()) {
		return nil, ErrNoSegment
	}
	k := key{t.generation, t.window.Images.Name, number, false}
	if data := s.of.cache.get(k); data != nil {
		return data, nil
	}
	sh := s.board(t, k)
	select {
	case <-sh.ready:
		return sh.data, sh.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// board is the sheet as it is being made, or could not be made a moment ago.
func (s *sheets) board(t *title, k key) *sheet {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.of.cfg.Now()
	for old, sh := range s.by {
		if !sh.until.IsZero() && !now.Before(sh.until) {
			delete(s.by, old)
		}
	}
	if sh := s.by[k]; sh != nil {
		return sh
	}
	sh := &sheet{ready: make(chan struct{})}
	if data := s.of.cache.find(k); data != nil { // it has been made meanwhile
		sh.data = data
		close(sh.ready)
		return sh
	}
	s.by[k] = sh
	s.of.shelf.hold(t)
	if !s.of.start(func() { s.land(t, k, sh) }) {
		delete(s.by, k)
		s.of.shelf.release(t)
		sh.err = ErrClosed
		close(sh.ready)
	}
	return sh
}

// land makes a sheet, and keeps it, or why it cannot be made.
func (s *sheets) land(t *title, k key, sh *sheet) {
	defer s.of.shelf.release(t)
	ctx, cancel := context.WithTimeout(s.of.ctx, sheetTimeout)
	defer cancel()
	data, err := s.make(ctx, t, k.number)
	passing := errors.Is(err, ErrBusy) || s.of.ctx.Err() != nil
	if err != nil && !passing {
		s.of.cfg.Log.Warn("thumbnails cannot be made", "asset", t.id, "sheet", k.number, "err", err)
		s.of.failures.Add(1)
		s.of.shelf.note(t, err, s.of.cfg.Now())
	}
	if errors.Is(err, thumbnail.ErrPictures) { // what ffmpeg says of it is for the log
		err = fmt.Errorf("%w: its key frames cannot be decoded for thumbnails", vod.ErrFile)
	}
	sh.data, sh.err = data, err
	s.mu.Lock()
	if err == nil {
		s.of.cache.put(k, data)
	}
	if err == nil || passing {
		delete(s.by, k)
	} else {
		sh.until = s.of.cfg.Now().Add(failedFor)
	}
	s.mu.Unlock()
	close(sh.ready)
}

// make makes a sheet. The title has it.
func (s *sheets) make(ctx context.Context, t *title, number uint64) ([]byte, error) {
	data, err := t.pictures.Make(ctx, s.of.cfg.Thumbnails, number, func(ctx context.Context, segment *vod.Segment) (io.ReadCloser, error) {
		return (&direct{files: t.files, segment: *segment, gap: t.gap}).Open(ctx, 0, segment.Size)
	})
	if errors.Is(err, thumbnail.ErrBusy) {
		return nil, ErrBusy
	}
	return data, err
}
