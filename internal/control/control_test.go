package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"weir/edge"
	"weir/edge/window"
	"weir/ingest"
	"weir/internal/bus"
	"weir/internal/catalog"
	"weir/internal/media"
	"weir/internal/sizing"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is all that the admin API asks, in memory.
type world struct {
	mu       sync.Mutex
	channels map[string]catalog.Channel
	feeds    map[string]ingest.Status
	windows  map[string]edge.Status
	stats    edge.Stats
	failing  error // of Put and Delete
	switched []string
	have     sizing.Have // for the windows
	busErr   error
	edgeErr  error
}

func (w *world) Channel(id string) (catalog.Channel, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch, ok := w.channels[id]
	return ch, ok
}

func (w *world) Channels() []catalog.Channel {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []catalog.Channel
	for _, ch := range w.channels {
		all = append(all, ch)
	}
	slices.SortFunc(all, func(a, b catalog.Channel) int { return strings.Compare(a.ID, b.ID) })
	return all
}

func (w *world) Put(_ context.Context, id string, p catalog.Patch) (catalog.Channel, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failing != nil {
		return catalog.Channel{}, false, w.failing
	}
	ch, there := w.channels[id]
	if !there {
		ch = catalog.New(id)
	}
	ch = p.Apply(ch)
	if err := ch.Validate(); err != nil {
		return catalog.Channel{}, false, fmt.Errorf("channel %s: %w", id, err)
	}
	w.channels[id] = ch
	return ch, !there, nil
}

func (w *world) Delete(_ context.Context, id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failing != nil {
		return w.failing
	}
	if _, there := w.channels[id]; !there {
		return fmt.Errorf("channel %s: %w", id, catalog.ErrNotFound)
	}
	delete(w.channels, id)
	return nil
}

// feeds, edges and buses are what else the world has, each with the methods of its own.
type (
	feeds struct{ *world }
	edges struct{ *world }
	buses struct{ *world }
)

func (f feeds) Status(id string) (ingest.Status, bool) { st, ok := f.feeds[id]; return st, ok }

func (f feeds) TakeOver(id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if st := f.feeds[id]; !st.Redundant {
		return ingest.ErrNotRedundant
	}
	f.switched = append(f.switched, id)
	return nil
}

func (f feeds) SwitchInput(id, input string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch input {
	case "none":
		return ingest.ErrNoInput
	case "silent":
		return ingest.ErrNotWell
	}
	f.switched = append(f.switched, id+"/"+input)
	return nil
}

func (e edges) Status(id string) (edge.Status, bool) { st, ok := e.windows[id]; return st, ok }
func (e edges) Stats() edge.Stats                    { return e.stats }
func (e edges) Ready() error                         { return e.edgeErr }
func (b buses) Ready() error                         { return b.busErr }
func (b buses) ReadStats(id string) bus.ReadStats {
	return bus.ReadStats{Stale: 11, Malformed: 12, Unknown: int64(len(id)), Recovered: 13, Fast: 15, Unsettled: 16}
}

// rig is a server on a loopback address with what it logged.
type rig struct {
	*world
	url string
	log *bytes.Buffer // read it after the answer
}

func start(t *testing.T) *rig {
	t.Helper()
	news := catalog.New("news")
	news.Title, news.Key, news.FromFile = "The News", "s3cret", true
	r := &rig{world: &world{channels: map[string]catalog.Channel{"news": news, "idle": catalog.New("idle")}}, log: &bytes.Buffer{}}
	r.feeds = map[string]ingest.Status{"news": {
		State: ingest.OnAir, Protocol: "rtmp", Remote: "192.0.2.1:5555", Since: at(0), BitrateIn: 5e6, Speed: 1, FrameRate: 25, GOP: 2 * time.Second,
		LongestGOP: 4 * time.Second, ForcedCuts: 2, UnevenChunks: 12, LateFrames: 13, LateLines: 14, Runs: 3, DroppedSamples: 4, LostSegments: 1, Bytes: 999,
		Writer:    bus.WriterStats{PendingBytes: 77, StoredBytes: 88, Resent: 2},
		LastError: "clock jumped", LastErrorAt: at(9),
		Tracks: []media.Track{
			{Name: "v1", Kind: media.Video, Codec: media.AVC, Codecs: "avc1.64001f", Width: 1280, Height: 720, FrameRate: media.Fraction{Num: 25, Den: 1}},
			{Name: "a1", Kind: media.Audio, Codec: media.AAC, Codecs: "mp4a.40.2", Language: "de", SampleRate: 48000, Channels: 2},
		},
	}}
	r.windows = map[string]edge.Status{"news": {Stats: window.Stats{
		Depth: 90 * time.Second, Bytes: 1 << 20, Rows: 45, Oldest: at(10), Newest: at(100), Discontinuities: 1, Gaps: 3,
		Damaged: 5, Lost: 6, Restarts: 7,
	}, State: edge.OnAir, Target: 2 * time.Second, Lag: 12500 * time.Millisecond}}
	r.stats = edge.Stats{
		Requests: []edge.Requests{{Kind: "segment", Status: 404, Count: 1}, {Kind: "hostile", Count: 3}},
		Bytes:    map[string]uint64{"segment": 1000}, Connections: 8, Held: 3, HeldInPlace: 2, HotBytes: 14, Renderings: 9,
	}
	s := New(Config{
		Catalog: r.world, Feeds: feeds{r.world}, Edge: edges{r.world}, Bus: buses{r.world},
		Capacity: capacities{r.world}, Version: "1.2.3", Log: slog.New(slog.NewTextHandler(r.log, nil)),
	})
	h := httptest.NewServer(s.Handler())
	t.Cleanup(func() { h.Client().CloseIdleConnections(); h.Close() })
	r.url = h.URL
	return r
}

// at is so many seconds into the test's day.
func at(seconds int) time.Time { return time.Date(2026, 11, 21, 12, 0, seconds, 0, time.UTC) }

// ask sends a request, with header lines "Name: value", and gives status and body of the answer.
func (r *rig) ask(t *testing.T, method, path, body string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Host" {
			req.Host = value
		}
		req.Header.Set(name, value)
	}
	tr := &http.Transport{DisableKeepAlives: true}
	resp, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

const asJSON = "Content-Type: application/json"

func TestGet(t *testing.T) {
	t.Parallel()
	r := start(t)
	status, body := r.ask(t, "GET", "/api/v1/channels/news", "")
	const want = `{"id":"news","title":"The News","dvr":"10m","segment":"2s","chunk":"200ms","source":"","hasKey":true,"hasPassphrase":false,"allow":[],"captions":[],"subtitles":[],"fromFile":true,` +
		`"state":"on-air","feed":{"protocol":"rtmp","remote":"192.0.2.1:5555","since":"2026-11-21T12:00:00Z"},` +
		`"tracks":[{"name":"v1","kind":"video","codec":"avc","codecs":"avc1.64001f","width":1280,"height":720,"frameRate":25},` +
		`{"name":"a1","kind":"audio","codec":"aac","codecs":"mp4a.40.2","language":"de","sampleRate":48000,"channels":2}],` +
		`"bitrateIn":5000000,"speed":1,"frameRate":25,"gopSeconds":2,"longestGopSeconds":4,"forcedCuts":2,` +
		`"windowSeconds":90,"windowBytes":1048576,"windowStoredBytes":0,"lagSeconds":12.5,"oldest":"2026-11-21T12:00:10Z","newest":"2026-11-21T12:01:40Z","discontinuities":1,` +
		`"drops":{"samples":4,"segments":7,"damaged":5},"busPendingBytes":77,"lastError":"clock jumped","lastErrorAt":"2026-11-21T12:00:09Z"}` + "\n"
	if status != 200 || body != want {
		t.Errorf("%d %s\nwant %s", status, body, want)
	}

	status, body = r.ask(t, "GET", "/api/v1/channels/idle", "")
	if status != 200 || !strings.Contains(body, `"state":"off-air","tracks":[],"bitrateIn":0`) {
		t.Errorf("%d %s", status, body)
	}

	status, body = r.ask(t, "GET", "/api/v1/channels", "")
	var list []Channel
	if err := json.Unmarshal([]byte(body), &list); err != nil || status != 200 || len(list) != 2 ||
		list[0].ID != "idle" || list[1].ID != "news" {
		t.Errorf("%d %s %v", status, body, err)
	}

	if status, body = r.ask(t, "GET", "/api/v1/channels/none", ""); status != 404 || !strings.Contains(body, `there is no channel \"none\"`) {
		t.Errorf("%d %s", status, body)
	}
}

// A channel that another process takes in is on air, though this one has no feed.
func TestState(t *testing.T) {
	t.Parallel()
	going := edge.Status{Stats: window.Stats{Newest: at(60)}, State: edge.OnAir, Target: 2 * time.Second}
	over := edge.Status{Stats: window.Stats{Newest: at(60)}, State: edge.OffAir, Target: 2 * time.Second}
	for _, tc := range []struct {
		name string
		feed ingest.Status
		fed  bool
		edge edge.Status
		want ingest.State
	}{
		{"no feed yet", ingest.Status{}, false, edge.Status{}, ingest.OffAir},
		{"on air", ingest.Status{State: ingest.OnAir}, true, going, ingest.OnAir},
		{"stalled", ingest.Status{State: ingest.Waiting}, true, going, ingest.Waiting},
		{"just ended", ingest.Status{State: ingest.OffAir, Ended: at(59)}, true, going, ingest.OffAir},
		{"ended long ago", ingest.Status{State: ingest.OffAir, Ended: at(1)}, true, over, ingest.OffAir},
		{"ended, then taken in elsewhere", ingest.Status{State: ingest.OffAir, Ended: at(40)}, true, going, ingest.OnAir},
		{"taken in elsewhere", ingest.Status{}, false, going, ingest.OnAir},
		{"was taken in elsewhere", ingest.Status{}, false, over, ingest.OffAir},
	} {
		if got := state(tc.feed, tc.fed, tc.edge); got != string(tc.want) {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}

func TestPut(t *testing.T) {
	t.Parallel()
	r := start(t)
	status, body := r.ask(t, "PUT", "/api/v1/channels/news", `{"dvr":"4h"}`, asJSON)
	if status != 200 || !strings.Contains(body, `"title":"The News","dvr":"4h"`) || !strings.Contains(body, `"hasKey":true`) {
		t.Errorf("%d %s", status, body)
	}
	if ch, _ := r.Channel("news"); ch.DVR != 4*time.Hour || ch.Key != "s3cret" {
		t.Error(ch)
	}
	if status, body = r.ask(t, "PUT", "/api/v1/channels/news", `{"title":null}`, asJSON); status != 200 || !strings.Contains(body, "The News") {
		t.Errorf("null is as if not given: %d %s", status, body)
	}
	status, body = r.ask(t, "PUT", "/api/v1/channels/new", `{"key":"n3wkey","chunk":"0"}`, asJSON+"; charset=utf-8")
	if status != 201 || !strings.Contains(body, `"chunk":"0s"`) || strings.Contains(body, "n3wkey") {
		t.Errorf("%d %s", status, body)
	}
	if ch, _ := r.Channel("new"); ch.Key != "n3wkey" {
		t.Error("the key was not set")
	}
	if log := r.log.String(); !strings.Contains(log, "set.key=hidden") || strings.Contains(log, "n3wkey") {
		t.Error(log)
	}
}

func TestPutRefuses(t *testing.T) {
	t.Parallel()
	r := start(t)
	for _, tc := range []struct {
		path, body string
		status     int
		want       string
	}{
		{"news", `{"dvr":"5s"}`, 422, `"detail":"dvr: 5s is out of bounds, must be from 12s (6 segments of 2s) to 168h0m0s"`},
		{"news", `{"dvr":"5s"}`, 422, `"location":"body.dvr"`},
		{"news", `{"dvr":"2 hours"}`, 422, `dvr: \"2 hours\" is no duration, write it like 2h, 90s or 200ms`},
		{"news", `{"dvr":7200}`, 422, `"errors":[{"message":"expected string","location":"body.dvr"}]`},
		{"news", `{"key":5}`, 422, `"errors":[{"message":"expected string","location":"body.key"}]`},
		{"news", `{"dvrs":"4h"}`, 422, `"errors":[{"message":"unexpected property","location":"body.dvrs"}]`},
		{"news", `{"hasKey":true}`, 422, `"location":"body.hasKey"`},
		{"news", `[]`, 422, `expected object`},
		{"news", `{"key":"s3cret`, 400, `"location":"body"}`},
		{"news", ``, 400, `body`},
		{"news", `{"title":"` + strings.Repeat("x", maxBody) + `"}`, 413, `too large`},
		{"a.b", `{}`, 422, `"location":"path.id"`},
	} {
		status, body := r.ask(t, "PUT", "/api/v1/channels/"+tc.path, tc.body, asJSON)
		if status != tc.status || !strings.Contains(body, tc.want) || strings.Contains(body, "s3cret") {
			t.Errorf("%.60s: %d %s\nwant %d %s", tc.body, status, body, tc.status, tc.want)
		}
	}
	for _, tc := range []struct {
		err    error
		status int
	}{
		{fmt.Errorf("channel x: %w: at most 1000", catalog.ErrFull), 409},
		{catalog.ErrConflict, 409},
		{errors.New("no responders"), 503},
	} {
		r.failing = tc.err
		for _, method := range []string{"PUT", "DELETE"} {
			if status, body := r.ask(t, method, "/api/v1/channels/news", `{}`, asJSON); status != tc.status || !strings.Contains(body, tc.err.Error()) {
				t.Errorf("%v: %d %s", tc.err, status, body)
			}
		}
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	r := start(t)
	if status, body := r.ask(t, "DELETE", "/api/v1/channels/news", ""); status != 204 || body != "" {
		t.Errorf("%d %s", status, body)
	}
	if status, body := r.ask(t, "DELETE", "/api/v1/channels/news", ""); status != 404 {
		t.Errorf("%d %s", status, body)
	}
	if status, body := r.ask(t, "POST", "/api/v1/channels/news", "{}", asJSON); status != 405 {
		t.Errorf("%d %s", status, body)
	}
}
