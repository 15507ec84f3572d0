package control

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"weir/internal/origin"
)

// fakeSites are one that is well and one that is not.
type fakeSites struct{}

func (fakeSites) Stats() []origin.SiteStats {
	return []origin.SiteStats{
		{Name: "films", Kind: "file", URL: "file:///srv", Healthy: true, Requests: 10, Active: 1, Bytes: 1000, Failures: map[origin.Reason]uint64{}},
		{
			Name: "store", Kind: "s3", URL: "s3://b/films", Since: at(5), Why: "no first byte within 2s", Requests: 7, PassedOver: 3,
			Failures: map[origin.Reason]uint64{origin.Timeout: 2, origin.Missing: 1},
		},
	}
}

func TestSites(t *testing.T) {
	t.Parallel()
	r := &rig{world: &world{}, log: &bytes.Buffer{}}
	s := New(Config{Catalog: r.world, Bus: buses{r.world}, Sites: fakeSites{}, Log: slog.New(slog.NewTextHandler(r.log, nil))})
	h := httptest.NewServer(s.Handler())
	t.Cleanup(func() { h.Client().CloseIdleConnections(); h.Close() })
	r.url = h.URL

	const want = `[{"name":"films","kind":"file","url":"file:///srv","healthy":true,"requests":10,"active":1,"bytes":1000,"passedOver":0,"failures":{}},` +
		`{"name":"store","kind":"s3","url":"s3://b/films","healthy":false,"since":"2026-11-21T12:00:05Z","lastError":"no first byte within 2s",` +
		`"requests":7,"active":0,"bytes":0,"passedOver":3,"failures":{"missing":1,"timeout":2}}]`
	if status, body := r.ask(t, "GET", "/api/v1/sites", ""); status != 200 || strings.TrimSpace(body) != want {
		t.Errorf("%d\n got %s\nwant %s", status, body, want)
	}
	_, body := r.ask(t, "GET", "/metrics", "")
	for _, want := range []string{
		`weir_site_up{site="films"} 1`, `weir_site_up{site="store"} 0`, `weir_site_requests_total{site="store"} 7`, `weir_site_bytes_total{site="films"} 1000`,
		`weir_site_passed_over_total{site="store"} 3`, `weir_site_failures_total{reason="timeout",site="store"} 2`, `weir_site_failures_total{reason="missing",site="store"} 1`,
	} {
		if !strings.Contains(body, "\n"+want+"\n") {
			t.Errorf("%s is missing", want)
		}
	}
}

// A process without sites says nothing of them.
func TestNoSites(t *testing.T) {
	t.Parallel()
	r := start(t)
	if status, _ := r.ask(t, "GET", "/api/v1/sites", ""); status != 404 {
		t.Error(status)
	}
	if _, body := r.ask(t, "GET", "/metrics", ""); strings.Contains(body, "weir_site_") {
		t.Error("metrics of sites that are not there")
	}
}
