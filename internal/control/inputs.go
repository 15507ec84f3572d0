package control

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"weir/ingest"
	"weir/internal/catalog"
)

// Input is one of the feeds that can put a channel on air.
type Input struct {
	Name   string `json:"name" doc:"Letters, digits, _, - and ." example:"backup"`
	Source string `json:"source,omitempty" doc:"As that of a channel; empty: open for a push"`
}

// Switch is how a channel goes over from one of its inputs to another.
type Switch struct {
	Silence string `json:"silence,omitempty" doc:"The input on air is left when it has brought nothing new for so long: 200ms to 1m" example:"2s"`
	Back    string `json:"back,omitempty" doc:"A better input is taken again when it has been well for so long: 0s to 1h" example:"30s"`
}

// InputStatus is how one of a channel's feeds does.
type InputStatus struct {
	Input        string     `json:"input,omitempty" doc:"Which of the channel's inputs it is"`
	Rendition    string     `json:"rendition,omitempty"`
	State        string     `json:"state" enum:"active,standby,waiting,ended" doc:"standby: another input is on air; waiting: nothing comes, or other feeds are waited for"`
	Protocol     string     `json:"protocol" example:"rtmp"`
	Remote       string     `json:"remote"`
	Since        *time.Time `json:"since,omitempty"`
	BitrateIn    int64      `json:"bitrateIn" doc:"bit/s that come in"`
	Bytes        int64      `json:"bytes" doc:"Media that came in"`
	Dropped      uint64     `json:"droppedSamples"`
	SharedTracks int        `json:"sharedTracks" doc:"Tracks that are left out, as another rendition brings the same"`
	LastError    string     `json:"lastError,omitempty"`
	Transport    *Transport `json:"transport,omitempty" doc:"How the connection does, where the protocol knows: SRT"`
}

// inputsOf is how the feeds of a channel do, where there is more to say than of the only one.
func inputsOf(f ingest.Status) []InputStatus {
	if len(f.Inputs) == 0 || len(f.Inputs) == 1 && f.Inputs[0].Input == "" && f.Inputs[0].Rendition == "" {
		return nil
	}
	out := make([]InputStatus, len(f.Inputs))
	for i, in := range f.Inputs {
		out[i] = InputStatus{
			Input: in.Input, Rendition: in.Rendition, State: string(in.State), Protocol: in.Protocol, Remote: in.Remote, Since: instant(in.Since),
			BitrateIn: in.BitrateIn, Bytes: in.Bytes, Dropped: in.Dropped, SharedTracks: in.SharedTracks, LastError: in.LastError,
			Transport: transportOf(in.Transport),
		}
	}
	return out
}

// settingsOf are the settings of a channel about its feeds, as the API tells them.
func settingsOf(ch catalog.Channel) (renditions []string, inputs []Input, sw *Switch) {
	renditions = ch.Renditions.List()
	for _, in := range ch.Inputs.List() {
		inputs = append(inputs, Input{Name: in.Name, Source: catalog.HideSource(in.Source)})
	}
	if len(inputs) > 0 {
		sw = &Switch{Silence: spell(ch.Switch.Silence), Back: spell(ch.Switch.Back)}
	}
	return renditions, inputs, sw
}

// patchFeeds is what the body sets of them; the error is a *catalog.FieldError.
func (b Settings) patchFeeds(p *catalog.Patch) error {
	if b.Renditions != nil {
		list := catalog.MakeNames(*b.Renditions)
		for _, name := range *b.Renditions { // a comma in a name would be taken for two
			if err := catalog.ValidateName("renditions", name); err != nil {
				return err
			}
		}
		p.Renditions = &list
	}
	if b.Groups != nil {
		list := catalog.MakeNames(*b.Groups)
		for _, name := range *b.Groups {
			if err := catalog.ValidateName("groups", name); err != nil {
				return err
			}
		}
		p.Groups = &list
	}
	if b.Ladder != nil {
		p.Ladder = b.Ladder.setting()
	}
	if b.Inputs != nil {
		all := make([]catalog.Input, len(*b.Inputs))
		for i, in := range *b.Inputs {
			if err := catalog.ValidateName("inputs", in.Name); err != nil {
				return err
			}
			all[i] = catalog.Input{Name: in.Name, Source: in.Source}
		}
		list := catalog.MakeInputs(all)
		p.Inputs = &list
	}
	if b.Switch == nil {
		return nil
	}
	for _, d := range []struct {
		field, from string
		to          **time.Duration
	}{{"switch.silence", b.Switch.Silence, &p.Silence}, {"switch.back", b.Switch.Back, &p.Back}} {
		if d.from == "" {
			continue
		}
		v, err := time.ParseDuration(d.from)
		if err != nil {
			return &catalog.FieldError{Field: d.field, Problem: fmt.Sprintf("%.50q is no duration, write it like 2h, 90s or 200ms", d.from)}
		}
		*d.to = &v
	}
	return nil
}

type inputRequest struct {
	ID   string `path:"id" doc:"The channel's ID" example:"news"`
	Body struct {
		Input string `json:"input" doc:"Name of the input; empty: as the settings say, from now on" example:"backup"`
	}
}

// inputs adds the operation that chooses among a channel's inputs.
func (s *Server) inputs(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "switch-input", Method: http.MethodPost, Path: "/api/v1/channels/{id}/input", MaxBodyBytes: maxBody,
		Summary:       "Put another input of a channel on air",
		Description:   "It happens at the input's next key frame, and holds until that input fails or another one is chosen.",
		DefaultStatus: http.StatusAccepted,
		Errors:        []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict},
	}, s.switchInput)
	huma.Register(api, huma.Operation{
		OperationID: "take-over", Method: http.MethodPost, Path: "/api/v1/channels/{id}/takeover", MaxBodyBytes: maxBody,
		Summary: "Give a redundant channel to the process that stands by",
		Description: "Asked of one that stands by, that one takes the channel; asked of the one that writes, another does. With the same feed on both, " +
			"players see nothing of it.",
		DefaultStatus: http.StatusAccepted,
		Errors:        []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict},
	}, s.takeOver)
}

type takeOverRequest struct {
	ID string `path:"id" doc:"The channel's ID" example:"news"`
}

func (s *Server) takeOver(_ context.Context, in *takeOverRequest) (*channelAnswer, error) {
	ch, ok := s.cfg.Catalog.Channel(in.ID)
	if !ok {
		return nil, huma.Error404NotFound(fmt.Sprintf("there is no channel %.70q", in.ID))
	}
	err := ingest.ErrOffAir
	if s.cfg.Feeds != nil {
		err = s.cfg.Feeds.TakeOver(in.ID)
	}
	if err != nil {
		return nil, huma.Error409Conflict(fmt.Sprintf("channel %s is not taken over: %s", in.ID, err))
	}
	s.cfg.Log.Info("takeover ordered by the API", "channel", in.ID)
	return &channelAnswer{Status: http.StatusAccepted, Body: s.status(ch)}, nil
}

func (s *Server) switchInput(_ context.Context, in *inputRequest) (*channelAnswer, error) {
	ch, ok := s.cfg.Catalog.Channel(in.ID)
	if !ok {
		return nil, huma.Error404NotFound(fmt.Sprintf("there is no channel %.70q", in.ID))
	}
	err := ingest.ErrOffAir
	if s.cfg.Feeds != nil {
		err = s.cfg.Feeds.SwitchInput(in.ID, in.Body.Input)
	}
	switch {
	case errors.Is(err, ingest.ErrNoInput):
		return nil, huma.Error404NotFound(fmt.Sprintf("channel %s has no input %.70q", in.ID, in.Body.Input))
	case err != nil:
		return nil, huma.Error409Conflict(fmt.Sprintf("channel %s, input %.70q: %s", in.ID, in.Body.Input, err))
	}
	s.cfg.Log.Info("input chosen by the API", "channel", in.ID, "input", in.Body.Input)
	return &channelAnswer{Status: http.StatusAccepted, Body: s.status(ch)}, nil
}
