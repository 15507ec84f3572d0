package ingest

import (
	"fmt"
	"time"

	"weir/internal/bus"
	"weir/internal/media"
)

// State is how a channel's feed is.
type State string

// The states.
const (
	OnAir   State = "on-air"  // samples come
	Waiting State = "waiting" // a publisher is there, but no sample came for a while, or none yet
	OffAir  State = "off-air" // there is no feed
)

// stalled is after what time without a sample a feed is Waiting.
const stalled = 5 * time.Second

// Status is how a channel's feed does. What is not the meter's is at most a second old.
type Status struct {
	State          State           `json:"state"`
	Protocol       string          `json:"protocol"`
	Remote         string          `json:"remote"`
	Since          time.Time       `json:"since"`
	Ended          time.Time       `json:"ended,omitzero"`
	Tracks         []media.Track   `json:"tracks"`         // as announced last
	BitrateIn      int64           `json:"bitrateIn"`      // bit/s over the last 5 s
	FrameRate      float64         `json:"frameRate"`      // of the leading video track
	GOP            time.Duration   `json:"gop"`            // the last one
	LongestGOP     time.Duration   `json:"longestGop"`     // since the feed began
	ForcedCuts     uint64          `json:"forcedCuts"`     // segments that do not begin with a sync sample
	UnevenChunks   uint64          `json:"unevenChunks"`   // shorter or longer than players of low latency are told
	LateFrames     uint64          `json:"lateFrames"`     // that came later than the one before was said to last: gaps
	Runs           uint64          `json:"runs"`           // since the feed began; more than one: discontinuities
	Samples        int64           `json:"samples"`        // received
	Bytes          int64           `json:"bytes"`          // received, media only
	DroppedSamples uint64          `json:"droppedSamples"` // by adapter and packager, since the feed began
	LostSegments   int64           `json:"lostSegments"`   // given up by the bus, since the feed began
	LastError      string          `json:"lastError"`      // what an operator may want to mend, "" for nothing
	LastErrorAt    time.Time       `json:"lastErrorAt,omitzero"`
	Writer         bus.WriterStats `json:"writer"`
}

// status is false for a feed that was never admitted.
func (f *feed) status() (Status, bool) {
	snap := f.shown.Load()
	if snap == nil {
		return Status{}, false
	}
	now := f.server.cfg.Now()
	bytes, samples := f.meter.total()
	p := snap.packager
	st := Status{
		State: Waiting, Protocol: f.publish.Protocol, Remote: f.publish.Remote, Since: f.since, Tracks: snap.tracks,
		BitrateIn: f.meter.rate(now), FrameRate: p.FrameRate, GOP: p.GOP, LongestGOP: p.LongestGOP, ForcedCuts: p.ForcedCuts,
		UnevenChunks: p.ShortChunks + p.LongChunks, LateFrames: p.LateFrames,
		Runs: p.Runs, Samples: samples, Bytes: bytes, LostSegments: snap.writer.DroppedSegments,
		LastError: p.Problem, LastErrorAt: p.ProblemAt, Writer: snap.writer,
	}
	for _, n := range p.Dropped {
		st.DroppedSamples += n
	}
	n, why, at := f.dropped.total()
	st.DroppedSamples += n
	if st.LastError == "" {
		st.LastError, st.LastErrorAt = why, at
	}
	if last := f.meter.lastSample(); !last.IsZero() && now.Sub(last) < stalled {
		st.State = OnAir
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.isDone {
		st.State, st.Ended = OffAir, f.errAt
		st.BitrateIn = 0
		if f.err != nil {
			st.LastError, st.LastErrorAt = f.err.Error(), f.errAt
		}
	}
	return st, true
}

// name gives tracks the names that the packager gives them: by kind, in the order of the formats.
func name(tracks []media.Track) {
	ordinal := make(map[media.Kind]int)
	for i, t := range tracks {
		ordinal[t.Kind]++
		tracks[i].Name = fmt.Sprintf("%c%d", t.Kind[0], ordinal[t.Kind])
	}
}
