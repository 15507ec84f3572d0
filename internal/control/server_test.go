package control

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"weir/edge"
	"weir/ingest"
	"weir/internal/bus"
	"weir/internal/catalog"
)

// What New is given in the program.
var (
	_ Catalog = (*catalog.Catalog)(nil)
	_ Feeds   = (*ingest.Server)(nil)
	_ Edge    = (*edge.Server)(nil)
	_ Bus     = (*bus.Bus)(nil)
)

func TestHealthAndReadiness(t *testing.T) {
	t.Parallel()
	r := start(t)
	check := func(path string, status int, want string) {
		t.Helper()
		if got, body := r.ask(t, "GET", path, ""); got != status || body != want {
			t.Errorf("%s: %d %q, want %d %q", path, got, body, status, want)
		}
	}
	check("/readyz", 200, "ready\n")
	r.busErr = errors.New("JetStream does not answer")
	r.edgeErr = errors.Join(errors.New("channel news has not caught up"), errors.New("channel demo has not caught up"))
	check("/readyz", 503, "bus: JetStream does not answer\nedge: channel news has not caught up\nedge: channel demo has not caught up\n")
	check("/healthz", 200, "ok\n")
}

// A process that waits for what others make is alive, and says why it is not ready.
func TestStartingServerAnswersProbesOnly(t *testing.T) {
	t.Parallel()
	w := &world{busErr: errors.New("waiting for KV bucket weir-catalog")}
	s := Starting(buses{w}, slog.New(slog.DiscardHandler))
	check := func(path string, status int, want string) {
		t.Helper()
		rec := httptest.NewRecorder()
		s.http.Handler.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
		if rec.Code != status || want != "" && rec.Body.String() != want {
			t.Errorf("%s: %d %q, want %d %q", path, rec.Code, rec.Body, status, want)
		}
	}
	check("/healthz", 200, "ok\n")
	check("/readyz", 503, "starting\nbus: waiting for KV bucket weir-catalog\n")
	check("/api/v1/channels", 503, "starting\n")
	check("/metrics", 503, "starting\n")
	w.busErr = nil
	check("/readyz", 503, "starting\n")
	s.Start(Config{Catalog: w, Bus: buses{w}, Log: slog.New(slog.DiscardHandler)})
	check("/readyz", 200, "ready\n")
	check("/api/v1/channels", 200, "")
}

// A page in the operator's browser cannot reach the API; programs and the operator can.
func TestWebPagesAreKeptAway(t *testing.T) {
	t.Parallel()
	r := start(t)
	for _, tc := range []struct {
		method, header string
		status         int
	}{
		{"PUT", asJSON, 200},
		{"PUT", asJSON + "\nSec-Fetch-Site: same-origin", 200},
		{"PUT", asJSON + "\nSec-Fetch-Site: none", 200},
		{"PUT", asJSON + "\nSec-Fetch-Site: cross-site", 403},
		{"PUT", asJSON + "\nSec-Fetch-Site: same-site", 403},
		{"PUT", asJSON + "\nOrigin: http://evil.example", 403},
		{"DELETE", "Sec-Fetch-Site: cross-site", 403},
		{"DELETE", "Origin: null", 403},
		{"PUT", "Content-Type: text/plain", 415},
		{"PUT", "Content-Type: application/x-www-form-urlencoded", 415},
		{"PUT", "X: y", 415},
		{"PUT", asJSON + "\nHost: evil.example", 421},
		{"GET", "Host: evil.example:8081", 421},
		{"GET", "Host: localhost.evil.example", 421},
		{"GET", "Host: LOCALHOST:8081", 200},
		{"GET", "Host: [::1]:8081", 200},
		{"GET", "Host: 127.0.0.1", 200},
		{"GET", "Sec-Fetch-Site: cross-site", 200}, // its answer is not for the page to read
	} {
		status, body := r.ask(t, tc.method, "/api/v1/channels/news", "{}", strings.Split(tc.header, "\n")...)
		if status != tc.status {
			t.Errorf("%s %q: %d %s, want %d", tc.method, tc.header, status, body, tc.status)
		}
	}
}

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	r := start(t)
	type description struct {
		OpenAPI string
		Info    struct{ Version string }
		Paths   map[string]map[string]struct{ Responses map[string]any }
	}
	status, body := r.ask(t, "GET", "/api/v1/openapi.json", "")
	var d description
	if err := json.Unmarshal([]byte(body), &d); err != nil || status != 200 {
		t.Fatal(status, err)
	}
	one := d.Paths["/api/v1/channels/{id}"]
	if d.Info.Version != "1.2.3" || len(one) != 3 || d.Paths["/api/v1/channels"]["get"].Responses["200"] == nil {
		t.Errorf("%s", body)
	}
	for _, status := range []string{"200", "201", "422"} {
		if one["put"].Responses[status] == nil {
			t.Errorf("PUT has no %s", status)
		}
	}
	status, body = r.ask(t, "GET", "/api/v1/openapi.yaml", "")
	var y map[string]any
	if err := yaml.Unmarshal([]byte(body), &y); err != nil || status != 200 || y["openapi"] != d.OpenAPI {
		t.Error(status, err, body)
	}
	for _, path := range []string{"/", "/docs", "/schemas/Channel.json"} {
		if status, _ := r.ask(t, "GET", path, ""); status != 404 {
			t.Errorf("%s: %d", path, status)
		}
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	r := start(t)
	status, body := r.ask(t, "GET", "/metrics", "")
	if status != 200 {
		t.Fatal(status, body)
	}
	for _, line := range []string{
		`weir_build_info{version="1.2.3"} 1`,
		`weir_feed_up{channel="news"} 1`,
		`weir_feed_up{channel="idle"} 0`,
		`weir_feed_bytes_per_second{channel="news"} 625000`,
		`weir_feed_runs_total{channel="news"} 3`,
		`weir_feed_forced_cuts_total{channel="news"} 2`,
		`weir_feed_uneven_chunks_total{channel="news"} 12`,
		`weir_feed_late_frames_total{channel="news"} 13`,
		`weir_feed_late_lines_total{channel="news"} 14`,
		`weir_feed_dropped_samples_total{channel="news"} 4`,
		`weir_feed_dropped_segments_total{channel="news"} 1`,
		`weir_bus_pending_bytes{channel="news"} 77`,
		`weir_window_seconds{channel="news"} 90`,
		`weir_window_bytes{channel="news"} 1.048576e+06`,
		`weir_window_rows{channel="news"} 45`,
		`weir_window_discontinuities{channel="news"} 1`,
		`weir_window_damaged_segments_total{channel="news"} 5`,
		`weir_window_lost_segments_total{channel="news"} 6`,
		`weir_window_gaps{channel="news"} 3`,
		`weir_window_restarts_total{channel="news"} 7`,
		`weir_feed_received_bytes_total{channel="news"} 999`,
		`weir_bus_stored_bytes_total{channel="news"} 88`,
		`weir_bus_resent_messages_total{channel="news"} 2`,
		// What a reader could not use was counted, and shown to nobody.
		`weir_bus_read_dropped_messages_total{channel="news",reason="stale"} 11`,
		`weir_bus_read_dropped_messages_total{channel="news",reason="malformed"} 12`,
		`weir_bus_read_dropped_messages_total{channel="news",reason="unknown"} 4`,
		`weir_bus_read_recovered_total{channel="news"} 13`,
		`weir_bus_read_fast_messages_total{channel="news"} 15`,
		`weir_bus_read_unsettled_messages_total{channel="news"} 16`,
		`weir_bus_read_lag_seconds{channel="news"} 12.5`,
		`weir_edge_requests_total{kind="segment",status="404"} 1`,
		`weir_edge_requests_total{kind="hostile",status="other"} 3`,
		`weir_edge_response_bytes_total{kind="segment"} 1000`,
		`weir_edge_connections 8`,
		`weir_edge_held_requests 5`,
		`weir_edge_hot_bytes 14`,
		`weir_edge_renderings_total 9`,
	} {
		if !strings.Contains(body, "\n"+line+"\n") {
			t.Errorf("not there: %s", line)
		}
	}
	for _, name := range []string{"go_goroutines", "process_resident_memory_bytes"} {
		if !strings.Contains(body, "\n"+name+" ") {
			t.Errorf("not there: %s", name)
		}
	}
	reg := prometheus.NewPedanticRegistry()
	s := New(Config{Catalog: r.world, Feeds: feeds{r.world}, Edge: edges{r.world}, Log: slog.New(slog.DiscardHandler)})
	reg.MustRegister(newCollector(s))
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if problems, err := promlint.NewWithMetricFamilies(families).Lint(); err != nil || len(problems) > 0 {
		t.Error(problems, err)
	}
}

// One process may have one role only.
func TestWithoutFeedsAndEdge(t *testing.T) {
	t.Parallel()
	r := start(t)
	s := New(Config{Catalog: r.world, Bus: buses{r.world}, Log: slog.New(slog.DiscardHandler)})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	r.url = "http://" + ln.Addr().String()
	for _, path := range []string{"/api/v1/channels", "/metrics", "/readyz"} {
		if status, body := r.ask(t, http.MethodGet, path, ""); status != 200 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestServerThatDrainsIsNotReady(t *testing.T) {
	t.Parallel()
	w := &world{}
	for _, s := range []*Server{Starting(buses{w}, slog.New(slog.DiscardHandler)), Probes(buses{w}, slog.New(slog.DiscardHandler))} {
		s.Drain()
		answer := httptest.NewRecorder()
		s.http.Handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		if answer.Code != http.StatusServiceUnavailable || !strings.HasPrefix(answer.Body.String(), "draining\n") {
			t.Errorf("%d %s", answer.Code, answer.Body)
		}
	}
}
