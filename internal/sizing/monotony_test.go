package sizing

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// drawInput is any service within reason.
func drawInput(t *rapid.T) Input {
	in := Input{
		Viewers:       rapid.IntRange(0, 10_000_000).Draw(t, "viewers"),
		ViewerBitrate: rapid.Int64Range(0, 50e6).Draw(t, "viewer bitrate"),
		ViewerTracks:  rapid.IntRange(0, 4).Draw(t, "viewer tracks"),
		DASH:          rapid.Float64Range(0, 1).Draw(t, "dash"),
		LowLatency:    rapid.Float64Range(0, 1).Draw(t, "low latency"),
		Session:       time.Duration(rapid.IntRange(0, 36000).Draw(t, "session")) * time.Second,
		NIC:           rapid.Int64Range(0, 400e9).Draw(t, "nic"),
		NICs:          rapid.IntRange(0, 8).Draw(t, "nics"),
		EdgeMemory:    rapid.Int64Range(0, 8<<40).Draw(t, "edge memory"),
		Replicas:      rapid.SampledFrom([]int{0, 1, 3, 5}).Draw(t, "replicas"),
	}
	in.Nodes = max(in.Replicas, 1) + rapid.IntRange(0, 9).Draw(t, "more nodes")
	for range rapid.IntRange(1, 3).Draw(t, "groups") {
		segment := time.Duration(rapid.IntRange(500, 10000).Draw(t, "segment")) * time.Millisecond
		in.Channels = append(in.Channels, Group{Count: rapid.IntRange(0, 5000).Draw(t, "count"), Channel: Channel{
			Bitrate: rapid.Int64Range(0, 100e6).Draw(t, "bitrate"),
			DVR:     time.Duration(rapid.Int64Range(0, int64(168*time.Hour)).Draw(t, "dvr")),
			Segment: segment, Chunk: time.Duration(rapid.Int64Range(0, int64(segment)).Draw(t, "chunk")),
			Tracks: rapid.IntRange(0, 12).Draw(t, "tracks"),
		}})
	}
	return in
}

// cost is a line's value; what is impossible costs more than anything.
func cost(l Line) float64 {
	if l.Impossible {
		return math.Inf(1)
	}
	return l.Value
}

// TestMoreTakesMore: more of anything that is asked for takes no less of anything, and more of what is there needs no more of it.
func TestMoreTakesMore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		more := in
		more.Channels = append([]Group(nil), in.Channels...)
		g := &more.Channels[rapid.IntRange(0, len(more.Channels)-1).Draw(t, "which")]
		less := false // more of it is there
		switch rapid.SampledFrom([]string{
			"count", "bitrate", "dvr", "viewers", "viewer bitrate", "viewer tracks", "replicas", "tracks", "nic", "nics", "edge memory",
		}).Draw(t, "what") {
		case "count":
			if in.Channels[0].Count == 0 {
				in.Channels[0].Count, more.Channels[0].Count = 1, 1 // or another would say how long segments are
			}
			g.Count += rapid.IntRange(1, 1000).Draw(t, "by")
		case "bitrate":
			g.Bitrate += rapid.Int64Range(1, 1e8).Draw(t, "by")
		case "dvr":
			g.DVR += time.Duration(rapid.Int64Range(1, int64(100*time.Hour)).Draw(t, "by"))
		case "viewers":
			more.Viewers += rapid.IntRange(1, 1e6).Draw(t, "by")
		case "viewer bitrate":
			more.ViewerBitrate += rapid.Int64Range(1, 1e8).Draw(t, "by")
		case "viewer tracks":
			more.ViewerTracks = max(in.ViewerTracks, DefaultTracks) + 1
		case "tracks":
			g.Tracks = g.tracks() + 1
		case "replicas":
			more.Replicas = max(in.Replicas, 1) + 1
			in.Nodes += more.Replicas
			more.Nodes = in.Nodes
		case "nic":
			more.NIC, less = in.NIC+rapid.Int64Range(1, 1e11).Draw(t, "by"), true
		case "nics":
			more.NICs, less = max(in.NICs, 1)+1, true
		case "edge memory":
			more.EdgeMemory, less = in.EdgeMemory+rapid.Int64Range(1, 1<<40).Draw(t, "by"), true
		}
		before, err := New(in)
		if err != nil {
			t.Fatal(err)
		}
		after, err := New(more)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range after.Lines {
			b, ok := before.Line(a.Key)
			if !ok { // a kind of viewers that there was none of
				continue
			}
			low, high := cost(b), cost(a)
			if a.Key == "cache.sharded" || a.Key == "memory.process.edge" && less {
				continue // that is what is there, not what is needed
			}
			if less {
				low, high = high, low
			}
			if !(low <= high*(1+1e-12)) || math.IsNaN(high) || low < 0 {
				t.Fatalf("%s: %v (%s) before, %v (%s) after", a.Key, cost(b), b.Formula, cost(a), a.Formula)
			}
		}
	})
}

// TestCheckIsMonotone: a channel more, or more of a channel, is never too much by less.
func TestCheckIsMonotone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		var all []Channel
		for _, g := range in.Channels {
			all = append(all, g.Channel)
		}
		have := Have{Memory: rapid.Int64Range(1, 1<<42).Draw(t, "memory"), Disk: rapid.Int64Range(1, 1<<44).Draw(t, "disk"), Replicas: in.Replicas}
		fewer, more := Check(all[:len(all)-1], have), Check(all, have)
		if more.Memory.Over() < fewer.Memory.Over() || more.Least.Over() < fewer.Least.Over() || more.Disk.Over() < fewer.Disk.Over() {
			t.Fatalf("%+v, then %+v", fewer, more)
		}
		if more.Fits() != (len(more.Warnings()) == 0) {
			t.Fatalf("%+v warns %q", more, more.Warnings())
		}
		if more.Least.Need > more.Memory.Need || (len(more.Notes()) > 0) != (more.Memory.Over() > 0 && more.Least.Over() == 0) {
			t.Fatalf("%+v notes %q", more, more.Notes())
		}
		// What is said to fit of every DVR does not come out as nothing or as more than all.
		for _, r := range []Room{more.Memory, more.Disk} {
			if s := r.Share(); !(s >= 0 && s <= 1) || (s == 1) != (r.Over() == 0) {
				t.Fatalf("%+v: share %v", r, s)
			}
		}
	})
}
