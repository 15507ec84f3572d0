package control

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"weir/internal/sizing"
)

// capacities is what the world's windows have: each channel is at 8 Mb/s, and idle is a guess.
type capacities struct{ *world }

func (c capacities) Verdict(context.Context) sizing.Verdict {
	var all []sizing.Channel
	for _, ch := range c.Channels() {
		all = append(all, sizing.Channel{ID: ch.ID, Bitrate: 8_000_000, DVR: ch.DVR, Segment: ch.Segment, Assumed: ch.ID == "idle"})
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return sizing.Check(all, c.have)
}

func TestPutWarnsOfWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.have = sizing.Have{Memory: 4 << 30, Disk: 200 << 30, Replicas: 3}
	put := func(id, body string) (int, []string) {
		t.Helper()
		status, answer := r.ask(t, "PUT", "/api/v1/channels/"+id, body, asJSON)
		var ch Channel
		if err := json.Unmarshal([]byte(answer), &ch); err != nil {
			t.Fatal(err, answer)
		}
		return status, ch.Warnings
	}
	if status, warnings := put("news", `{"dvr":"30m"}`); status != 200 || warnings != nil {
		t.Errorf("what fits: %d %q", status, warnings)
	}
	status, warnings := put("news", `{"dvr":"4h"}`) // 14.4 GB, 43 GB on disk
	if status != 200 || len(warnings) != 2 || !strings.Contains(warnings[0], "edge.memory has 4 GiB for them: ") || !strings.Contains(warnings[0], " too much") ||
		!strings.HasPrefix(warnings[1], "news takes 13.") {
		t.Errorf("%d %q", status, warnings)
	}
	if ch, _ := r.Channel("news"); ch.DVR != 4*time.Hour {
		t.Error("it was not set:", ch.DVR)
	}
	if log := r.log.String(); !strings.Contains(log, "level=WARN") || !strings.Contains(log, "edge.memory has 4 GiB") {
		t.Error(log)
	}
	if status, warnings = put("news", `{"title":"News"}`); status != 200 || warnings != nil {
		t.Errorf("a title has nothing to do with it: %d %q", status, warnings)
	}
	status, warnings = put("new", `{"dvr":"24h"}`) // disk as well
	if status != 201 || len(warnings) != 3 || !strings.Contains(warnings[1], "of the bus's disk when they are full, it has 200 GiB: ") ||
		!strings.HasPrefix(warnings[2], "new takes ") {
		t.Errorf("%d %q", status, warnings)
	}
	if _, body := r.ask(t, "GET", "/api/v1/channels/news", ""); strings.Contains(body, "warnings") {
		t.Error("a read warns:", body)
	}
	_, _ = put("new", `{"dvr":"10m"}`)
	if status, warnings = put("news", `{"dvr":"30m"}`); status != 200 || warnings != nil {
		t.Errorf("back to what fits: %d %q", status, warnings)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	r := start(t)
	get := func() (st Status) {
		t.Helper()
		status, body := r.ask(t, "GET", "/api/v1/status", "")
		if err := json.Unmarshal([]byte(body), &st); err != nil || status != 200 {
			t.Fatal(status, body, err)
		}
		return st
	}
	st := get()
	if !st.Fits || st.Warnings == nil || len(st.Warnings) != 0 || st.Memory.Have != 0 || st.Memory.Need == 0 || st.Version != "1.2.3" {
		t.Errorf("%+v", st)
	}
	r.mu.Lock()
	r.have = sizing.Have{Memory: 1 << 30, Disk: 1 << 40}
	r.mu.Unlock()
	st = get()
	if !st.Fits || len(st.Warnings) != 0 || len(st.Notes) != 1 || st.Memory.Over != st.Memory.Need-1<<30 || st.Disk.Over != 0 || st.Least.Over != 0 {
		t.Errorf("%+v", st)
	}
	r.mu.Lock()
	r.have.Memory = 16 << 20
	r.mu.Unlock()
	if st = get(); st.Fits || len(st.Warnings) != 1 || len(st.Notes) != 0 || st.Least.Over != st.Least.Need-16<<20 || st.Channels[0].Least == 0 {
		t.Errorf("%+v", st)
	}
	if len(st.Channels) != 2 || st.Channels[0].ID != "idle" || !st.Channels[0].Assumed || st.Channels[1].Assumed ||
		st.Channels[0].DVR != "10m" || st.Channels[0].Bitrate != 8_000_000 {
		t.Errorf("%+v", st.Channels)
	}
}
