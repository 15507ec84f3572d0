package edge

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/hls"
)

// fed is a fixture whose channel news was fed for that long.
func fed(t *testing.T, length time.Duration) (*fixture, *feed) {
	t.Helper()
	f := newFixtureWith(t, Config{Carry: []string{"token", "sid"}}, "news")
	h := <-f.handlers
	broadcast := newFeed(t, toHandler{h})
	broadcast.until(length)
	h.CaughtUp()
	f.at.Store(int64(length / time.Second))
	return f, broadcast
}

func TestSelectedManifests(t *testing.T) {
	t.Parallel()
	f, _ := fed(t, 31*time.Second)
	at := func(s int) int64 { return epoch.Unix() + int64(s) }
	for _, c := range []struct {
		path     string
		with     []string
		without  []string
		wellForm bool
	}{
		{playlist, []string{"\n14.m4s\n", "EXT-X-PART-INF", `"15.4.m4s"`}, []string{"?", "ENDLIST"}, false},
		{playlist + "?ll=0", []string{"\n0.m4s\n", "\n14.m4s\n"}, []string{"EXT-X-PART", "15."}, false},
		{playlist + "?_HLS_skip=YES", []string{"EXT-X-SKIP:", `"15.4.m4s"`}, []string{"\n0.m4s\n"}, false},
		{playlist + "?_HLS_skip=v2", []string{"EXT-X-SKIP:"}, nil, false},
		{fmt.Sprintf("%s?start=%d&end=%d", playlist, at(4), at(10)), []string{"\n2.m4s\n", "\n4.m4s\n", "ENDLIST"}, []string{"\n1.m4s\n", "\n5.m4s\n"}, false},
		{fmt.Sprintf("%s?start=%d", playlist, at(4)), []string{"\n2.m4s\n", "\n14.m4s\n", fmt.Sprintf("a1/index.m3u8?start=%d", at(4))}, []string{"\n1.m4s\n", "ENDLIST"}, false},
		{playlist + "?dvr=12&token=x%20y", []string{"\n9.m4s?token=x%20y\n", "init-1.mp4?token=x%20y", "a1/index.m3u8?dvr=12&token=x%20y"}, []string{"\n1.m4s"}, false},
		{"/live/news/index.m3u8?ll=0&dvr=20s&tracks=v1", []string{"v1/index.m3u8?dvr=20&ll=0", "iframes.m3u8?dvr=20&ll=0"}, []string{"a1", "mp4a"}, false},
		{"/live/news/index.m3u8?sid=2&other=1&token=1", []string{"v1/index.m3u8?sid=2&token=1"}, []string{"other"}, false},
		{"/live/news/manifest.mpd", []string{`type="dynamic"`, "availabilityTimeOffset", "manifest.mpp?from=", `<UTCTiming`}, []string{"token"}, true},
		{"/live/news/manifest.mpd?ll=0", []string{`type="dynamic"`, "ll=0"}, []string{"availabilityTimeOffset"}, true},
		{"/live/news/manifest.mpd?sid=2&token=1", []string{"$Number$.m4s?sid=2&amp;token=1", "init-1.mp4?sid=2&amp;token=1"}, []string{placeholder}, true},
		{"/live/news/manifest.mpd?tracks=a1", []string{"a1/$Number$.m4s"}, []string{"v1/"}, true},
		{"/live/news/manifest.mpd?lang=EN&maxheight=480", []string{"a1/$Number$.m4s", "v1/$Number$.m4s"}, nil, true},
		{fmt.Sprintf("/live/news/manifest.mpd?start=%d&end=%d", at(4), at(10)), []string{`type="static"`, "mediaPresentationDuration"}, []string{"manifest.mpp"}, true},
		{"/live/news/v1/iframes.m3u8?dvr=12", []string{"EXT-X-I-FRAMES-ONLY", "EXT-X-BYTERANGE", "\n9.m4s\n"}, []string{"\n1.m4s"}, false},
	} {
		resp, body := f.get("GET", c.path)
		if resp.StatusCode != 200 {
			t.Errorf("%s: %d %s", c.path, resp.StatusCode, body)
			continue
		}
		for _, w := range c.with {
			if !strings.Contains(body, w) {
				t.Errorf("%s: no %q in\n%s", c.path, w, body)
			}
		}
		for _, w := range c.without {
			if strings.Contains(body, w) {
				t.Errorf("%s: %q in\n%s", c.path, w, body)
			}
		}
		if c.wellForm {
			for d := xml.NewDecoder(strings.NewReader(body)); ; {
				if _, err := d.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Errorf("%s: %v", c.path, err)
					break
				}
			}
		}
	}
	for path, want := range map[string]string{
		"/live/news/manifest.mpd?maxheight=100":  "404 maxheight: no track with video is at most 100 pixels high\n",
		"/live/news/index.m3u8?lang=fr":          "404 lang: no track with audio has a language that is listed\n",
		playlist + "?start=4000000000":           "404 the channel has nothing of what was asked for to play now\n",
		"/live/news/manifest.mpd?dvr=x":          `400 dvr: "x" is no length of time: write it like 90s or 2h, or as seconds` + "\n",
		"/live/news/manifest.mpp":                "400 from: it must be there\n",
		"/live/news/manifest.mpp?from=yesterday": `400 from: "yesterday" is no point in time: write it like 2026-01-31T20:15:00Z, or as seconds since 1970` + "\n",
	} {
		if resp, body := f.get("GET", path); fmt.Sprint(resp.StatusCode, " ", body) != want {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
}

func TestSessionsDoNotMix(t *testing.T) {
	t.Parallel()
	f, _ := fed(t, 21*time.Second)
	var all sync.WaitGroup
	tags := make([]string, 20)
	for i := range tags {
		all.Go(func() {
			token := fmt.Sprintf("token=%d", i*7)
			resp, body := f.get("GET", playlist+"?"+token)
			if strings.Count(body, "?"+token+"\n")+strings.Count(body, "?"+token+`"`) != strings.Count(body, "?") || !strings.Contains(body, token) {
				t.Errorf("%s: %s", token, body)
			}
			if resp.Header.Get("Cache-Control") != "private, max-age=1" {
				t.Errorf("%v", resp.Header)
			}
			tags[i] = resp.Header.Get("Etag")
		})
	}
	all.Wait()
	seen := make(map[string]bool)
	for _, tag := range tags {
		if seen[tag] {
			t.Errorf("tag %s is there twice", tag)
		}
		seen[tag] = true
	}
	if n := f.server.Stats().Renderings; n != 1 {
		t.Errorf("%d renderings", n)
	}
}

// Whoever makes up queries costs no more than a bounded number of texts, and does not drive out what all ask for.
func TestMadeUpQueriesAreBounded(t *testing.T) {
	t.Parallel()
	f, _ := fed(t, 21*time.Second)
	f.get("GET", playlist)
	before := f.server.Stats().Renderings
	c := f.server.channels.get("news")
	for i := range 1000 {
		path := fmt.Sprintf("%s?dvr=%d.%d&tracks=v%d", playlist, rand.IntN(1e6)+1, i, i)
		if i%3 == 0 {
			path = fmt.Sprintf("/live/news/manifest.mpp?from=%d", 1_000_000+i)
		}
		f.get("GET", path)
	}
	if n := len(*c.playlists.asked.all.Load()); n > maxAsked {
		t.Errorf("%d forms are kept", n)
	}
	if n := len(*c.playlists.common.all.Load()); n != 2 {
		t.Errorf("%d plain forms are kept", n)
	}
	after := f.server.Stats().Renderings
	if f.get("GET", playlist); f.server.Stats().Renderings != after || after-before > 1001 {
		t.Errorf("%d, %d renderings", after-before, f.server.Stats().Renderings)
	}
	f.at.Add(100)
	c.playlists.sweep(f.now())
	if n := len(*c.playlists.asked.all.Load()) + len(*c.playlists.common.all.Load()); n != 0 {
		t.Errorf("%d forms are kept though nobody asks", n)
	}
}

func TestLargeTextsAreBounded(t *testing.T) {
	t.Parallel()
	render := fakeRenderers()
	render.media = func(_ *media.Window, _ string, links manifest.Links, _ hls.Delta) ([]byte, error) {
		return []byte(links.Playlists + strings.Repeat("x", 1<<20)), nil
	}
	f, _ := onAir(t, render)
	for i := range 50 {
		f.get("GET", fmt.Sprintf("%s?dvr=%d", playlist, i+1))
	}
	size := 0
	for _, e := range *f.server.channels.get("news").playlists.asked.all.Load() {
		size += e.size()
	}
	if size > maxAskedBytes || size < maxAskedBytes/2 {
		t.Errorf("%d bytes", size)
	}
}

// While queries that somebody makes up keep the renderers busy, some are turned away, and others are served.
func TestMadeUpQueriesWaitForTheirTurn(t *testing.T) {
	t.Parallel()
	render := fakeRenderers()
	enter, leave := make(chan struct{}, 1000), make(chan struct{})
	real := render.media
	render.media = func(w *media.Window, track string, links manifest.Links, delta hls.Delta) ([]byte, error) {
		if links.Playlists != "" {
			enter <- struct{}{}
			<-leave
		}
		return real(w, track, links, delta)
	}
	f, _ := onAir(t, render)
	var all sync.WaitGroup
	var mu sync.Mutex
	count := make(map[int]int)
	const asked = 2*maxWaitingTurns + 20
	turnedAway := make(chan struct{}, asked)
	for i := range asked {
		all.Go(func() {
			resp, _ := f.get("GET", fmt.Sprintf("%s?dvr=%d", playlist, i+1))
			mu.Lock()
			count[resp.StatusCode]++
			mu.Unlock()
			if resp.StatusCode == 503 {
				turnedAway <- struct{}{}
			}
		})
	}
	<-enter
	<-turnedAway
	if resp, _ := f.get("GET", playlist); resp.StatusCode != 200 {
		t.Errorf("the plain one: %d", resp.StatusCode)
	}
	close(leave)
	all.Wait()
	if count[200] < maxWaitingTurns || count[200]+count[503] != asked {
		t.Errorf("%v", count)
	}
	if resp, _ := f.get("GET", playlist+"?dvr=1"); resp.StatusCode != 200 {
		t.Errorf("afterwards: %d", resp.StatusCode)
	}
}

func TestKeyFrameSegments(t *testing.T) {
	t.Parallel()
	f, _ := fed(t, 21*time.Second)
	resp, whole := f.get("GET", "/live/news/v1/3.key.m4s")
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "video/mp4" || !strings.Contains(whole[:32], "styp") ||
		resp.Header.Get("Cache-Control") != "public, max-age=60, immutable" {
		t.Fatalf("%d %v", resp.StatusCode, resp.Header)
	}
	if resp, part := f.get("GET", "/live/news/v1/3.key.m4s", "Range", "bytes=4-7"); resp.StatusCode != 206 || part != whole[4:8] {
		t.Errorf("%d %q", resp.StatusCode, part)
	}
	for n := range 40 {
		f.get("GET", fmt.Sprintf("/live/news/v1/%d.key.m4s", n%10))
	}
	if _, again := f.get("GET", "/live/news/v1/3.key.m4s"); again != whole {
		t.Error("it is another one")
	}
	for _, path := range []string{"/live/news/a1/3.key.m4s", "/live/news/v1/10.key.m4s", "/live/news/v1/99.key.m4s", "/live/news/v2/3.key.m4s"} {
		if resp, _ := f.get("GET", path); resp.StatusCode != 404 {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}

var publishTime = regexp.MustCompile(`publishTime="([^"]*)"`)

func TestPatchesAreHeldUntilThereIsNews(t *testing.T) {
	t.Parallel()
	f, broadcast := fed(t, 21*time.Second)
	_, body := f.get("GET", "/live/news/manifest.mpd")
	from := publishTime.FindStringSubmatch(body)
	if from == nil {
		t.Fatal(body)
	}
	got := make(chan string, 1)
	go func() {
		_, body := f.get("GET", "/live/news/manifest.mpp?from="+from[1])
		got <- body
	}()
	f.held(1)
	broadcast.until(25 * time.Second)
	patch := <-got
	if !strings.Contains(patch, `originalPublishTime="`+from[1]+`"`) || !strings.Contains(patch, "<replace") && !strings.Contains(patch, "<add") {
		t.Errorf("%s", patch)
	}
	if resp, again := f.get("GET", "/live/news/manifest.mpp?from="+from[1], "Accept-Encoding", "gzip"); resp.StatusCode != 200 || again == "" {
		t.Errorf("%d", resp.StatusCode)
	}
}

// A channel that was deleted and made anew has its old numbers again: nothing of its first life may show.
func TestSecondLifeOfAChannel(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil, "news")
	h := <-f.handlers
	life := func(start time.Time, rows uint64) {
		tracks := tracksOf()
		h.Target(lasts)
		h.Run(media.Run{Start: start, Tracks: tracks}, []media.Init{{Track: "v1", Data: []byte("init v1")}, {Track: "a1", Data: []byte("init a1")}})
		for n := range rows {
			for _, track := range tracks {
				chunks, end := segment(track, n, 2, 400)
				end.Start += media.FromDuration(start.Sub(epoch), track.Timescale)
				end.Wall = start.Add(time.Duration(n) * lasts)
				for _, c := range chunks {
					c.Start, c.Wall = end.Start, end.Wall
					h.Chunk(c)
				}
				h.End(end)
			}
		}
	}
	life(epoch, 10)
	h.CaughtUp()
	f.get("GET", playlist)
	f.get("GET", "/live/news/manifest.mpd")
	again := epoch.Add(time.Hour)
	life(again, 14)
	if _, body := f.get("GET", playlist); !strings.Contains(body, again.Format("2006-01-02T15:04")) || strings.Contains(body, epoch.Format("2006-01-02T15:04")) {
		t.Error(body)
	}
	if _, body := f.get("GET", "/live/news/manifest.mpd"); !strings.Contains(body, fmt.Sprint(again.Unix()*90000)) {
		t.Error(body)
	}
}
