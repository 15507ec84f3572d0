package control

import (
	"strings"
	"time"

	"weir/edge"
	"weir/ingest"
	"weir/internal/catalog"
	"weir/internal/media"
)

// Channel is what the API answers about a channel: its settings and its live status.
type Channel struct {
	ID      string `json:"id" doc:"Name of the channel in URLs"`
	Title   string `json:"title" doc:"For people"`
	DVR     string `json:"dvr" doc:"How much can be rewound" example:"2h"`
	Segment string `json:"segment" doc:"How long a segment should be" example:"2s"`
	Chunk   string `json:"chunk" doc:"How long a chunk should be; 0s: one chunk a segment" example:"200ms"`
	Source  string `json:"source" doc:"file:PATH, a file that is looped; srt://HOST:PORT, a sender that is called; empty: open for a push. Secrets in it are hidden"`
	HasKey  bool   `json:"hasKey" doc:"Whether publishers must know a key"`

	HasPassphrase bool     `json:"hasPassphrase" doc:"Whether SRT is encrypted with a passphrase of the channel's own"`
	Allow         []string `json:"allow" doc:"Where publishers may come from: addresses and CIDR blocks; none: from anywhere"`

	Captions   []string `json:"captions" doc:"Caption channels that manifests announce; none: there are none; empty: those that are found in the pictures"`
	Subtitles  []string `json:"subtitles" doc:"Languages of subtitles that are pushed"`
	Renditions []string `json:"renditions,omitempty" doc:"Feeds of their own that are waited for, the first is track v1"`
	Ladder     *Ladder  `json:"ladder,omitempty" doc:"Renditions that are made of the feed; none: there are none"`
	Inputs     []Input  `json:"inputs,omitempty" doc:"Of which one is on air, the best first; none: there is one"`
	Switch     *Switch  `json:"switch,omitempty" doc:"How the channel goes over from one input to another"`

	Groups    []string `json:"groups,omitempty" doc:"Groups of edges which alone serve the channel; none: all do"`
	Redundant bool     `json:"redundant,omitempty" doc:"Whether several ingest processes may get the channel's feed, of which one writes it and the others stand by"`

	FromFile bool `json:"fromFile" doc:"Whether the configuration file has the channel"`

	State      string      `json:"state" enum:"on-air,waiting,off-air,asleep" doc:"Whether a feed comes in; waiting: a publisher is there, but sends nothing; asleep: this edge does not read the channel, as nobody asks for it"`
	Feed       *FeedStatus `json:"feed,omitempty" doc:"Who publishes, or did last"`
	Tracks     []Track     `json:"tracks" doc:"Of the feed, or of the last one"`
	BitrateIn  int64       `json:"bitrateIn" doc:"bit/s that come in, over the last seconds"`
	Speed      float64     `json:"speed" doc:"How fast the feed's time goes, over the last seconds: 1 is real time; 0: not known"`
	FrameRate  float64     `json:"frameRate" doc:"Of the video, frames a second; 0: not known"`
	GOP        float64     `json:"gopSeconds" doc:"From one frame where decoding can start to the next, the newest; 0: not known"`
	LongestGOP float64     `json:"longestGopSeconds" doc:"The longest since the feed began"`
	ForcedCuts uint64      `json:"forcedCuts" doc:"Segments of the feed that had to begin where decoding cannot start"`

	WindowSeconds   float64    `json:"windowSeconds" doc:"What can be rewound now"`
	WindowBytes     int64      `json:"windowBytes" doc:"What the window takes in memory"`
	StoredBytes     int64      `json:"windowStoredBytes" doc:"What of the window is not in memory, and is read back from the bus when it is asked for"`
	Lag             float64    `json:"lagSeconds" doc:"For how long this edge has lacked what the bus has of the channel"`
	Oldest          *time.Time `json:"oldest,omitempty" doc:"Start of the window on the channel's timeline"`
	Newest          *time.Time `json:"newest,omitempty" doc:"End of the window on the channel's timeline"`
	Discontinuities int        `json:"discontinuities" doc:"In the window"`

	Drops           Drops      `json:"drops" doc:"What was lost on the way"`
	BusPendingBytes int64      `json:"busPendingBytes" doc:"What the bus has not acknowledged"`
	LastError       string     `json:"lastError,omitempty" doc:"What went wrong last with the feed"`
	LastErrorAt     *time.Time `json:"lastErrorAt,omitempty"`

	Warnings []string `json:"warnings,omitempty" doc:"In the answer to a change: what of all channels' windows will not fit memory or disk, and by how much"`
}

// FeedStatus is who publishes.
type FeedStatus struct {
	Protocol string     `json:"protocol" example:"rtmp"`
	Remote   string     `json:"remote" doc:"Address of the publisher, or path of the file"`
	Since    *time.Time `json:"since,omitempty" doc:"When the feed began"`
	Ended    *time.Time `json:"ended,omitempty" doc:"When the feed ended"`

	Inputs   []InputStatus `json:"inputs,omitempty" doc:"All feeds of the channel, where it has, or may have, more than one"`
	Input    string        `json:"input,omitempty" doc:"Which of the channel's inputs is on air"`
	Pinned   string        `json:"pinned,omitempty" doc:"The input that was chosen by hand"`
	Switches uint64        `json:"switches,omitempty" doc:"From one input to another"`
	// ApartCuts is told where there are any.
	ApartCuts uint64 `json:"apartCuts,omitempty" doc:"Segments at whose beginning not all renditions have a key frame: players cannot switch there without a break"`

	Ladders []LadderStatus `json:"ladders,omitempty" doc:"How renditions are made of the feed, or of each of the channel's inputs, where the channel has a ladder"`

	Transport *Transport `json:"transport,omitempty" doc:"How the connection does, where the protocol knows: SRT"`

	// Those of a redundant channel.
	Role      string  `json:"role,omitempty" enum:"writing,standby" doc:"What this process does with the feed of a redundant channel: writing, what comes is on air; standby, another process writes the channel"`
	Instance  string  `json:"instance,omitempty" doc:"The process that writes the channel, where this one stands by"`
	Ready     bool    `json:"ready,omitempty" doc:"Standing by, it holds enough of the feed to go on in the middle of a segment"`
	Held      float64 `json:"heldSeconds,omitempty" doc:"How much of the feed it holds, the writer too, which may have to go on when it has let go: a takeover within that time loses nothing"`
	Cut       uint64  `json:"heldCut,omitempty" doc:"Samples of what it holds that it let go, since it holds no more than 48 MiB"`
	Takeovers uint64  `json:"takeovers,omitempty" doc:"How often this process has taken the channel over since the feed began"`
	Seamless  uint64  `json:"seamless,omitempty" doc:"Of these, how often without a discontinuity"`
}

// Drops counts what was lost on the way.
type Drops struct {
	Samples  uint64 `json:"samples" doc:"Of the feed, that could not be packaged"`
	Segments uint64 `json:"segments" doc:"That were given up on their way over the bus"`
	Damaged  uint64 `json:"damaged" doc:"Segments that arrived with a wrong size or checksum"`
}

// Track is a track of a channel.
type Track struct {
	Name       string  `json:"name" example:"v1"`
	Kind       string  `json:"kind" enum:"video,audio,text"`
	Codec      string  `json:"codec" example:"avc"`
	Codecs     string  `json:"codecs" doc:"RFC 6381" example:"avc1.64001f"`
	Language   string  `json:"language,omitempty" doc:"BCP 47"`
	Width      int     `json:"width,omitempty" doc:"pixels"`
	Height     int     `json:"height,omitempty" doc:"pixels"`
	FrameRate  float64 `json:"frameRate,omitempty" doc:"frames a second"`
	VideoRange string  `json:"videoRange,omitempty" example:"SDR"`
	SampleRate int     `json:"sampleRate,omitempty" doc:"Hz"`
	Channels   int     `json:"channels,omitempty"`
}

// status is all about the channel with those settings.
func (s *Server) status(ch catalog.Channel) Channel {
	out := Channel{
		ID: ch.ID, Title: ch.Title, DVR: spell(ch.DVR), Segment: spell(ch.Segment), Chunk: spell(ch.Chunk),
		Source: catalog.HideSource(ch.Source), HasKey: ch.Key != "", HasPassphrase: ch.Passphrase != "", Allow: ch.Allow.List(), FromFile: ch.FromFile,
		Captions: ch.Captions.List(), Subtitles: ch.Subtitles.List(), Redundant: ch.Redundant, Groups: ch.Groups.List(),
		Tracks: []Track{},
	}
	out.Renditions, out.Inputs, out.Switch = settingsOf(ch)
	out.Ladder = ladderOf(ch)
	f, fed := s.feed(ch.ID)
	w, _ := s.window(ch.ID)
	out.State = state(f, fed, w)
	out.WindowSeconds, out.WindowBytes, out.StoredBytes, out.Discontinuities = w.Depth.Seconds(), w.Bytes, w.Stored, w.Discontinuities
	out.Lag = w.Lag.Seconds()
	out.Oldest, out.Newest = instant(w.Oldest), instant(w.Newest)
	out.Drops = Drops{Samples: f.DroppedSamples, Segments: uint64(f.LostSegments) + w.Lost, Damaged: w.Damaged}
	if !fed {
		return out
	}
	if f.State != ingest.OffAir {
		out.BitrateIn, out.Speed, out.FrameRate, out.GOP = f.BitrateIn, f.Speed, f.FrameRate, f.GOP.Seconds()
	}
	out.LongestGOP, out.ForcedCuts = f.LongestGOP.Seconds(), f.ForcedCuts
	out.Feed = &FeedStatus{Protocol: f.Protocol, Remote: f.Remote, Since: instant(f.Since), Ended: instant(f.Ended), Transport: transportOf(f.Transport)}
	out.Feed.Inputs, out.Feed.Input, out.Feed.Pinned = inputsOf(f), f.Input, f.Pinned
	out.Feed.Ladders = s.ladders(ch.ID)
	if f.Redundant {
		out.Feed.Held, out.Feed.Cut = f.Held.Seconds(), f.Cut
		out.Feed.Role, out.Feed.Instance, out.Feed.Takeovers, out.Feed.Seamless = string(f.Role), f.Instance, f.Takeovers, f.Seamless
		out.Feed.Ready = f.Ready
	}
	out.Feed.Switches, out.Feed.ApartCuts = f.Switches, f.ApartCuts
	out.BusPendingBytes = f.Writer.PendingBytes
	out.LastError, out.LastErrorAt = f.LastError, instant(f.LastErrorAt)
	out.Tracks = tracksOf(f.Tracks)
	return out
}

// state is that of the feed that this process has. Where it has none, or the window goes on behind the end of the last one,
// another process takes the channel in, and the window tells.
func state(f ingest.Status, fed bool, w edge.Status) string {
	if elsewhere := w.Newest.After(f.Ended.Add(3 * w.Target)); w.State == edge.OnAir && (!fed || f.State == ingest.OffAir && elsewhere) {
		return string(ingest.OnAir)
	}
	if fed {
		return string(f.State)
	}
	if w.State == edge.Asleep {
		return edge.Asleep
	}
	return string(ingest.OffAir)
}

func (s *Server) feed(channel string) (ingest.Status, bool) {
	if s.cfg.Feeds == nil {
		return ingest.Status{}, false
	}
	return s.cfg.Feeds.Status(channel)
}

func (s *Server) window(channel string) (edge.Status, bool) {
	if s.cfg.Edge == nil {
		return edge.Status{}, false
	}
	return s.cfg.Edge.Status(channel)
}

// instant is t in UTC to the millisecond, nil where it is zero.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Millisecond)
	return &t
}

// spell is d as people write it: 2h, not 2h0m0s. time.ParseDuration reads it.
func spell(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// tracksOf is tracks as the API tells them.
func tracksOf(tracks []media.Track) []Track {
	out := make([]Track, 0, len(tracks))
	for _, t := range tracks {
		out = append(out, Track{
			Name: t.Name, Kind: string(t.Kind), Codec: string(t.Codec), Codecs: t.Codecs, Language: t.Language,
			Width: t.Width, Height: t.Height, FrameRate: t.FrameRate.Float(), VideoRange: t.VideoRange,
			SampleRate: t.SampleRate, Channels: t.Channels,
		})
	}
	return out
}
