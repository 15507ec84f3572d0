package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir/ingest"
	"weir/internal/catalog"
	"weir/internal/media"
)

// splicer is a server with the channel news on air.
type splicer struct{ made []ingest.Splice }

func (s *splicer) Splice(channel string, p ingest.Splice) (uint32, []byte, error) {
	switch {
	case channel == "elsewhere":
		return 0, nil, fmt.Errorf("channel %s: %w: instance %q", channel, ingest.ErrStandsBy, "other")
	case channel == "changing":
		return 0, nil, fmt.Errorf("channel %s: %w", channel, ingest.ErrChanging)
	case channel != "news":
		return 0, nil, fmt.Errorf("channel %s: %w", channel, ingest.ErrOffAir)
	case p.Duration > time.Hour:
		return 0, nil, fmt.Errorf("%w: too long", ingest.ErrSplice)
	}
	s.made = append(s.made, p)
	return 4711, []byte("section"), nil
}

func (s *splicer) Splices(channel string) ([]media.Signal, error) {
	if _, _, err := s.Splice(channel, ingest.Splice{Duration: 2 * time.Hour}); !errors.Is(err, ingest.ErrSplice) {
		return nil, err
	}
	return []media.Signal{{ID: "splice-1-2", Date: at(5), Planned: time.Minute, Out: []byte("out")}}, nil
}

func TestSplices(t *testing.T) {
	t.Parallel()
	r := &rig{world: &world{channels: map[string]catalog.Channel{"news": catalog.New("news"), "idle": catalog.New("idle"), "elsewhere": catalog.New("elsewhere"), "changing": catalog.New("changing")}}, log: &bytes.Buffer{}}
	sp := &splicer{}
	s := New(Config{Catalog: r.world, Bus: buses{r.world}, Splices: sp, Log: slog.New(slog.NewTextHandler(r.log, nil))})
	h := httptest.NewServer(s.Handler())
	t.Cleanup(func() { h.Client().CloseIdleConnections(); h.Close() })
	r.url = h.URL
	for _, c := range []struct {
		channel, body string
		want          int
	}{
		{"news", `{"time":"2026-11-21T20:15:30.5Z","out":true,"duration":"30s","id":9}`, http.StatusAccepted},
		{"news", `{"out":false}`, http.StatusAccepted},
		{"news", `{"in":"10s","out":true}`, http.StatusAccepted},
		{"news", `{"in":"-10s","out":true}`, http.StatusUnprocessableEntity},
		{"news", `{"in":"1s","time":5,"out":true}`, http.StatusUnprocessableEntity},
		{"news", `{"time":"today","out":true}`, http.StatusUnprocessableEntity},
		{"news", `{"out":true,"duration":"2h"}`, http.StatusUnprocessableEntity},
		{"news", `{"out":true,"duration":"soon"}`, http.StatusUnprocessableEntity},
		{"news", `{"duration":"2s"}`, http.StatusUnprocessableEntity},
		{"idle", `{"out":true}`, http.StatusConflict},
		{"none", `{"out":true}`, http.StatusNotFound},
		{"elsewhere", `{"out":true}`, http.StatusConflict},
		{"changing", `{"out":true}`, http.StatusServiceUnavailable},
	} {
		status, body := r.ask(t, http.MethodPost, "/api/v1/channels/"+c.channel+"/splices", c.body, "Content-Type: application/json")
		assert.Equal(t, c.want, status, "%s %s: %s", c.channel, c.body, body)
		if status == http.StatusAccepted {
			assert.JSONEq(t, `{"id":4711,"section":"c2VjdGlvbg=="}`, body)
		}
	}
	require.Len(t, sp.made, 3)
	assert.Equal(t, ingest.Splice{At: time.Date(2026, 11, 21, 20, 15, 30, 5e8, time.UTC), Out: true, Duration: 30 * time.Second, EventID: 9}, sp.made[0])
	assert.Equal(t, ingest.Splice{}, sp.made[1])
	assert.False(t, sp.made[2].At.IsZero())

	for channel, want := range map[string]int{"news": 1, "idle": 0} {
		status, body := r.ask(t, http.MethodGet, "/api/v1/channels/"+channel+"/splices", "")
		assert.Equal(t, http.StatusOK, status)
		var all []SpliceInfo
		require.NoError(t, json.Unmarshal([]byte(body), &all))
		assert.Len(t, all, want)
		if want > 0 {
			assert.Equal(t, SpliceInfo{ID: "splice-1-2", Time: at(5), Planned: 60, Out: "b3V0"}, all[0])
		}
	}
	status, _ := r.ask(t, http.MethodGet, "/api/v1/channels/none/splices", "")
	assert.Equal(t, http.StatusNotFound, status)
}
