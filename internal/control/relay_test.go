package control

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"weir/edge/relay"
)

// fakeRelay has one upstream, which is down.
type fakeRelay struct{}

func (fakeRelay) Ready() error { return errors.New("upstream http://a does not answer: refused") }

func (fakeRelay) Stats() relay.Stats {
	return relay.Stats{
		Requests: 9, Hits: 5, Misses: 2, Joined: 2, Stale: 1,
		Upstreams: []relay.UpstreamStats{{URL: "http://a", Why: "refused", Since: at(5), Requests: 4, Failures: 3}},
	}
}

func TestRelay(t *testing.T) {
	t.Parallel()
	s := Relayed(fakeRelay{}, "1", slog.New(slog.DiscardHandler))
	ask := func(path string) (int, string) {
		w := httptest.NewRecorder()
		s.http.Handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil))
		return w.Code, w.Body.String()
	}
	if status, body := ask("/readyz"); status != 503 || !strings.Contains(body, "edge: upstream http://a does not answer: refused") {
		t.Error(status, body)
	}
	if status, _ := ask("/healthz"); status != 200 {
		t.Error(status)
	}
	const want = `{"version":"1","upstreams":[{"url":"http://a","up":false,"downSince":"2026-11-21T12:00:05Z","lastError":"refused","requests":4,"failures":3,"bytes":0,"clockAheadMillis":0}]}`
	if status, body := ask("/api/v1/upstreams"); status != 200 || strings.TrimSpace(body) != want {
		t.Errorf("%d\n got %s\nwant %s", status, body, want)
	}
	_, body := ask("/metrics")
	for _, want := range []string{
		"weir_relay_requests_total 9", "weir_relay_cache_hits_total 5", "weir_relay_stale_total 1", `weir_relay_upstream_up{upstream="http://a"} 0`,
		`weir_relay_upstream_failures_total{upstream="http://a"} 3`,
	} {
		if !strings.Contains(body, "\n"+want+"\n") {
			t.Errorf("%s is missing", want)
		}
	}
}
