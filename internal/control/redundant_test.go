package control

import (
	"strings"
	"testing"

	"weir/ingest"
)

func TestTakeoverIsOrderedAndShown(t *testing.T) {
	t.Parallel()
	r := start(t)
	if status, body := r.ask(t, "POST", "/api/v1/channels/news/takeover", "{}", asJSON); status != 409 || !strings.Contains(body, "not redundant") {
		t.Errorf("%d %s", status, body)
	}
	if status, body := r.ask(t, "PUT", "/api/v1/channels/news", `{"redundant":true}`, asJSON); status != 200 || !strings.Contains(body, `"redundant":true`) {
		t.Errorf("%d %s", status, body)
	}
	r.mu.Lock()
	f := r.feeds["news"]
	f.State, f.Redundant, f.Role, f.Instance, f.Takeovers, f.Seamless = ingest.OnAir, true, ingest.Standby, "host-7", 3, 2
	r.feeds["news"] = f
	r.mu.Unlock()
	if status, body := r.ask(t, "POST", "/api/v1/channels/news/takeover", "", asJSON); status != 202 {
		t.Errorf("%d %s", status, body)
	}
	if len(r.switched) != 1 {
		t.Errorf("%q", r.switched)
	}
	if status, _ := r.ask(t, "POST", "/api/v1/channels/nowhere/takeover", "", asJSON); status != 404 {
		t.Error(status)
	}
	_, body := r.ask(t, "GET", "/api/v1/channels/news", "")
	if want := `"role":"standby","instance":"host-7","takeovers":3,"seamless":2`; !strings.Contains(body, want) {
		t.Errorf("%s\nwant %s", body, want)
	}
	_, body = r.ask(t, "GET", "/metrics", "")
	for _, want := range []string{
		`weir_feed_role{channel="news",role="standby"} 1`, `weir_feed_role{channel="news",role="writing"} 0`,
		`weir_feed_takeovers_total{channel="news",how="seamless"} 2`, `weir_feed_takeovers_total{channel="news",how="discontinuity"} 1`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
}
