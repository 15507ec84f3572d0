package control

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"weir/internal/clip"
)

// Clips keeps stretches of windows. *clip.Maker is one.
type Clips interface {
	Make(ctx context.Context, r clip.Request) (clip.Info, error)
	List(channel string) []clip.Info // of a channel, or of all if it is ""; oldest first
	Get(id string) (clip.Info, bool)
	Delete(id string) error
	Open(id string) (*clip.Asset, error)
}

// makeTimeout is how long the making of a clip may take: some gigabytes have to reach a slow disk.
const makeTimeout = 10 * time.Minute

// clips adds the clips' operations to the API.
func (s *Server) clips(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "make-clip", Method: http.MethodPost, Path: "/api/v1/channels/{id}/clips", MaxBodyBytes: maxBody,
		DefaultStatus: http.StatusCreated, Middlewares: huma.Middlewares{patient},
		Summary: "Keep a stretch of a channel's window",
		Description: "The clip begins and ends at borders of segments: start is rounded down, to where decoding can begin, and end up. " +
			"It outlives the window, and the channel.",
		Errors: []int{
			http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusRequestEntityTooLarge,
			http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusServiceUnavailable, http.StatusInsufficientStorage,
		},
	}, s.makeClip)
	huma.Register(api, huma.Operation{
		OperationID: "list-channel-clips", Method: http.MethodGet, Path: "/api/v1/channels/{id}/clips",
		Summary: "A channel's clips, oldest first", Description: "Those of a channel that was deleted are still there.",
		Errors: []int{http.StatusNotFound},
	}, s.listChannelClips)
	huma.Register(api, huma.Operation{
		OperationID: "list-clips", Method: http.MethodGet, Path: "/api/v1/clips", Summary: "All clips, oldest first",
	}, s.listClips)
	huma.Register(api, huma.Operation{
		OperationID: "get-clip", Method: http.MethodGet, Path: "/api/v1/clips/{clip}", Summary: "What a clip is",
		Errors: []int{http.StatusNotFound},
	}, s.getClip)
	huma.Register(api, huma.Operation{
		OperationID: "delete-clip", Method: http.MethodDelete, Path: "/api/v1/clips/{clip}",
		Summary: "Delete a clip", Description: "Downloads that are under way are not broken.",
		Errors: []int{http.StatusForbidden, http.StatusNotFound, http.StatusServiceUnavailable},
	}, s.deleteClip)
	huma.Register(api, huma.Operation{
		OperationID: "download-clip", Method: http.MethodGet, Path: "/api/v1/clips/{clip}/file.mp4",
		Summary: "A clip as one MP4", Description: "Ranges can be asked for.",
		Errors: []int{http.StatusNotFound, http.StatusRequestedRangeNotSatisfiable, http.StatusServiceUnavailable},
	}, s.downloadClip)
	answers := api.OpenAPI().Paths["/api/v1/clips/{clip}/file.mp4"].Get.Responses
	answers["200"].Content = map[string]*huma.MediaType{"video/mp4": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}
	answers["206"] = &huma.Response{Description: http.StatusText(http.StatusPartialContent), Content: answers["200"].Content}
}

// patient gives the making of a clip more time to answer than other requests have.
func patient(ctx huma.Context, next func(huma.Context)) {
	_, w := humago.Unwrap(ctx)
	// Where the deadline cannot be moved, the answer to a clip that took long is lost, not the clip.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(makeTimeout))
	next(ctx)
}

// Clip is what the API answers about a clip.
type Clip struct {
	ID       string    `json:"id" doc:"Name of the clip in URLs" example:"news-20261121T201530-k3v9xq2a"`
	Channel  string    `json:"channel" doc:"That it was made of, which may be gone" example:"news"`
	Name     string    `json:"name" doc:"For people"`
	Start    time.Time `json:"start" doc:"Of what was kept, by the wall clock"`
	End      time.Time `json:"end" doc:"Of what was kept, by the wall clock"`
	Duration float64   `json:"durationSeconds" doc:"From start to end, holes included"`
	Bytes    int64     `json:"bytes" doc:"Of media"`
	Tracks   []Track   `json:"tracks"`
	Created  time.Time `json:"created"`
	HLS      string    `json:"hls" doc:"Path of the multivariant playlist, where players are served" example:"/vod/news-20261121T201530-k3v9xq2a/index.m3u8"`
	DASH     string    `json:"dash" doc:"Path of the MPD, where players are served"`
	Download string    `json:"download" doc:"Path of the clip as one MP4, in this API"`
}

// clipOf is what the API answers about a clip.
func clipOf(in clip.Info) Clip {
	return Clip{
		ID: in.ID, Channel: in.Channel, Name: in.Name, Start: in.Start, End: in.End, Duration: in.Length.Seconds(), Bytes: in.Bytes,
		Tracks: tracksOf(in.Tracks), Created: in.Created.Truncate(time.Millisecond),
		HLS: "/vod/" + in.ID + "/index.m3u8", DASH: "/vod/" + in.ID + "/manifest.mpd", Download: "/api/v1/clips/" + in.ID + "/file.mp4",
	}
}

type clipPath struct {
	Clip string `path:"clip" doc:"The clip's ID"`
}

type clipAnswer struct {
	Location string `header:"Location" doc:"Of a clip that was made"`
	Body     Clip
}

type clipsAnswer struct {
	Body []Clip
}

// Stretch is the body of a POST: what is to be kept.
type Stretch struct {
	Start Instant `json:"start" doc:"By the wall clock, as players show it"`
	End   Instant `json:"end" doc:"After start by at most 24 hours"`
	Name  string  `json:"name,omitempty" doc:"For people, at most 200 bytes"`
}

type makeRequest struct {
	ID   string `path:"id" doc:"The channel's ID" example:"news"`
	Body Stretch
}

func (s *Server) makeClip(ctx context.Context, in *makeRequest) (*clipAnswer, error) {
	r := clip.Request{Channel: in.ID, Name: in.Body.Name}
	for field, at := range map[string]struct {
		from Instant
		to   *time.Time
	}{"start": {in.Body.Start, &r.Start}, "end": {in.Body.End, &r.End}} {
		var err error
		if *at.to, err = at.from.time(); err != nil {
			return nil, s.clipRefusal(in.ID, "", &clip.FieldError{Field: field, Problem: err.Error()})
		}
	}
	begun := time.Now()
	info, err := s.cfg.Clips.Make(ctx, r)
	if err != nil {
		return nil, s.clipRefusal(in.ID, "", err)
	}
	s.cfg.Log.Info("clip made by the API", "channel", info.Channel, "clip", info.ID, "name", info.Name, "start", info.Start, "end", info.End,
		"bytes", info.Bytes, "took", time.Since(begun).Round(time.Millisecond))
	return &clipAnswer{Location: "/api/v1/clips/" + info.ID, Body: clipOf(info)}, nil
}

func (s *Server) listChannelClips(_ context.Context, in *channelPath) (*clipsAnswer, error) {
	found := s.cfg.Clips.List(in.ID)
	if _, ok := s.cfg.Catalog.Channel(in.ID); !ok && len(found) == 0 || in.ID == "" {
		return nil, s.clipRefusal(in.ID, "", clip.ErrChannel)
	}
	return listed(found), nil
}

func (s *Server) listClips(context.Context, *struct{}) (*clipsAnswer, error) {
	return listed(s.cfg.Clips.List("")), nil
}

func listed(found []clip.Info) *clipsAnswer {
	out := &clipsAnswer{Body: make([]Clip, len(found))}
	for i := range found {
		out.Body[i] = clipOf(found[i])
	}
	return out
}

func (s *Server) getClip(_ context.Context, in *clipPath) (*clipAnswer, error) {
	info, ok := s.cfg.Clips.Get(in.Clip)
	if !ok {
		return nil, s.clipRefusal("", in.Clip, clip.ErrNotFound)
	}
	return &clipAnswer{Body: clipOf(info)}, nil
}

func (s *Server) deleteClip(_ context.Context, in *clipPath) (*struct{}, error) {
	info, _ := s.cfg.Clips.Get(in.Clip)
	if err := s.cfg.Clips.Delete(in.Clip); err != nil {
		return nil, s.clipRefusal(info.Channel, in.Clip, err)
	}
	s.cfg.Log.Info("clip deleted by the API", "channel", info.Channel, "clip", in.Clip)
	return nil, nil
}

// clipRefusal is the answer where something could not be done.
func (s *Server) clipRefusal(channel, id string, err error) error {
	var field *clip.FieldError
	var where *clip.RangeError
	switch {
	case errors.As(err, &field):
		return huma.Error422UnprocessableEntity(field.Error(), &huma.ErrorDetail{Location: "body." + field.Field, Message: field.Problem})
	case errors.As(err, &where):
		return huma.Error409Conflict(where.Error())
	case errors.Is(err, clip.ErrChannel):
		return huma.Error404NotFound(fmt.Sprintf("there is no channel %.70q", channel))
	case errors.Is(err, clip.ErrNotFound):
		return huma.Error404NotFound(fmt.Sprintf("there is no clip %.70q", id))
	case errors.Is(err, clip.ErrBusy):
		return huma.ErrorWithHeaders(huma.Error503ServiceUnavailable(err.Error()), http.Header{"Retry-After": {"5"}})
	case errors.Is(err, context.Canceled):
		return huma.Error503ServiceUnavailable("who asked for the clip is gone")
	}
	s.cfg.Log.Error("what was asked of a clip failed", "channel", channel, "clip", id, "err", err)
	if errors.Is(err, clip.ErrFull) {
		return huma.NewError(http.StatusInsufficientStorage, err.Error())
	}
	return huma.Error503ServiceUnavailable("it could not be done: " + err.Error())
}
