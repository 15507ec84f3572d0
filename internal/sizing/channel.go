package sizing

import (
	"math"
	"time"
)

// What a window takes beside the media, measured in edge/window.
const (
	// spareSegments is how many segments a window holds beyond the DVR duration: that which the duration ends in, two that have left the listing
	// and can still be fetched (RFC 8216bis, 6.2.2), and the one that is being made.
	spareSegments = 4
	windowBytes   = 16 << 10 // of a channel
	segmentBytes  = 400      // of a segment of one track, with its share of the row
	partBytes     = 100      // of a part of it, at most: lists grow by doubling
	// A segment has memory of its own, which the allocator rounds up: by a quarter or a page of 8 KiB, whichever is less.
	roundingShare, roundingMost = 4, 8 << 10
)

// What the bus takes beside the media, measured in internal/bus.
const (
	messageBytes = 280         // headers, subject and checksum of a message: one a part, and one that ends a segment
	indexBytes   = 480         // the second copy of such an end that is the index of a window
	streamBytes  = 8 << 20     // the block that is being filled, and the one whose media expires, of a channel
	streamSlack  = time.Minute // that the bus keeps media for beyond DVR and two segments
)

// Channel is what is to be known of a channel.
type Channel struct {
	ID      string
	Bitrate int64 // bit/s of all renditions and tracks together, with their container
	Assumed bool  // Bitrate was not measured
	DVR     time.Duration
	Segment time.Duration // 0: DefaultSegment
	Chunk   time.Duration // 0: a segment is one chunk
	Tracks  int           // 0: DefaultTracks
}

// What a channel has that does not say.
const (
	DefaultSegment = 2 * time.Second
	DefaultTracks  = 2 // pictures and sound
	// AssumedBitrate is that of a feed that was never seen: 1080p as broadcasters send it.
	AssumedBitrate = 5_000_000 // bit/s
)

// Memory is how many bytes the channel's window takes on an edge when it is full.
func (c Channel) Memory() int64 { return whole(c.media(c.held()) + c.index()) }

// Disk is how many bytes of the bus's disk the channel takes, on each server that keeps it.
func (c Channel) Disk() int64 {
	kept := c.kept()
	index := c.segments(kept) * float64(c.tracks()) * indexBytes
	return whole(c.media(kept) + c.messages()*messageBytes + index + streamBytes)
}

// messages is how many the bus holds of the channel when its window is full, without those of its index.
func (c Channel) messages() float64 {
	return c.segments(c.kept()) * float64(c.tracks()) * (c.parts() + 1)
}

// held is for how long an edge holds media.
func (c Channel) held() time.Duration { return c.dvr() + spareSegments*c.segment() }

// kept is for how long the bus holds media.
func (c Channel) kept() time.Duration { return c.dvr() + streamSlack + 2*c.segment() }

// media is how many bytes so much of the channel has.
func (c Channel) media(d time.Duration) float64 {
	return max(float64(c.Bitrate), 0) / 8 * max(d.Seconds(), 0)
}

// index is what the window takes beside the media.
func (c Channel) index() float64 {
	n := c.segments(c.held()) * float64(c.tracks())
	return windowBytes + n*(segmentBytes+c.parts()*partBytes) + c.rounding(c.held())
}

// rounding is what the allocator adds to the media of so much of the channel.
func (c Channel) rounding(d time.Duration) float64 {
	return min(c.media(d)/roundingShare, c.segments(d)*float64(c.tracks())*roundingMost)
}

// segments is how many of a track there are in d.
func (c Channel) segments(d time.Duration) float64 {
	return math.Ceil(max(d.Seconds(), 0) / c.segment().Seconds())
}

// parts is how many a segment has.
func (c Channel) parts() float64 {
	if c.Chunk <= 0 || c.Chunk >= c.segment() {
		return 1
	}
	return math.Ceil(c.segment().Seconds() / c.Chunk.Seconds())
}

func (c Channel) segment() time.Duration {
	if c.Segment <= 0 {
		return DefaultSegment
	}
	return min(c.Segment, time.Hour)
}

// dvr is at most a hundred years, so that more can be added to it.
func (c Channel) dvr() time.Duration { return min(max(c.DVR, 0), 100*365*24*time.Hour) }

func (c Channel) tracks() int {
	if c.Tracks <= 0 {
		return DefaultTracks
	}
	return c.Tracks
}

// whole is a number of bytes; one that no int64 holds is the largest.
func whole(v float64) int64 {
	if v >= math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(math.Ceil(v))
}

// plus is the sum of two numbers of bytes, at most the largest.
func plus(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
