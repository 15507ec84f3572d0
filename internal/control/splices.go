package control

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"weir/ingest"
	"weir/internal/media"
)

// Splices makes and tells of splices. *ingest.Server does.
type Splices interface {
	Splice(channel string, p ingest.Splice) (id uint32, section []byte, err error)
	Splices(channel string) ([]media.Signal, error)
}

// splices adds the splices' operations to the API.
func (s *Server) splices(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "make-splice", Method: http.MethodPost, Path: "/api/v1/channels/{id}/splices", MaxBodyBytes: maxBody,
		DefaultStatus: http.StatusAccepted,
		Summary:       "Begin or end a break in a channel that is on air",
		Description: "As a splice_insert of SCTE-35 in the feed does: a segment begins at the first key frame from that time on, playlists have an EXT-X-DATERANGE, " +
			"MPDs an Event. With neither time nor in, it is at the next key frame. " +
			"Of a redundant channel the process makes it that writes it; another answers 409 and says which one that is.",
		Errors: []int{
			http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusRequestEntityTooLarge,
			http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusServiceUnavailable,
		},
	}, s.makeSplice)
	huma.Register(api, huma.Operation{
		OperationID: "list-splices", Method: http.MethodGet, Path: "/api/v1/channels/{id}/splices",
		Summary: "The newest splices of a channel, oldest first", Description: "Those of the feed, and those that were asked for here; none while the channel is off air. Of a redundant channel the process tells " +
			"that writes it.",
		Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable},
	}, s.listSplices)
}

// Splicing is the body of a POST: the splice that is to be made.
type Splicing struct {
	Time     *Instant `json:"time,omitempty" doc:"By the wall clock, as players show it: up to an hour from now"`
	In       string   `json:"in,omitempty" doc:"How long from now, in place of time" example:"10s"`
	Out      bool     `json:"out" doc:"True: a break begins; false: it ends"`
	Duration string   `json:"duration,omitempty" doc:"How long the break is, after which it ends by itself; empty: not known" example:"30s"`
	ID       uint32   `json:"id,omitempty" doc:"splice_event_id: the end of a break has that of its beginning; 0: one is chosen"`
}

// Spliced is what the API answers about a splice that it makes.
type Spliced struct {
	ID      uint32 `json:"id" doc:"splice_event_id"`
	Section string `json:"section" doc:"splice_info_section in base64"`
}

type splicing struct {
	ID   string `path:"id" doc:"The channel's ID" example:"news"`
	Body Splicing
}

type splicedAnswer struct{ Body Spliced }

func (s *Server) makeSplice(_ context.Context, in *splicing) (*splicedAnswer, error) {
	if _, ok := s.cfg.Catalog.Channel(in.ID); !ok {
		return nil, huma.Error404NotFound(fmt.Sprintf("there is no channel %.70q", in.ID))
	}
	p := ingest.Splice{Out: in.Body.Out, EventID: in.Body.ID}
	var err error
	switch {
	case in.Body.Time != nil && in.Body.In != "":
		return nil, huma.Error422UnprocessableEntity("time and in: only one of them can be given")
	case in.Body.Time != nil:
		if p.At, err = in.Body.Time.time(); err != nil {
			return nil, huma.Error422UnprocessableEntity("time: " + err.Error())
		}
	case in.Body.In != "":
		var d time.Duration
		if d, err = time.ParseDuration(in.Body.In); err != nil || d < 0 {
			return nil, huma.Error422UnprocessableEntity(fmt.Sprintf("in: %.50q is no length of time", in.Body.In))
		}
		p.At = time.Now().Add(d)
	}
	if in.Body.Duration != "" {
		if p.Duration, err = time.ParseDuration(in.Body.Duration); err != nil || p.Duration <= 0 {
			return nil, huma.Error422UnprocessableEntity(fmt.Sprintf("duration: %.50q is no length of time", in.Body.Duration))
		}
	}
	id, section, err := s.cfg.Splices.Splice(in.ID, p)
	switch {
	case errors.Is(err, ingest.ErrOffAir):
		return nil, huma.Error409Conflict(fmt.Sprintf("channel %s is off air", in.ID))
	case errors.Is(err, ingest.ErrSplice):
		return nil, huma.Error422UnprocessableEntity(err.Error())
	case err != nil:
		return nil, elsewhere(err)
	}
	return &splicedAnswer{Spliced{ID: id, Section: base64.StdEncoding.EncodeToString(section)}}, nil
}

// elsewhere is the answer where another process writes the channel, or where it cannot be said now.
func elsewhere(err error) error {
	switch {
	case errors.Is(err, ingest.ErrStandsBy):
		return huma.Error409Conflict(err.Error() + ": its splices are made and told of there")
	case errors.Is(err, ingest.ErrChanging):
		return huma.Error503ServiceUnavailable(err.Error() + ": try again in a second")
	}
	return huma.Error503ServiceUnavailable(err.Error())
}

// SpliceInfo is what the API answers about a splice of a channel.
type SpliceInfo struct {
	ID       string    `json:"id" doc:"That of its EXT-X-DATERANGE"`
	Time     time.Time `json:"time" doc:"When it begins, by the wall clock"`
	Type     uint8     `json:"type" doc:"segmentation_type_id; 0: of a splice_insert"`
	Planned  float64   `json:"plannedSeconds,omitempty" doc:"How long it was said to last"`
	Duration float64   `json:"durationSeconds,omitempty" doc:"How long it did last"`
	Out      string    `json:"out,omitempty" doc:"Section that began the break, in base64"`
	In       string    `json:"in,omitempty" doc:"Section that ended it, in base64"`
	Command  string    `json:"command,omitempty" doc:"Section of anything else, in base64"`
	Canceled bool      `json:"canceled" doc:"It was taken back before it began"`
}

type splicesAnswer struct{ Body []SpliceInfo }

func (s *Server) listSplices(_ context.Context, in *channelPath) (*splicesAnswer, error) {
	if _, ok := s.cfg.Catalog.Channel(in.ID); !ok {
		return nil, huma.Error404NotFound(fmt.Sprintf("there is no channel %.70q", in.ID))
	}
	recent, err := s.cfg.Splices.Splices(in.ID)
	if err != nil && !errors.Is(err, ingest.ErrOffAir) {
		return nil, elsewhere(err)
	}
	out := &splicesAnswer{Body: make([]SpliceInfo, len(recent))}
	text := base64.StdEncoding.EncodeToString
	for i, r := range recent {
		out.Body[i] = SpliceInfo{
			ID: r.ID, Time: r.Date.Round(time.Millisecond), Type: r.Type, Planned: r.Planned.Seconds(), Duration: r.Duration.Seconds(),
			Out: text(r.Out), In: text(r.In), Command: text(r.Command), Canceled: r.Canceled,
		}
	}
	return out, nil
}
