package packager

import (
	"time"

	"weir/internal/media"
)

const (
	videoTimescale    = 90000
	nanoscale         = uint32(time.Second)
	maxForwardSeconds = 10 // a larger step of the source's clock is a jump
	// maxBackward is how far a decoding time may go back and be dropped as one sample's fault.
	maxBackward = 500 * time.Millisecond
	// maxNudge is how far that of a video frame may go back and still be put right behind the last one: clocks of 1 ms give
	// two frames the same time, and a dropped frame would spoil those that refer to it.
	maxNudge = 2 * time.Millisecond
)

// feedClock is what a feed's tracks share: where its source clock stands on the channel timeline.
type feedClock struct {
	anchored bool
	source   media.Ticks // an instant of the source, unrolled
	scale    uint32      // of source
	at       media.Ticks // ns: the same instant on the channel timeline
	first    media.Ticks // ns: where the feed's samples began to come, or went on after a hole in all tracks
	newest   media.Ticks // ns: decoding time of the newest sample of all tracks
}

// sourceTime is the newest sample's decoding time on a source clock of that timescale.
func (f *feedClock) sourceTime(scale uint32) media.Ticks {
	return media.Rescale(f.source, f.scale, scale) + media.Rescale(f.newest-f.at, nanoscale, scale)
}

// mapping is how whoever goes on with a run is told of it.
func (f *feedClock) mapping() media.Mapping {
	return media.Mapping{Source: f.source, Scale: f.scale, At: f.at.Time(nanoscale)}
}

// trackClock maps one track's timestamps. All of it but the format's clock begins anew with each anchor.
type trackClock struct {
	source  media.Clock
	scale   uint32      // of the track on the channel timeline
	offset  media.Ticks // what a rescaled source timestamp lacks to the channel timeline
	seen    bool        // last is set
	last    media.Ticks // unrolled decoding time of the last sample
	stale   bool        // before is set: the feed jumped, and this track may not have done so yet
	before  media.Ticks // unrolled decoding time of the last sample before the jump
	dts     media.Ticks // of the last sample, on the timeline
	frame   media.Ticks // how long the last sample is by its codec; 0: not known
	lastPos media.Ticks
	shift   media.Ticks // PTS − DTS of the last sync sample
}

// anchor takes the feed's anchor over. It is rounded up: what comes must not begin before what was.
func (c *trackClock) anchor(f *feedClock) {
	c.offset = media.RescaleUp(f.at, nanoscale, c.scale) - media.Rescale(f.source, f.scale, c.scale)
}

// unroll is the value nearest to ref that raw stands for.
func (c *trackClock) unroll(raw, ref media.Ticks) media.Ticks {
	w := c.source.Wrap
	if w == 0 {
		return raw
	}
	d := (raw%w - ref%w) % w
	if d < 0 {
		d += w
	}
	if d > w/2 {
		d -= w
	}
	return ref + d
}

// within tells whether a timestamp is small enough to calculate with: 136 years, or a quarter of what Ticks hold.
func (c *trackClock) within(t media.Ticks) bool {
	limit := media.Ticks(1) << 61
	if m := media.Ticks(c.source.Timescale) << 32; m < limit {
		limit = m
	}
	return t > -limit && t < limit
}

// span is d on the source's clock.
func (c *trackClock) span(d time.Duration) media.Ticks {
	return media.FromDuration(d, c.source.Timescale)
}

// decode maps an unrolled decoding time. Audio whose source clock does not resolve its sample rate keeps the grid of its
// frames as long as the source agrees within two of its ticks, 2 ms at most; so neither rounding nor drift can add up beyond these.
func (c *trackClock) decode(source media.Ticks) media.Ticks {
	t := media.Rescale(source, c.source.Timescale, c.scale) + c.offset
	if !c.seen || c.frame == 0 || c.source.Timescale == c.scale {
		return t
	}
	if grid := c.dts + c.frame; distance(grid, t) <= c.offGrid() {
		return grid
	}
	return t
}

// offGrid is how far the source's timestamps may be from the grid of audio frames.
func (c *trackClock) offGrid() media.Ticks {
	if c.source.Timescale < c.scale {
		return min(media.RescaleUp(2, c.source.Timescale, c.scale), media.Ticks(c.scale)/500)
	}
	return 1
}

// ns is a point or a length of a track's timeline in nanoseconds.
func (c *trackClock) ns(t media.Ticks) media.Ticks { return media.Rescale(t, c.scale, nanoscale) }
