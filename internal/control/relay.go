package control

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"weir/edge/relay"
)

// Relay is an edge whose source is another cluster. *relay.Server is one.
type Relay interface {
	Readiness
	Stats() relay.Stats
}

// Relayed makes the admin API of an edge that has no part in a bus: /healthz, /readyz, /metrics, and /api/v1/upstreams.
func Relayed(of Relay, version string, log *slog.Logger) *Server {
	probed := &Server{bus: of, source: "edge", draining: &atomic.Bool{}}
	mux := probed.probes(http.NewServeMux())
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), newRelayMetrics(of))
	mux.Handle("GET /metrics", promhttp.HandlerFor(r, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes}))
	mux.HandleFunc("GET /api/v1/upstreams", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(struct { // who asked may be gone
			Version   string                `json:"version"`
			Upstreams []relay.UpstreamStats `json:"upstreams"`
		}{version, of.Stats().Upstreams})
	})
	return newServer(guard(mux), probed.draining, log)
}

// relayMetrics reads how a relay does, when it is scraped.
type relayMetrics struct {
	of Relay

	requests, bytes, hits, misses, joined, passed, stale, failed *prometheus.Desc
	objects, cacheBytes, flightBytes, connections                *prometheus.Desc
	up, asked, upstreamBytes, upstreamFailures                   *prometheus.Desc
}

func newRelayMetrics(of Relay) *relayMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("weir_relay_"+name, help, labels, nil)
	}
	return &relayMetrics{
		of:          of,
		requests:    desc("requests_total", "Requests of players."),
		bytes:       desc("bytes_total", "Bytes of bodies that were sent to players."),
		hits:        desc("cache_hits_total", "Requests that were answered from memory."),
		misses:      desc("cache_misses_total", "Requests for which an upstream was asked."),
		joined:      desc("joined_total", "Requests that were answered with what was being asked for already."),
		passed:      desc("passed_total", "Requests for what is too large to be kept."),
		stale:       desc("stale_total", "Times that a text was served as it was, as no upstream answered."),
		failed:      desc("failures_total", "Requests that no upstream answered."),
		objects:     desc("objects", "Objects in memory."),
		cacheBytes:  desc("cache_bytes", "Bytes that they take."),
		flightBytes: desc("flight_bytes", "Bytes of what is on its way."),
		connections: desc("connections", "Connections of players that are open."),

		up:               desc("upstream_up", "1 while the upstream answers.", "upstream"),
		asked:            desc("upstream_requests_total", "Requests to the upstream.", "upstream"),
		upstreamBytes:    desc("upstream_bytes_total", "Bytes of bodies that came from the upstream.", "upstream"),
		upstreamFailures: desc("upstream_failures_total", "Requests that the upstream did not answer, or not to the end.", "upstream"),
	}
}

// Describe implements prometheus.Collector.
func (c *relayMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.requests, c.bytes, c.hits, c.misses, c.joined, c.passed, c.stale, c.failed, c.objects, c.cacheBytes, c.flightBytes, c.connections,
		c.up, c.asked, c.upstreamBytes, c.upstreamFailures,
	} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *relayMetrics) Collect(out chan<- prometheus.Metric) {
	e, st := emitter{out}, c.of.Stats()
	e.count(c.requests, int64(st.Requests))
	e.count(c.bytes, int64(st.Bytes))
	e.count(c.hits, int64(st.Hits))
	e.count(c.misses, int64(st.Misses))
	e.count(c.joined, int64(st.Joined))
	e.count(c.passed, int64(st.Passed))
	e.count(c.stale, int64(st.Stale))
	e.count(c.failed, int64(st.Failed))
	e.gauge(c.objects, float64(st.Objects))
	e.gauge(c.cacheBytes, float64(st.CacheBytes))
	e.gauge(c.flightBytes, float64(st.FlightBytes))
	e.gauge(c.connections, float64(st.Connections))
	for _, u := range st.Upstreams {
		up := 0.0
		if u.Up {
			up = 1
		}
		e.gauge(c.up, up, u.URL)
		e.count(c.asked, int64(u.Requests), u.URL)
		e.count(c.upstreamBytes, int64(u.Bytes), u.URL)
		e.count(c.upstreamFailures, int64(u.Failures), u.URL)
	}
}
