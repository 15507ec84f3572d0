package control

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"weir/internal/origin"
)

// Sites tells of the places where files of assets lie. *origin.Origin is one.
type Sites interface {
	Stats() []origin.SiteStats
}

// sites adds what can be asked about sites to the API.
func (s *Server) sites(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "list-sites", Method: http.MethodGet, Path: "/api/v1/sites",
		Summary: "Where files of assets lie, and how these places do", Description: "They are set in the configuration file.",
	}, s.listSites)
}

// Site is what the API answers about a place where files lie.
type Site struct {
	Name       string            `json:"name" example:"store"`
	Kind       string            `json:"kind" enum:"file,s3,http"`
	URL        string            `json:"url" doc:"Without its secrets" example:"s3://bucket/films"`
	Healthy    bool              `json:"healthy" doc:"Whether it is asked; if not, other sites are until it has been seen to answer again"`
	Since      *time.Time        `json:"since,omitempty" doc:"When it went down"`
	LastError  string            `json:"lastError,omitempty" doc:"Why it is down"`
	Requests   uint64            `json:"requests" doc:"Since the start"`
	Active     int               `json:"active" doc:"Requests under way"`
	Bytes      uint64            `json:"bytes" doc:"That were read from it"`
	PassedOver uint64            `json:"passedOver" doc:"Requests that it was spared as it was down"`
	Failures   map[string]uint64 `json:"failures" doc:"Requests that failed, by reason"`
}

type sitesAnswer struct {
	Body []Site
}

func (s *Server) listSites(context.Context, *struct{}) (*sitesAnswer, error) {
	all := s.cfg.Sites.Stats()
	out := &sitesAnswer{Body: make([]Site, len(all))}
	for i, st := range all {
		out.Body[i] = Site{
			Name: st.Name, Kind: st.Kind, URL: st.URL, Healthy: st.Healthy, Since: instant(st.Since), LastError: st.Why, Requests: st.Requests,
			Active: st.Active, Bytes: st.Bytes, PassedOver: st.PassedOver, Failures: make(map[string]uint64, len(st.Failures)),
		}
		for reason, n := range st.Failures {
			out.Body[i].Failures[string(reason)] = n
		}
	}
	return out, nil
}
