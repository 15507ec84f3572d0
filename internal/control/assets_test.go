package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/internal/catalog"
	"weir/internal/clip"
	"weir/internal/library"
	"weir/internal/media"
)

// fakeAssets are assets in memory.
type fakeAssets struct {
	mu      sync.Mutex
	all     map[string]catalog.Asset
	failing error
}

func (f *fakeAssets) Resolve(id string) (catalog.Asset, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if path, ok := strings.CutPrefix(id, "movies~"); ok {
		return catalog.Asset{ID: id, Sites: []string{"films"}, Files: []catalog.AssetFile{{Path: path}}, FromFile: true}, true
	}
	a, ok := f.all[id]
	return a, ok
}

func (f *fakeAssets) Page(prefix, after string, limit int) (page []catalog.Asset) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, a := range f.all {
		if strings.HasPrefix(id, prefix) && id > after {
			page = append(page, a)
		}
	}
	slices.SortFunc(page, func(a, b catalog.Asset) int { return strings.Compare(a.ID, b.ID) })
	return page[:min(limit, len(page))]
}

func (f *fakeAssets) Put(_ context.Context, id string, p catalog.AssetPatch) (catalog.Asset, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a, there := f.all[id]
	if !there {
		a = catalog.NewAsset(id)
	}
	a = p.Apply(a)
	if err := errors.Join(f.failing, a.Validate()); err != nil {
		return catalog.Asset{}, false, fmt.Errorf("asset %s: %w", id, err)
	}
	f.all[id] = a
	return a, !there, nil
}

func (f *fakeAssets) Delete(_ context.Context, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, there := f.all[id]; !there {
		return fmt.Errorf("asset %s: %w", id, catalog.ErrNotFound)
	}
	delete(f.all, id)
	return nil
}

// fakeLibrary has opened night, and failed to open torn.
type fakeLibrary struct{}

func (fakeLibrary) Status(id string) (library.Status, bool) {
	switch id {
	case "night":
		return library.Status{
			Opened: at(1), Tracks: []media.Track{{Name: "v1", Kind: media.Video, Codec: media.AVC, Codecs: "avc1.64001f"}},
			Duration: 90 * time.Second, IndexBytes: 4711, Site: "backup",
			Problems: []string{"played without night.vtt: no such file"},
		}, true
	case "torn":
		return library.Status{LastError: "file cannot be packaged: no moov", LastErrorAt: at(2)}, true
	}
	return library.Status{}, false
}

func (fakeLibrary) Stats() library.Stats {
	return library.Stats{CacheBytes: 1, Hits: 2, Misses: 3, IndexBytes: 4, Titles: 6, Impaired: 5}
}

// takenIDs are clips of which no more is known than that they are there.
type takenIDs struct {
	Clips
	id string
}

func (t takenIDs) Get(id string) (clip.Info, bool) { return clip.Info{ID: id}, id == t.id }
func (t takenIDs) List(channel string) []clip.Info { return nil }

// startAssets is an admin API with the assets a0 to a4 and night.
func startAssets(t *testing.T) (*rig, *fakeAssets) {
	t.Helper()
	all := &fakeAssets{all: map[string]catalog.Asset{}}
	for _, id := range []string{"a0", "a1", "a2", "a3", "a4", "night"} {
		all.all[id] = catalog.Asset{ID: id, Title: "The " + id, Sites: []string{"films"}, Files: []catalog.AssetFile{{Path: id + ".mp4"}}}
	}
	r := &rig{world: &world{}, log: &bytes.Buffer{}}
	s := New(Config{
		Catalog: r.world, Bus: buses{r.world}, Assets: all, Library: fakeLibrary{}, Clips: takenIDs{id: "news-goal"},
		Log: slog.New(slog.NewTextHandler(r.log, nil)),
	})
	h := httptest.NewServer(s.Handler())
	t.Cleanup(func() { h.Client().CloseIdleConnections(); h.Close() })
	r.url = h.URL
	return r, all
}

func TestAssetIsShown(t *testing.T) {
	t.Parallel()
	r, all := startAssets(t)
	all.all["torn"] = catalog.Asset{ID: "torn", Tracks: []string{"a1", "a2"}, FromFile: true}
	for id, want := range map[string]string{
		"night": `{"id":"night","title":"The night","sites":["films"],"files":["night.mp4"],"fromFile":false,"hls":"/vod/night/index.m3u8","dash":"/vod/night/manifest.mpd",` +
			`"state":{"opened":"2026-11-21T12:00:01Z","tracks":[{"name":"v1","kind":"video","codec":"avc","codecs":"avc1.64001f"}],"durationSeconds":90,"indexBytes":4711,"site":"backup","problems":["played without night.vtt: no such file"]}}`,
		"a0": `{"id":"a0","title":"The a0","sites":["films"],"files":["a0.mp4"],"fromFile":false,"hls":"/vod/a0/index.m3u8","dash":"/vod/a0/manifest.mpd","state":{}}`,
		"torn": `{"id":"torn","title":"","tracks":["a1","a2"],"fromFile":true,"hls":"/vod/torn/index.m3u8","dash":"/vod/torn/manifest.mpd",` +
			`"state":{"lastError":"file cannot be packaged: no moov","lastErrorAt":"2026-11-21T12:00:02Z"}}`,
		"movies~a%20b.mp4": `{"id":"movies~a b.mp4","title":"","sites":["films"],"files":["a b.mp4"],"fromFile":true,` +
			`"hls":"/vod/movies~a%20b.mp4/index.m3u8","dash":"/vod/movies~a%20b.mp4/manifest.mpd","state":{}}`,
	} {
		if status, body := r.ask(t, "GET", "/api/v1/assets/"+id, ""); status != 200 || strings.TrimSpace(body) != want {
			t.Errorf("%s: %d\n got %s\nwant %s", id, status, body, want)
		}
	}
	if status, body := r.ask(t, "GET", "/api/v1/assets/none", ""); status != 404 || !strings.Contains(body, `there is no asset \"none\"`) {
		t.Error(status, body)
	}
}

func TestAssetsAreListedPageByPage(t *testing.T) {
	t.Parallel()
	r, _ := startAssets(t)
	for query, want := range map[string]string{
		"":                         "a0 a1 a2 a3 a4 night",
		"?limit=2":                 "a0 a1 next a1",
		"?limit=2&after=a1":        "a2 a3 next a3",
		"?limit=2&after=a4":        "night",
		"?limit=5&prefix=a":        "a0 a1 a2 a3 a4",
		"?limit=4&prefix=a":        "a0 a1 a2 a3 next a3",
		"?prefix=b":                "",
		"?limit=1&after=a2x":       "a3 next a3",
		"?limit=6":                 "a0 a1 a2 a3 a4 night",
		"?limit=1000&after=nights": "",
	} {
		status, body := r.ask(t, "GET", "/api/v1/assets"+query, "")
		var page AssetPage
		if err := json.Unmarshal([]byte(body), &page); status != 200 || err != nil || page.Assets == nil {
			t.Fatal(query, status, body, err)
		}
		var got []string
		for _, a := range page.Assets {
			got = append(got, a.ID)
		}
		if page.Next != "" {
			got = append(got, "next", page.Next)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
	for _, query := range []string{"?limit=0", "?limit=1001", "?limit=x", "?prefix=" + strings.Repeat("x", 65)} {
		if status, body := r.ask(t, "GET", "/api/v1/assets"+query, ""); status != 422 {
			t.Errorf("%s: %d %s", query, status, body)
		}
	}
}

func TestAssetIsPutAndDeleted(t *testing.T) {
	t.Parallel()
	r, all := startAssets(t)
	for _, tc := range []struct {
		id, body string
		status   int
		want     string
	}{
		{"new", `{"sites":["films","backup"],"files":["a.mp4","b.m4a#de"]}`, 201, `"files":["a.mp4","b.m4a#de"]`},
		{"new", `{"title":"New"}`, 200, `"title":"New","sites":["films","backup"],"files":["a.mp4","b.m4a#de"]`},
		{"new", `{"sites":[],"files":[],"tracks":["a1","a2"]}`, 200, `"tracks":["a1","a2"]`},
		{"new", `{"files":["x"]}`, 422, `"location":"body.tracks"`},
		{"a1", `{"files":["../x"]}`, 422, `"location":"body.files"`},
		{"a1", `{"files":["x#?"]}`, 422, `behind # is no language`},
		{"a1", `{"fils":[]}`, 422, `unexpected property`},
		{"a1", `{"sites":[]}`, 422, `sites: there are none: name those that have the files`},
		{"movies~x", `{"title":"x"}`, 422, `"location":"path.id"`},
		{"news-goal", `{"sites":["films"],"files":["a.mp4"]}`, 409, `there is a clip \"news-goal\": an asset cannot have its ID`},
	} {
		if status, body := r.ask(t, "PUT", "/api/v1/assets/"+tc.id, tc.body, asJSON); status != tc.status || !strings.Contains(body, tc.want) {
			t.Errorf("%s %s: %d %s", tc.id, tc.body, status, body)
		}
	}
	if status, body := r.ask(t, "DELETE", "/api/v1/assets/new", ""); status != 204 {
		t.Error(status, body)
	}
	if status, body := r.ask(t, "DELETE", "/api/v1/assets/new", ""); status != 404 || !strings.Contains(body, `there is no asset \"new\"`) {
		t.Error(status, body)
	}
	if log := r.log.String(); !strings.Contains(log, `msg="asset set by the API" asset=new created=true set.sites=films,backup`) || !strings.Contains(log, `msg="asset deleted by the API" asset=new`) {
		t.Error(log)
	}
	for failure, want := range map[error]int{catalog.ErrFull: 409, catalog.ErrConflict: 409, errors.New("no bus"): 503} {
		all.failing = failure
		if status, body := r.ask(t, "PUT", "/api/v1/assets/a1", `{"title":"x"}`, asJSON); status != want || !strings.Contains(body, failure.Error()) {
			t.Errorf("%v: %d %s", failure, status, body)
		}
	}
}

func TestLibraryIsMeasured(t *testing.T) {
	t.Parallel()
	r, _ := startAssets(t)
	_, body := r.ask(t, "GET", "/metrics", "")
	for _, want := range []string{"weir_vod_cache_bytes 1", "weir_vod_cache_hits_total 2", "weir_vod_cache_misses_total 3", "weir_vod_index_bytes 4", "weir_vod_impaired_assets 5"} {
		if !strings.Contains(body, "\n"+want+"\n") {
			t.Errorf("%s is missing", want)
		}
	}
}

// Without assets there is nothing of them.
func TestNoAssets(t *testing.T) {
	t.Parallel()
	r := start(t)
	if status, _ := r.ask(t, "GET", "/api/v1/assets", ""); status != 404 {
		t.Error(status)
	}
	if _, body := r.ask(t, "GET", "/metrics", ""); strings.Contains(body, "weir_vod_") {
		t.Error("metrics of a library that is not there")
	}
}
