package main

import (
	"context"
	"log/slog"
	"time"

	"weir/edge"
	"weir/ingest"
	"weir/internal/bus"
	"weir/internal/catalog"
	"weir/internal/sizing"
)

const (
	capacityEvery = time.Minute // between looks whether the windows will fit
	// measureFrom is how much a window must hold for its bitrate to be taken from it: before that the feed tells, whose rate of the last
	// seconds goes up and down.
	measureFrom = time.Minute
	// grownBy is by which part a need must have changed to be told of again.
	grownBy = 10
)

// capacity tells whether the windows of all channels will fit this server when they are full. It warns and refuses nothing, on purpose: at
// start nothing is on air, so the bitrates are guesses, and a server that stays down over a guess takes channels off the air that would have
// fitted; and while it runs, a DVR that is too long harms nobody until its window is nearly full, which leaves hours to act.
type capacity struct {
	channels func() []catalog.Channel
	feed     func(channel string) (ingest.Status, bool) // nil: this process takes none in
	window   func(channel string) (edge.Status, bool)   // nil: this process has none
	room     func(context.Context) (bus.Room, error)
	memory   int64 // edge.memory
	log      *slog.Logger

	told sizing.Verdict // last; run's own
}

// Verdict implements control.Capacity.
func (c *capacity) Verdict(ctx context.Context) sizing.Verdict {
	have := sizing.Have{}
	if c.window != nil {
		have.Memory = edge.WindowsMemory(c.memory)
	}
	if room, err := c.room(ctx); err == nil {
		have.Disk, have.Replicas = room.Limit, room.Replicas
	} else {
		c.log.Debug("how much the bus may store is not known", "err", err)
	}
	var all []sizing.Channel
	for _, ch := range c.channels() {
		all = append(all, c.channel(ch))
	}
	return sizing.Check(all, have)
}

// channel is what is known of a channel: its bitrate as the window has it, else as the feed, else as may be expected.
func (c *capacity) channel(ch catalog.Channel) sizing.Channel {
	out := sizing.Channel{ID: ch.ID, DVR: ch.DVR, Segment: ch.Segment, Chunk: ch.Chunk}
	rungs := int64(0)
	for _, r := range ch.Ladder.Rungs() {
		rungs += r.Bitrate
	}
	pictures := max(1, len(ch.Renditions.List())) + len(ch.Ladder.Rungs())
	out.Tracks = pictures + 1 + len(ch.Subtitles.List())

	f, fed := ingest.Status{}, false
	if c.feed != nil {
		f, fed = c.feed(ch.ID)
	}
	if fed && len(f.Tracks) > 0 {
		out.Tracks = len(f.Tracks)
	}
	if c.window != nil {
		if w, ok := c.window(ch.ID); ok {
			if out.Bitrate = windowRate(w); out.Bitrate > 0 {
				return out
			}
		}
	}
	if fed && f.BitrateIn > 0 {
		out.Bitrate = f.BitrateIn + rungs
		return out
	}
	out.Assumed = true
	out.Bitrate = int64(pictures-len(ch.Ladder.Rungs()))*sizing.AssumedBitrate + rungs
	return out
}

// windowRate is how many bits a second of the window have; 0: it holds too little to tell.
func windowRate(w edge.Status) int64 {
	held := w.Depth
	if held < min(measureFrom, w.DVR) || held <= 0 {
		return 0
	}
	if held >= w.DVR { // it is full, and keeps what has just left the listing: as sizing reckons
		held += 2 * w.Target
	}
	return int64(float64(w.Bytes+w.Stored-w.OpenBytes) * 8 / held.Seconds())
}

// run tells the log at once, and then whenever it has changed, until ctx ends.
func (c *capacity) run(ctx context.Context) {
	ticker := time.NewTicker(capacityEvery)
	defer ticker.Stop()
	for {
		c.tell(c.Verdict(ctx))
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// tell logs what is new of a verdict.
func (c *capacity) tell(v sizing.Verdict) {
	before := c.told
	if !news(before.Memory, v.Memory) && !news(before.Least, v.Least) && !news(before.Disk, v.Disk) {
		return
	}
	c.told = v
	for _, note := range v.Notes() {
		c.log.Info(note)
	}
	if v.Fits() && len(v.Notes()) == 0 {
		c.log.Info("the DVR windows of all channels fit again", "memory", sizing.Bytes(v.Memory.Need), "disk", sizing.Bytes(v.Disk.Need))
		return
	}
	for _, warning := range v.Warnings() {
		c.log.Warn(warning)
	}
	if len(v.Channels) > 0 {
		c.log.Info("the largest: " + v.Channels[0].Words())
	}
}

// news tells whether it has become too little, or enough, or is too little by another measure than before.
func news(before, now sizing.Room) bool {
	if (before.Over() > 0) != (now.Over() > 0) {
		return true
	}
	return now.Over() > 0 && max(now.Need, before.Need)-min(now.Need, before.Need) > before.Need/grownBy
}
