package control

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"weir/ingest/ladder"
	"weir/internal/catalog"
)

func TestLadderIsSet(t *testing.T) {
	t.Parallel()
	r := start(t)
	for body, want := range map[string]string{
		`{"ladder":{"preset":"720p","dropSource":true}}`: `"ladder":{"preset":"720p","dropSource":true}`,
		`{"ladder":{"rungs":[{"height":360,"bitrate":800000},{"name":"low","height":180,"bitrate":200000,"fps":25,"codec":"hevc"}]}}`: `"ladder":{"rungs":[{"height":360,"bitrate":800000},{"name":"low","height":180,"bitrate":200000,"fps":25,"codec":"hevc"}],"dropSource":false}`,
	} {
		want = strings.Replace(want, `,"dropSource":false`, "", 1)
		if status, got := r.ask(t, "PUT", "/api/v1/channels/news", body, asJSON); status != 200 || !strings.Contains(got, want) {
			t.Errorf("%s: %d %s", body, status, got)
		}
	}
	for _, bad := range []string{`{"ladder":{"preset":"8k"}}`, `{"ladder":{"rungs":[{"height":361,"bitrate":800000}]}}`, `{"ladder":{"preset":"720p"},"renditions":["a"]}`} {
		if status, body := r.ask(t, "PUT", "/api/v1/channels/news", bad, asJSON); status != 422 {
			t.Errorf("%s: %d %s", bad, status, body)
		}
	}
	if status, body := r.ask(t, "PUT", "/api/v1/channels/news", `{"ladder":{}}`, asJSON); status != 200 || strings.Contains(body, `"ladder"`) {
		t.Errorf("no ladder any more: %d %s", status, body)
	}
}

// fakeLadders are those of the channel news.
type fakeLadders []ladder.Status

func (f fakeLadders) Status(channel string) []ladder.Status {
	if channel != "news" {
		return nil
	}
	return f
}

func TestLaddersAreShown(t *testing.T) {
	t.Parallel()
	s := &Server{cfg: Config{Ladders: fakeLadders{{
		Input: "main", State: ladder.Running, PID: 5, Restarts: 2, DroppedGOPs: 3, DroppedFrames: 100, LastError: "ffmpeg ended: exit status 1",
		LastErrorAt: time.Unix(1_800_000_000, 0), LastWords: []string{"Unknown encoder"},
		Rungs: []ladder.RungStatus{{Name: "720", Height: 720, Bitrate: 3e6, Codec: catalog.RungH264, Frames: 77}},
	}}}}
	all := s.ladders("news")
	if len(all) != 1 || all[0].State != "running" || all[0].PID != 5 || all[0].Restarts != 2 || all[0].DroppedGOPs != 3 || all[0].DroppedFrames != 100 ||
		all[0].LastWords[0] != "Unknown encoder" || all[0].LastErrorAt == nil || all[0].Rungs[0].Frames != 77 || all[0].Input != "main" {
		t.Errorf("%+v", all)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(newLadderMetrics(&Server{cfg: Config{Ladders: s.cfg.Ladders, Catalog: &world{channels: map[string]catalog.Channel{"news": catalog.New("news")}}}}))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			got[f.GetName()] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	want := map[string]float64{"weir_ladder_running": 1, "weir_ladder_restarts_total": 2, "weir_ladder_frames_total": 77, "weir_ladder_dropped_frames_total": 100}
	if !maps.Equal(got, want) {
		t.Errorf("metrics %v, want %v", got, want)
	}
	if s.ladders("other") != nil || (&Server{}).ladders("news") != nil {
		t.Error("there is none")
	}
}
