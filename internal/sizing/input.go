package sizing

import (
	"errors"
	"fmt"
	"time"
)

// What Plan reckons with beside what it is told.
const (
	// Usable is the part of an interface's speed that is planned with: the rest is for headers, peaks and what is sent again.
	Usable = 0.8
	// What a process takes beside its windows. The garbage collector lets 8 % of large windows lie, and 64 MiB of small
	// ones (cmd/weir); segments that many ask for are kept a second time (edge); the rest is the program with its bus, 48 MB idle.
	garbageLeast = 64 << 20 // bytes
	garbageShare = 0.08     // of the windows
	copiesMost   = 256 << 20
	copiesShare  = 1. / 8
	processBytes = 128 << 20
)

// Group is channels that are alike.
type Group struct {
	Count int
	Channel
}

// Input is what a service is to do, and what there is for it.
type Input struct {
	Channels []Group

	Viewers       int           // at the peak, all together
	ViewerBitrate int64         // bit/s that one takes
	ViewerTracks  int           // that one plays at a time; 0: DefaultTracks
	DASH          float64       // share of the viewers that play DASH, from 0 to 1; the others play HLS
	LowLatency    float64       // share of the viewers with low latency, from 0 to 1
	Session       time.Duration // that one watches; 0: DefaultSession

	NIC        int64 // bit/s of an interface
	NICs       int   // of an edge; 0: 1
	EdgeMemory int64 // bytes for the windows of an edge: edge.memory
	Nodes      int   // servers of the bus; 0: as many as Replicas
	Replicas   int   // of each channel; 0: 1
}

// DefaultSession is how long somebody watches where it is not said.
const DefaultSession = 10 * time.Minute

// withDefaults is in with zeros replaced, or what is wrong with it.
func (in Input) withDefaults() (Input, error) {
	for _, n := range []struct {
		name string
		v    int64
	}{
		{"viewers", int64(in.Viewers)},
		{"bitrate of a viewer", in.ViewerBitrate},
		{"tracks of a viewer", int64(in.ViewerTracks)},
		{"session", int64(in.Session)},
		{"interface's speed", in.NIC},
		{"interfaces", int64(in.NICs)},
		{"memory of an edge", in.EdgeMemory},
		{"nodes", int64(in.Nodes)},
		{"replicas", int64(in.Replicas)},
	} {
		if n.v < 0 {
			return in, fmt.Errorf("%s: %d is less than nothing", n.name, n.v)
		}
	}
	for _, g := range in.Channels {
		if g.Count < 0 || g.Bitrate < 0 || g.DVR < 0 || g.Segment < 0 || g.Chunk < 0 || g.Tracks < 0 {
			return in, fmt.Errorf("channels %s: count, bitrate and durations cannot be less than nothing", g.ID)
		}
	}
	if !(in.DASH >= 0 && in.DASH <= 1) || !(in.LowLatency >= 0 && in.LowLatency <= 1) {
		return in, errors.New("shares of the viewers are from 0 to 1")
	}
	in.ViewerTracks = orDefault(in.ViewerTracks, DefaultTracks)
	in.Session = orDefault(in.Session, DefaultSession)
	in.NICs, in.Replicas = orDefault(in.NICs, 1), orDefault(in.Replicas, 1)
	in.Nodes = orDefault(in.Nodes, in.Replicas)
	if in.Nodes < in.Replicas {
		return in, fmt.Errorf("%d replicas need as many nodes, there are %d", in.Replicas, in.Nodes)
	}
	return in, nil
}

func orDefault[T int | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}
