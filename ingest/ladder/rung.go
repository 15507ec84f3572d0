package ladder

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"weir/ingest"
	"weir/internal/catalog"
	"weir/internal/media"
)

// openWithin bounds the opening of a rung's feed.
const openWithin = 5 * time.Second

// rung is one output of a child, and the feed that it becomes. After the child has begun, its reader owns the feed.
type rung struct {
	catalog.Rung
	feed ingest.Feed

	mu      sync.Mutex
	frames  uint64
	waits   time.Time // since when it has given nothing, though there was something to make it of; zero: it does not
	refused error     // by the server
}

// openRungs opens the feeds of all rungs, or none.
func openRungs(to ingest.Opener, p ingest.Publish, wanted []catalog.Rung) ([]*rung, error) {
	ctx, cancel := context.WithTimeout(context.Background(), openWithin)
	defer cancel()
	var all []*rung
	for _, r := range wanted {
		feed, err := to.Open(ctx, ingest.Publish{
			Channel: p.Channel, Rendition: r.Name, Input: p.Input, Key: p.Key, Protocol: "ladder",
			Remote: fmt.Sprintf("%s %dp %dk", r.Codec, r.Height, r.Bitrate/1000), Source: true, Ladder: true,
		})
		if err != nil {
			closeRungs(all, err)
			return nil, fmt.Errorf("rung %s: %w", r.Name, err)
		}
		all = append(all, &rung{Rung: r, feed: feed})
	}
	return all, nil
}

func closeRungs(all []*rung, reason error) {
	for _, r := range all {
		r.feed.Close(reason)
	}
}

// read hands over what the child makes, until it ends. Where the server does not take it, it is read all the same: the child makes the other
// rungs too.
func (r *rung) read(from io.Reader, clock clock, language string) {
	if err := r.take(from, clock, language); err != nil {
		r.mu.Lock()
		r.refused, r.waits = err, time.Time{}
		r.mu.Unlock()
		_, _ = io.Copy(io.Discard, from)
	}
}

// take is read up to an error. A panic is one: it ends this output, not the program.
func (r *rung) take(from io.Reader, clock clock, language string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: panic: %v", ingest.ErrInternal, p)
		}
	}()
	return readOutput(from, func(f media.Format) error {
		f.Clock, f.Language = clock.Clock, language
		return r.feed.Start([]media.Format{f})
	}, func(p made) error {
		r.gave()
		return r.feed.Write(media.Sample{
			PTS: clock.fromChild(p.pts), DTS: clock.fromChild(p.dts), Data: p.data, Sync: p.sync,
		})
	})
}

func (r *rung) gave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.frames++
	r.waits = time.Time{}
}

// expect notes that there is something to make a picture of.
func (r *rung) expect(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waits.IsZero() && r.refused == nil {
		r.waits = now
	}
}

// stalled tells whether it has given nothing for too long.
func (r *rung) stalled(now time.Time, after time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.waits.IsZero() && now.Sub(r.waits) > after
}

func (r *rung) status() RungStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	st := RungStatus{Name: r.Name, Height: r.Height, Bitrate: r.Bitrate, Codec: r.Codec, Frames: r.frames}
	if r.refused != nil {
		st.Error = r.refused.Error()
	}
	return st
}
