package sizing

import "time"

// WindowsShare is the part of edge.memory that the media of windows may take (edge.WindowsMemory). Media that is read back is kept in another.
const WindowsShare = 6. / 8

// What an edge keeps of a channel's window whatever edge.memory says, measured in edge/window: the six newest segments, the one that is being made, and one
// that is about to be let go of.
const liveSegments = 8

// What an edge keeps of media that it has read back (edge).
const (
	keptShare = 1. / 16 // of edge.memory
	keptLeast = 8 << 20
	keptMost  = 256 << 20
)

// Least is how many bytes the channel's window takes on an edge at the least when it is full: the media that is live, and what is to be known of all segments. The
// rest can be read back from the bus.
func (c Channel) Least() int64 {
	live := c.live()
	n := c.segments(live) * float64(c.tracks())
	return whole(c.media(live) + c.known() + n*(c.parts()-1)*partBytes + c.rounding(live))
}

// known is what the window takes beside media where no parts are told of.
func (c Channel) known() float64 {
	return windowBytes + c.segments(c.held())*float64(c.tracks())*(segmentBytes+partBytes)
}

// live is for how long media is in memory in any case.
func (c Channel) live() time.Duration { return min(liveSegments*c.segment(), c.held()) }

// readKept is how much of what is read back an edge keeps.
func readKept(edgeMemory int64) float64 {
	return min(max(float64(edgeMemory)*keptShare, keptLeast), keptMost)
}
