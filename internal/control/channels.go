package control

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"weir/internal/catalog"
)

// maxBody is the largest request body, in bytes: the longest settings with every character escaped.
const maxBody = 16 << 10

// channels adds the channels' operations and their OpenAPI description.
func (s *Server) channels(mux *http.ServeMux) {
	cfg := huma.DefaultConfig("Weir admin API", s.cfg.Version)
	cfg.Info.Description = "Settings and live status of the channels and assets. Changes outlive a restart. They apply at once, but segment and chunk of a channel from the next feed on."
	cfg.OpenAPIPath = "/api/v1/openapi"
	cfg.DocsPath = ""    // its page would load scripts from elsewhere
	cfg.SchemasPath = "" // all schemas are in the description
	cfg.CreateHooks = nil
	cfg.Transformers = []huma.Transformer{withoutValues}
	api := humago.New(mux, cfg)

	huma.Register(api, huma.Operation{
		OperationID: "list-channels", Method: http.MethodGet, Path: "/api/v1/channels",
		Summary: "All channels, by ID",
	}, s.list)
	huma.Register(api, huma.Operation{
		OperationID: "get-channel", Method: http.MethodGet, Path: "/api/v1/channels/{id}",
		Summary: "A channel's settings and live status", Errors: []int{http.StatusNotFound},
	}, s.get)
	huma.Register(api, huma.Operation{
		OperationID: "put-channel", Method: http.MethodPut, Path: "/api/v1/channels/{id}", MaxBodyBytes: maxBody,
		Summary:     "Set some of a channel's settings, or make the channel",
		Description: "What is not given stays as it is; of a new channel it has its default. A DVR that cannot fit memory or disk is set all the same, with warnings in the answer.",
		Errors: []int{
			http.StatusBadRequest, http.StatusForbidden, http.StatusConflict, http.StatusRequestEntityTooLarge,
			http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusServiceUnavailable,
		},
	}, s.put)
	huma.Register(api, huma.Operation{
		OperationID: "delete-channel", Method: http.MethodDelete, Path: "/api/v1/channels/{id}",
		Summary:     "Take a channel off the air and forget it",
		Description: "Its feed is ended. One of the configuration file stays deleted over restarts, until it is put again.",
		Errors:      []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable},
	}, s.delete)

	s.inputs(api)
	if s.cfg.Capacity != nil {
		s.capacity(api)
	}
	if s.cfg.Clips != nil {
		s.clips(api)
	}
	if s.cfg.Splices != nil {
		s.splices(api)
	}
	if s.cfg.Assets != nil {
		s.assets(api)
	}
	if s.cfg.Library != nil {
		s.libraries(api)
	}
	if s.cfg.Sites != nil {
		s.sites(api)
	}
	if s.cfg.Edges != nil {
		s.edges(api)
	}
	describeCreated(api, "/api/v1/channels/{id}")
}

// describeCreated says that a PUT to path may also make something new.
func describeCreated(api huma.API, path string) {
	answers := api.OpenAPI().Paths[path].Put.Responses
	answers["201"] = &huma.Response{Description: "Created", Headers: answers["200"].Headers, Content: answers["200"].Content}
}

// withoutValues takes what was sent out of error answers: it may be a key.
func withoutValues(_ huma.Context, _ string, v any) (any, error) {
	if e, ok := v.(*huma.ErrorModel); ok {
		for _, d := range e.Errors {
			d.Value = nil
		}
	}
	return v, nil
}

type channelPath struct {
	ID string `path:"id" doc:"The channel's ID" example:"news"`
}

type channelAnswer struct {
	Status   int
	Location string `header:"Location" doc:"Of a channel that was made"`
	Body     Channel
}

type listAnswer struct {
	Body []Channel
}

func (s *Server) list(context.Context, *struct{}) (*listAnswer, error) {
	all := s.cfg.Catalog.Channels()
	out := &listAnswer{Body: make([]Channel, len(all))}
	for i, ch := range all {
		out.Body[i] = s.status(ch)
	}
	return out, nil
}

func (s *Server) get(_ context.Context, in *channelPath) (*channelAnswer, error) {
	ch, ok := s.cfg.Catalog.Channel(in.ID)
	if !ok {
		return nil, s.refusal("channel", in.ID, catalog.ErrNotFound)
	}
	return &channelAnswer{Status: http.StatusOK, Body: s.status(ch)}, nil
}

// Settings is the body of a PUT: what is to be changed.
type Settings struct {
	Title   *string `json:"title,omitempty" doc:"For people, at most 200 bytes"`
	DVR     *string `json:"dvr,omitempty" doc:"How much can be rewound: 6 segments to 168h" example:"4h"`
	Segment *string `json:"segment,omitempty" doc:"How long a segment should be: 500ms to 10s" example:"2s"`
	Chunk   *string `json:"chunk,omitempty" doc:"How long a chunk should be: 50ms to the segment, or 0 for one chunk a segment" example:"200ms"`
	Source  *string `json:"source,omitempty" doc:"file:PATH, a file that is looped; srt://HOST:PORT?streamid=…&passphrase=…&latency=200ms, a sender that is called; empty: open for a push"`
	Key     *string `json:"key,omitempty" doc:"What publishers must know, printable ASCII that needs no escaping in a URL; empty: anybody may publish" writeOnly:"true"`

	Passphrase *string   `json:"passphrase,omitempty" doc:"What SRT encrypts with: 10 to 79 characters of printable ASCII; empty: that of all channels" writeOnly:"true"`
	Allow      *[]string `json:"allow,omitempty" doc:"Where publishers may come from: addresses and CIDR blocks; none: from anywhere" maxItems:"64"`
	Captions   *[]string `json:"captions,omitempty" doc:"Caption channels in the pictures that manifests announce: CC1 to CC4, SERVICE1 to SERVICE32, each with its language; none: there are none; empty: those that are found" example:"[\"CC1=en\"]" maxItems:"36"`
	Subtitles  *[]string `json:"subtitles,omitempty" doc:"Languages of subtitles that are pushed" example:"[\"de\"]" maxItems:"8"`

	Renditions *[]string `json:"renditions,omitempty" doc:"Feeds of their own that are waited for, and become tracks v1, v2, … in this order; none: whatever comes" maxItems:"8"`
	Ladder     *Ladder   `json:"ladder,omitempty" doc:"Renditions that are made of the feed, from the next feed on; empty: none"`
	Inputs     *[]Input  `json:"inputs,omitempty" doc:"Of which one is on air, the best first; none: there is one" maxItems:"8"`
	Switch     *Switch   `json:"switch,omitempty" doc:"How the channel goes over from one input to another"`
	Groups     *[]string `json:"groups,omitempty" doc:"Groups of edges which alone serve the channel; none: all edges do" maxItems:"16"`
	Redundant  *bool     `json:"redundant,omitempty" doc:"Several ingest processes may get the channel's feed: one writes it, the others stand by. Holds from the next feed on"`
}

type putRequest struct {
	ID   string `path:"id" doc:"The channel's ID" example:"news"`
	Body Settings
}

func (s *Server) put(ctx context.Context, in *putRequest) (*channelAnswer, error) {
	p, err := in.Body.patch()
	if err != nil {
		return nil, s.refusal("channel", in.ID, err)
	}
	ch, created, err := s.cfg.Catalog.Put(ctx, in.ID, p)
	if err != nil {
		return nil, s.refusal("channel", in.ID, err)
	}
	s.cfg.Log.Info("channel set by the API", "channel", in.ID, "created", created, "set", p)
	out := &channelAnswer{Status: http.StatusOK, Body: s.status(ch)}
	out.Body.Warnings = s.warnings(ctx, in.ID, created, p)
	for _, warning := range out.Body.Warnings {
		s.cfg.Log.Warn("channel set by the API: "+warning, "channel", in.ID)
	}
	if created {
		out.Status, out.Location = http.StatusCreated, "/api/v1/channels/"+in.ID
	}
	return out, nil
}

func (s *Server) delete(ctx context.Context, in *channelPath) (*struct{}, error) {
	if err := s.cfg.Catalog.Delete(ctx, in.ID); err != nil {
		return nil, s.refusal("channel", in.ID, err)
	}
	s.cfg.Log.Info("channel deleted by the API", "channel", in.ID)
	return nil, nil
}

// patch is the body as the catalog takes it; the error is a *catalog.FieldError.
func (b Settings) patch() (catalog.Patch, error) {
	p := catalog.Patch{Title: b.Title, Source: b.Source, Key: b.Key, Passphrase: b.Passphrase}
	if b.Allow != nil {
		allow, err := catalog.ParseAddresses(*b.Allow)
		if err != nil {
			return p, &catalog.FieldError{Field: "allow", Problem: err.Error()}
		}
		p.Allow = &allow
	}
	if b.Captions != nil {
		captions, err := catalog.ParseCaptions(*b.Captions)
		if err != nil {
			return p, &catalog.FieldError{Field: "captions", Problem: err.Error()}
		}
		p.Captions = &captions
	}
	p.Redundant = b.Redundant
	if b.Subtitles != nil {
		languages, err := catalog.ParseLanguages(*b.Subtitles)
		if err != nil {
			return p, &catalog.FieldError{Field: "subtitles", Problem: err.Error()}
		}
		p.Subtitles = &languages
	}
	if err := b.patchFeeds(&p); err != nil {
		return p, err
	}
	for _, d := range []struct {
		field string
		from  *string
		to    **time.Duration
	}{{"dvr", b.DVR, &p.DVR}, {"segment", b.Segment, &p.Segment}, {"chunk", b.Chunk, &p.Chunk}} {
		if d.from == nil {
			continue
		}
		v, err := time.ParseDuration(strings.TrimSpace(*d.from))
		if err != nil {
			return p, &catalog.FieldError{
				Field: d.field, Problem: fmt.Sprintf("%.50q is no duration, write it like 2h, 90s or 200ms", *d.from),
			}
		}
		*d.to = &v
	}
	return p, nil
}

// refusal is the answer to a change that failed of a thing of that kind, channel or asset.
func (s *Server) refusal(kind, id string, err error) error {
	var field *catalog.FieldError
	switch {
	case errors.As(err, &field):
		where := "body." + field.Field
		if field.Field == "id" {
			where = "path.id"
		}
		return huma.Error422UnprocessableEntity(field.Error(), &huma.ErrorDetail{Location: where, Message: field.Problem})
	case errors.Is(err, catalog.ErrNotFound):
		return huma.Error404NotFound(fmt.Sprintf("there is no %s %.70q", kind, id))
	case errors.Is(err, catalog.ErrFull), errors.Is(err, catalog.ErrConflict):
		return huma.Error409Conflict(err.Error())
	}
	s.cfg.Log.Error("a change failed", kind, id, "err", err)
	return huma.Error503ServiceUnavailable("the change could not be stored: " + err.Error())
}
