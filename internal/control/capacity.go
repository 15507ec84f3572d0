package control

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"weir/internal/catalog"
	"weir/internal/sizing"
)

// Capacity tells whether the windows of all channels will fit when they are full.
type Capacity interface {
	Verdict(ctx context.Context) sizing.Verdict
}

// capacity adds the operation that tells what the windows need.
func (s *Server) capacity(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "get-status", Method: http.MethodGet, Path: "/api/v1/status",
		Summary:     "Whether the DVR windows of all channels fit memory and disk when they are full",
		Description: "Bitrates are as measured where a channel is or was on air, else assumed.",
	}, s.getStatus)
}

// Status is what the API answers about the whole server.
type Status struct {
	Version  string         `json:"version"`
	Fits     bool           `json:"fits" doc:"Whether nothing that is known is too little"`
	Warnings []string       `json:"warnings" doc:"What does not fit, and by how much"`
	Notes    []string       `json:"notes" doc:"What of the windows is not in memory, and is read back from the bus when it is asked for"`
	Memory   Room           `json:"memory" doc:"Of the windows when all of them are in it, against what edge.memory has for them"`
	Least    Room           `json:"leastMemory" doc:"With which edges work, reading back what is not live, against the same"`
	Disk     Room           `json:"disk" doc:"Of the bus, with all replicas"`
	Channels []ChannelNeeds `json:"channels" doc:"What each channel needs, most memory first"`
}

// Room is what is needed of something, and what there is.
type Room struct {
	Need int64 `json:"needBytes"`
	Have int64 `json:"haveBytes" doc:"0: not known"`
	Over int64 `json:"overBytes" doc:"By how much it is too little"`
}

// ChannelNeeds is what a channel needs when its window is full.
type ChannelNeeds struct {
	ID      string `json:"id"`
	Bitrate int64  `json:"bitrate" doc:"bit/s of all tracks"`
	Assumed bool   `json:"assumed" doc:"Whether the bitrate is a guess, for the channel was not on air yet"`
	DVR     string `json:"dvr" example:"2h"`
	Memory  int64  `json:"memoryBytes"`
	Least   int64  `json:"leastMemoryBytes"`
	Disk    int64  `json:"diskBytes"`
}

type statusAnswer struct {
	Body Status
}

func (s *Server) getStatus(ctx context.Context, _ *struct{}) (*statusAnswer, error) {
	v := s.cfg.Capacity.Verdict(ctx)
	out := Status{
		Version: s.cfg.Version, Fits: v.Fits(), Warnings: append([]string{}, v.Warnings()...),
		Notes:  append([]string{}, v.Notes()...),
		Memory: roomOf(v.Memory), Least: roomOf(v.Least), Disk: roomOf(v.Disk), Channels: make([]ChannelNeeds, len(v.Channels)),
	}
	for i, n := range v.Channels {
		out.Channels[i] = ChannelNeeds{ID: n.ID, Bitrate: n.Bitrate, Assumed: n.Assumed, DVR: spell(n.DVR), Memory: n.Memory, Least: n.Least, Disk: n.Disk}
	}
	return &statusAnswer{Body: out}, nil
}

func roomOf(r sizing.Room) Room { return Room{Need: r.Need, Have: r.Have, Over: r.Over()} }

// verdictTimeout is how long a change of a channel waits for the bus to say how much it may store.
const verdictTimeout = 5 * time.Second

// warnings are what to say to who has set the channel, where that had to do with how much its window takes; nil: all fits.
func (s *Server) warnings(ctx context.Context, id string, created bool, p catalog.Patch) []string {
	if s.cfg.Capacity == nil || !created && p.DVR == nil && p.Segment == nil && p.Chunk == nil && p.Ladder == nil && p.Renditions == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, verdictTimeout)
	defer cancel()
	v := s.cfg.Capacity.Verdict(ctx)
	all := append(v.Notes(), v.Warnings()...)
	if n, ok := v.Of(id); ok && len(all) > 0 {
		all = append(all, n.Words())
	}
	return all
}
