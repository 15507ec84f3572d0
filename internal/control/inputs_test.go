package control

import (
	"strings"
	"testing"

	"weir/ingest"
)

func TestInputsAreSetAndChosen(t *testing.T) {
	t.Parallel()
	r := start(t)
	status, body := r.ask(t, "PUT", "/api/v1/channels/news",
		`{"renditions":["1080","720"],"inputs":[{"name":"main"},{"name":"backup"}],"switch":{"silence":"3s"}}`, asJSON)
	if status != 200 || !strings.Contains(body, `"renditions":["1080","720"],"inputs":[{"name":"main"},{"name":"backup"}],"switch":{"silence":"3s","back":"30s"}`) {
		t.Errorf("%d %s", status, body)
	}
	for _, bad := range []string{`{"renditions":["a,b"]}`, `{"inputs":[{"name":"a=b"}]}`, `{"inputs":[{"name":"a"},{"name":"a"}]}`, `{"switch":{"back":"2d"}}`} {
		if status, body := r.ask(t, "PUT", "/api/v1/channels/news", bad, asJSON); status != 422 {
			t.Errorf("%s: %d %s", bad, status, body)
		}
	}
	for body, want := range map[string]int{`{"input":"backup"}`: 202, `{"input":""}`: 202, `{"input":"none"}`: 404, `{"input":"silent"}`: 409, `{}`: 422} {
		if status, answer := r.ask(t, "POST", "/api/v1/channels/news/input", body, asJSON); status != want {
			t.Errorf("%s: %d %s", body, status, answer)
		}
	}
	if status, _ := r.ask(t, "POST", "/api/v1/channels/nowhere/input", `{"input":"backup"}`, asJSON); status != 404 {
		t.Errorf("unknown channel: %d", status)
	}
	if len(r.switched) != 2 {
		t.Errorf("%q", r.switched)
	}
}

func TestFeedsOfAChannelAreShown(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.mu.Lock()
	f := r.feeds["news"]
	f.Inputs = []ingest.InputStatus{
		{Input: "main", Rendition: "1080", State: ingest.InputStandby, Protocol: "rtmp", Remote: "192.0.2.1:5"},
		{Input: "backup", Rendition: "1080", State: ingest.InputActive, Protocol: "srt", Remote: "192.0.2.2:5", SharedTracks: 1},
	}
	f.Input, f.Switches, f.ApartCuts = "backup", 3, 5
	r.feeds["news"] = f
	r.mu.Unlock()
	status, body := r.ask(t, "GET", "/api/v1/channels/news", "")
	for _, want := range []string{
		`{"input":"main","rendition":"1080","state":"standby","protocol":"rtmp","remote":"192.0.2.1:5","bitrateIn":0,"bytes":0,"droppedSamples":0,"sharedTracks":0}`,
		`"input":"backup","switches":3,"apartCuts":5`,
	} {
		if status != 200 || !strings.Contains(body, want) {
			t.Errorf("%d %s\nwant %s", status, body, want)
		}
	}
	_, body = r.ask(t, "GET", "/metrics", "")
	for _, want := range []string{
		`weir_feed_input_switches_total{channel="news"} 3`, `weir_feed_apart_cuts_total{channel="news"} 5`,
		`weir_feed_inputs{channel="news",state="active"} 1`, `weir_feed_inputs{channel="news",state="standby"} 1`, `weir_feed_inputs{channel="news",state="waiting"} 0`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
}
