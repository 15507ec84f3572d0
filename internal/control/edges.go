package control

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"

	"weir/internal/shard"
)

// Edges tells of the edges that share a bus. *shard.Peers is one.
type Edges interface {
	Members() []shard.State
	Stats() shard.Stats
}

// edges adds what can be asked about edges to the API.
func (s *Server) edges(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "list-edges", Method: http.MethodGet, Path: "/api/v1/edges",
		Summary: "The edges that live on this bus, this one among them", Description: "Those of a group that have an address share what they read of assets, and back from the bus.",
	}, s.listEdges)
}

// EdgeMember is what the API answers about an edge.
type EdgeMember struct {
	ID          string     `json:"id" example:"host-Wv8r"`
	Self        bool       `json:"self" doc:"Whether it is the one that answers"`
	Address     string     `json:"address,omitempty" doc:"Where other edges ask it" example:"http://10.0.0.1:8080"`
	Group       string     `json:"group,omitempty" example:"eu"`
	Connections int        `json:"connections" doc:"Of players"`
	Lagging     int        `json:"lagging" doc:"Channels that lag behind the bus, or are still being read after a start"`
	Seen        *time.Time `json:"seen,omitempty" doc:"When this edge has heard of it last"`
}

type edgesAnswer struct {
	Body []EdgeMember
}

func (s *Server) listEdges(context.Context, *struct{}) (*edgesAnswer, error) {
	all := s.cfg.Edges.Members()
	out := &edgesAnswer{Body: make([]EdgeMember, len(all))}
	for i, m := range all {
		out.Body[i] = EdgeMember{ID: m.ID, Self: m.Self, Address: m.Address, Group: m.Group, Connections: m.Load, Lagging: m.Lagging, Seen: instant(m.Seen)}
	}
	return out, nil
}

// edgeMetrics reads how edges share, when it is scraped.
type edgeMetrics struct {
	of Edges

	members, passed, owned, asked, got, bytes, failed *prometheus.Desc
}

func newEdgeMetrics(of Edges) *edgeMetrics {
	desc := func(name, help string) *prometheus.Desc { return prometheus.NewDesc("weir_peer_"+name, help, nil, nil) }
	return &edgeMetrics{
		of:      of,
		members: desc("members", "Edges that live on this bus, this one among them."),
		passed:  desc("passed_over", "Edges that are not asked for a moment, as they did not answer."),
		owned:   desc("owned_total", "Objects that were to be asked for and had become this edge's own."),
		asked:   desc("requests_total", "Objects that their owners were asked for."),
		got:     desc("answers_total", "Objects that came whole from their owners."),
		bytes:   desc("bytes_total", "Bytes that came from owners."),
		failed:  desc("failures_total", "Objects that owners did not give whole or in time, and that were read from where they lie."),
	}
}

// Describe implements prometheus.Collector.
func (c *edgeMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.members, c.passed, c.owned, c.asked, c.got, c.bytes, c.failed} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *edgeMetrics) Collect(out chan<- prometheus.Metric) {
	e, st := emitter{out}, c.of.Stats()
	e.gauge(c.members, float64(len(c.of.Members())))
	e.gauge(c.passed, float64(st.Passed))
	e.count(c.owned, int64(st.Owned))
	e.count(c.asked, int64(st.Asked))
	e.count(c.got, int64(st.Got))
	e.count(c.bytes, int64(st.Bytes))
	e.count(c.failed, int64(st.Failed))
}
