package file

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"weir/ingest"
	"weir/internal/media"
)

// late is by how much a player may fall behind before it gives up catching up.
const late = 5 * time.Second

// pace is how a player knows the time, and waits.
type pace struct {
	now  func() time.Time
	wait func(ctx context.Context, d time.Duration) error // returns ctx's error when it ends first
}

// due is the decoding time of the next sample on the feed's timeline.
func (c *cursor) due() time.Duration {
	return (media.Ticks(c.sample().DTS) + c.offset).Duration(c.scale())
}

// advance goes on to the next sample. A loop's offset is computed anew from the count of loops: nothing adds up.
func (c *cursor) advance(length media.Ticks, clock uint32) {
	c.at++
	if c.at == c.len() {
		c.at = 0
		c.loop++
		c.offset = media.Rescale(c.loop*length, clock, c.scale())
	}
}

// play sends the clip to the feed, again and again, in real time, until ctx ends (nil), the feed must go, or something breaks.
func (c *clip) play(ctx context.Context, feed ingest.Feed, p pace, log *slog.Logger) error {
	if err := feed.Start(c.formats()); err != nil {
		return err
	}
	cursors := make([]*cursor, len(c.tracks))
	for i, t := range c.tracks {
		cursors[i] = &cursor{track: t, index: i}
	}
	first := earliest(cursors).due()
	begin := p.now()
	for {
		next := earliest(cursors)
		behind := p.now().Sub(begin.Add(next.due() - first))
		switch {
		case behind > late:
			log.Warn("the clock jumped, or the machine is too slow: going on from now", "behind", behind)
			begin = begin.Add(behind)
		case behind < 0:
			if err := p.wait(ctx, -behind); err != nil {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-feed.Done():
			return feed.Err()
		default:
		}
		s, err := c.read(next)
		if err != nil {
			return err
		}
		if err := feed.Write(s); err != nil {
			return err
		}
		next.advance(c.length, c.clock)
	}
}

// earliest is the cursor whose next sample is due first.
func earliest(cursors []*cursor) *cursor {
	first := cursors[0]
	for _, c := range cursors[1:] {
		if c.due() < first.due() {
			first = c
		}
	}
	return first
}

// read reads the cursor's next sample from the file.
func (c *clip) read(at *cursor) (media.Sample, error) {
	s := at.sample()
	data := make([]byte, s.Size)
	if _, err := c.r.ReadAt(data, s.Offset); err != nil {
		return media.Sample{}, fmt.Errorf("read sample %d of track %d: %w", at.at+1, at.ID, err)
	}
	dts := media.Ticks(s.DTS) + at.offset
	return media.Sample{
		Track: at.index, DTS: dts, PTS: dts + media.Ticks(s.CTS),
		Sync: ingest.SyncSample(at.Format.Codec, s.Sync, data), Data: data,
	}, nil
}
