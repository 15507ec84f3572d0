package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"weir/internal/config"
)

// An edge needs a bus or upstreams; nothing else takes upstreams.
func TestWhoTakesUpstreams(t *testing.T) {
	t.Parallel()
	cfg := config.Default()
	_, err := onlyEdge.narrow(cfg)
	require.ErrorContains(t, err, "bus.url is not set")
	cfg.Edge.Upstream = []string{"http://127.0.0.1:1"}
	got, err := onlyEdge.narrow(cfg)
	require.NoError(t, err)
	require.Empty(t, got.Ingest.RTMP)
	for _, r := range []role{both, onlyIngest} {
		_, err = r.narrow(cfg)
		require.ErrorContains(t, err, "edge.upstream is set")
	}
}
