package clip

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"weir/internal/media"
)

// Source hands out the windows that clips are made of. *edge.Server is one.
type Source interface {
	// Snapshot is the window of a channel as it is now, and the init segments that its runs need; false: there is no such channel.
	// What the snapshot lists stays there for as long as it is kept, init segments only for a while.
	Snapshot(channel string) (w *media.Window, init func(track string, version uint32) []byte, ok bool)
	// Media is that of a segment of such a window.
	Media(ctx context.Context, channel string, seg *media.Segment) ([]byte, error)
}

// Request is what a clip should be.
type Request struct {
	Channel    string
	Name       string    // for people; may be ""
	Start, End time.Time // by the wall clock
}

// Bounds of a request.
const (
	MaxName   = 200            // bytes
	MaxLength = 24 * time.Hour // from start to end
)

// How many clips are made at a time, and how many may wait for their turn.
const (
	atATime = 2
	inLine  = 16
)

// Maker makes clips in a Store. It is safe for concurrent use.
type Maker struct {
	*Store
	source Source
	turns  chan struct{}
	here   atomic.Int32
}

// NewMaker makes clips of source's windows.
func NewMaker(store *Store, source Source) *Maker {
	return &Maker{Store: store, source: source, turns: make(chan struct{}, atATime)}
}

// Make keeps a stretch of a channel's window: start is rounded down and end up to the borders of rows, and start further down to a row
// where decoding can begin, where the window has one. It returns when the clip is on the disk. When ctx ends before, there is none.
//
// Errors: a *FieldError, ErrChannel, a *RangeError, ErrFull, ErrBusy, those of the disk.
func (m *Maker) Make(ctx context.Context, r Request) (Info, error) {
	if err := r.check(); err != nil {
		return Info{}, err
	}
	if m.here.Add(1) > atATime+inLine {
		m.here.Add(-1)
		return Info{}, ErrBusy
	}
	defer m.here.Add(-1)
	select {
	case m.turns <- struct{}{}:
		defer func() { <-m.turns }()
	case <-ctx.Done():
		return Info{}, ctx.Err()
	}
	j := job{ctx: ctx, store: m.Store, source: m.source, request: r}
	if err := j.find(m.source); err != nil {
		return Info{}, err
	}
	info, err := j.make()
	if err != nil {
		return Info{}, fmt.Errorf("keep %s to %s of channel %s: %w", stamp(r.Start), stamp(r.End), r.Channel, err)
	}
	return info, nil
}

// check looks at what can be told without the window.
func (r Request) check() error {
	switch {
	case len(r.Name) > MaxName || !utf8.ValidString(r.Name) || strings.ContainsFunc(r.Name, func(c rune) bool { return c < ' ' || c == 0x7f }):
		return &FieldError{Field: "name", Problem: fmt.Sprintf("must be at most %d bytes of text without control characters", MaxName)}
	case r.Start.IsZero() || r.Start.Year() < 1970 || r.Start.Year() > 2200:
		return &FieldError{Field: "start", Problem: "is not given, or out of bounds"}
	case r.End.IsZero() || r.End.Year() < 1970 || r.End.Year() > 2200:
		return &FieldError{Field: "end", Problem: "is not given, or out of bounds"}
	case !r.Start.Before(r.End):
		return &FieldError{Field: "end", Problem: "must be after start"}
	case r.End.Sub(r.Start) > MaxLength:
		return &FieldError{Field: "end", Problem: fmt.Sprintf("must be at most %v after start", MaxLength)}
	}
	return nil
}

// find looks the stretch up, with the init segments that it needs.
func (j *job) find(source Source) error {
	const tries = 3 // the window may move on between its rows and its init segments
	for try := range tries {
		w, header, ok := source.Snapshot(j.request.Channel)
		if !ok {
			return ErrChannel
		}
		var err error
		if j.cut, err = stretch(w, j.request.Start, j.request.End); err != nil {
			return err
		}
		if j.inits, err = initsOf(j.cut, header); err == nil {
			return nil
		}
		if try == tries-1 {
			return err
		}
	}
	return nil
}

// errInit says that an init segment is not there.
var errInit = errors.New("the init segment is not there")

func initsOf(c *cut, header func(string, uint32) []byte) ([]initSegment, error) {
	var out []initSegment
	type key struct {
		track   string
		version uint32
	}
	seen := make(map[key]bool)
	var run *media.Run
	for i := range c.Len() {
		r := c.At(i).Run
		if r == run {
			continue
		}
		run = r
		for _, t := range r.Tracks {
			if k := (key{t.Name, t.Init}); !seen[k] {
				seen[k] = true
				data := header(t.Name, t.Init)
				if len(data) == 0 {
					return nil, fmt.Errorf("track %s, version %d: %w", t.Name, t.Init, errInit)
				}
				out = append(out, initSegment{Track: t.Name, Version: t.Init, Data: data, Checksum: castagnoli(data)})
			}
		}
	}
	return out, nil
}
