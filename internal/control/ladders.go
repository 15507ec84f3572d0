package control

import (
	"time"

	"weir/ingest/ladder"
	"weir/internal/catalog"
)

// Ladders is what the admin API needs of those who make renditions of feeds.
type Ladders interface {
	Status(channel string) []ladder.Status
}

// Ladder is which renditions are made of a channel's feed.
type Ladder struct {
	Preset     string `json:"preset,omitempty" doc:"1080p, 720p, 480p: from there down; instead of rungs" example:"720p"`
	Rungs      []Rung `json:"rungs,omitempty" maxItems:"6"`
	DropSource bool   `json:"dropSource,omitempty" doc:"The feed's own pictures are not shown, only what is made of them"`
}

// Rung is a rendition that is made of a channel's feed.
type Rung struct {
	Name    string `json:"name,omitempty" doc:"Letters, digits, _, - and .; empty: the height" example:"720"`
	Height  int    `json:"height" doc:"pixels, even; the width follows" example:"720"`
	Bitrate int64  `json:"bitrate" doc:"bit/s" example:"2800000"`
	FPS     int    `json:"fps,omitempty" doc:"At most so many frames a second; 0: as the feed has" example:"25"`
	Codec   string `json:"codec,omitempty" doc:"h264 or hevc; empty: h264" example:"h264"`
}

// LadderStatus is how the ladder of a feed does.
type LadderStatus struct {
	Input         string       `json:"input,omitempty" doc:"Which of the channel's inputs the feed is"`
	State         string       `json:"state" enum:"running,waiting,blocked" doc:"running: ffmpeg makes it; waiting: for pictures; blocked: lastError says what is the matter"`
	PID           int          `json:"pid,omitempty" doc:"Of ffmpeg"`
	Since         *time.Time   `json:"since,omitempty" doc:"Of ffmpeg, or of the feed"`
	Restarts      uint64       `json:"restarts" doc:"Of ffmpeg, since the feed began"`
	DroppedGOPs   uint64       `json:"droppedGops" doc:"That ffmpeg was too slow for"`
	DroppedFrames uint64       `json:"droppedFrames" doc:"In these"`
	Rungs         []RungStatus `json:"rungs,omitempty"`
	LastError     string       `json:"lastError,omitempty" doc:"Why there is no ffmpeg, or another one"`
	LastErrorAt   *time.Time   `json:"lastErrorAt,omitempty"`
	LastWords     []string     `json:"lastWords,omitempty" doc:"Of ffmpeg: of the one that is there, or of the one before"`
}

// RungStatus is how a rung does.
type RungStatus struct {
	Name    string `json:"name"`
	Height  int    `json:"height" doc:"pixels"`
	Bitrate int64  `json:"bitrate" doc:"bit/s that are aimed at"`
	Codec   string `json:"codec"`
	Frames  uint64 `json:"frames" doc:"That this ffmpeg has made"`
	Error   string `json:"error,omitempty" doc:"Why it is not shown"`
}

// ladderOf is the channel's ladder as the API tells it; nil: there is none.
func ladderOf(ch catalog.Channel) *Ladder {
	if ch.Ladder == "" {
		return nil
	}
	s := ch.Ladder.Settings()
	out := &Ladder{Preset: s.Preset, DropSource: s.DropSource}
	for _, r := range s.Rungs {
		out.Rungs = append(out.Rungs, Rung(r))
	}
	return out
}

// setting is the ladder as the catalog takes it.
func (l *Ladder) setting() *catalog.Ladder {
	s := catalog.LadderSettings{Preset: l.Preset, DropSource: l.DropSource}
	for _, r := range l.Rungs {
		s.Rungs = append(s.Rungs, catalog.Rung(r))
	}
	out := catalog.MakeLadder(s)
	return &out
}

// ladders is how those of the channel's feeds do.
func (s *Server) ladders(channel string) (all []LadderStatus) {
	if s.cfg.Ladders == nil {
		return nil
	}
	for _, l := range s.cfg.Ladders.Status(channel) {
		one := LadderStatus{
			Input: l.Input, State: string(l.State), PID: l.PID, Since: instant(l.Since), Restarts: l.Restarts,
			DroppedGOPs: l.DroppedGOPs, DroppedFrames: l.DroppedFrames, LastError: l.LastError, LastErrorAt: instant(l.LastErrorAt), LastWords: l.LastWords,
		}
		for _, r := range l.Rungs {
			one.Rungs = append(one.Rungs, RungStatus(r))
		}
		all = append(all, one)
	}
	return all
}
