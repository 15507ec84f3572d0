package control

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"weir/internal/shard"
)

// fakeEdges are two.
type fakeEdges struct{}

func (fakeEdges) Members() []shard.State {
	return []shard.State{
		{Member: shard.Member{ID: "a", Address: "http://10.0.0.1:8080", Group: "eu", Load: 3}, Self: true},
		{Member: shard.Member{ID: "b", Load: 4, Lagging: 2}, Seen: at(5)},
	}
}

func (fakeEdges) Stats() shard.Stats {
	return shard.Stats{Owned: 1, Asked: 5, Got: 4, Bytes: 1000, Failed: 2, Passed: 1}
}

func TestEdges(t *testing.T) {
	t.Parallel()
	r := &rig{world: &world{}, log: &bytes.Buffer{}}
	s := New(Config{Catalog: r.world, Bus: buses{r.world}, Edges: fakeEdges{}, Log: slog.New(slog.NewTextHandler(r.log, nil))})
	h := httptest.NewServer(s.Handler())
	t.Cleanup(func() { h.Client().CloseIdleConnections(); h.Close() })
	r.url = h.URL

	const want = `[{"id":"a","self":true,"address":"http://10.0.0.1:8080","group":"eu","connections":3,"lagging":0},` +
		`{"id":"b","self":false,"connections":4,"lagging":2,"seen":"2026-11-21T12:00:05Z"}]`
	if status, body := r.ask(t, "GET", "/api/v1/edges", ""); status != 200 || strings.TrimSpace(body) != want {
		t.Errorf("%d\n got %s\nwant %s", status, body, want)
	}
	_, body := r.ask(t, "GET", "/metrics", "")
	for _, want := range []string{
		"weir_peer_members 2", "weir_peer_passed_over 1", "weir_peer_owned_total 1", "weir_peer_requests_total 5", "weir_peer_answers_total 4",
		"weir_peer_bytes_total 1000", "weir_peer_failures_total 2",
	} {
		if !strings.Contains(body, "\n"+want+"\n") {
			t.Errorf("%s is missing", want)
		}
	}
}
