package library

import (
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/catalog"
	"weir/internal/origin"
	"weir/packager/vod"
	"weir/testdata"
)

const someWords = "WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n"

// of is an asset of some files.
func of(sites string, files ...string) catalog.Asset {
	a := catalog.Asset{Sites: strings.Fields(sites)}
	for _, f := range files {
		a.Files = append(a.Files, catalog.AssetFile{Path: f})
	}
	return a
}

// tracksOf are the names of an asset's tracks.
func tracksOf(a Asset) string {
	var names []string
	for _, t := range a.Window().Tracks {
		names = append(names, t.Name)
	}
	return strings.Join(names, " ")
}

// An asset plays without what can be spared, and that is told; else it does not.
func TestAssetsPlayWithoutSomeFiles(t *testing.T) {
	t.Parallel()
	assets := listing{
		"whole":            of("disk", "demo.mp4", "words.vtt"),
		"broken words":     of("disk", "broken.vtt", "demo.mp4"),
		"missing words":    of("disk", "demo.mp4", "none.SRT", "words.vtt"),
		"missing video":    of("disk", "none.mp4", "demo.mp4", "words.vtt"),
		"broken video":     of("disk", "demo.mp4", "broken.mp4"),
		"forbidden words":  of("web", "demo.mp4", "forbidden.vtt"),
		"words of no site": of("web", "demo.mp4", "dead.vtt"),
		"album":            {Tracks: []string{"broken words", "broken video"}},

		"nothing":         of("disk", "broken.mp4", "none.mp4"),
		"words alone":     of("disk", "none.mp4", "words.vtt"),
		"dead video":      of("web", "demo.mp4", "dead.mp4"),
		"album of broken": {Tracks: []string{"whole", "broken"}}, "broken": of("disk", "broken.mp4"),
	}
	f := newFixture(t, assets, 0)
	var log lines
	f.cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
	f.write(t, "words.vtt", someWords)
	f.write(t, "broken.vtt", "WEBVTT without a line's end\x00\x01 and no more of it, but bytes "+strings.Repeat("\xff\xfe", 100))
	f.write(t, "broken.mp4", testdata.Demo[:1000])
	answer := func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case strings.Contains(r.URL.Path, "forbidden"):
			w.WriteHeader(http.StatusForbidden)
		case strings.Contains(r.URL.Path, "dead"):
			w.WriteHeader(http.StatusInternalServerError)
		default:
			return false
		}
		return true
	}
	f.web.Store(&answer)
	impaired := 0
	for id, want := range map[string][2]string{
		"whole":            {"v1 a1 t1", ""},
		"broken words":     {"v1 a1", "broken.vtt"},
		"missing words":    {"v1 a1 t1", "none.SRT"},
		"missing video":    {"v1 a1 t1", "none.mp4"},
		"broken video":     {"v1 a1", "broken.mp4"},
		"forbidden words":  {"v1 a1", "forbidden.vtt"},
		"words of no site": {"v1 a1", "dead.vtt"},
		"album":            {"v1 a1", "broken.vtt"},
	} {
		a, err := f.Open(t.Context(), id)
		require.NoError(t, err, id)
		require.Equal(t, want[0], tracksOf(a), id)
		for _, track := range a.Window().Tracks { // files are numbered without those that are lost
			b, err := a.Segment(track.Name, 0)
			if err == nil {
				_, err = ReadAll(t.Context(), b)
			}
			require.NoError(t, err, "%s %s", id, track.Name)
		}
		st, ok := f.Status(id)
		require.True(t, ok)
		if want[1] == "" {
			require.Empty(t, st.Problems)
		} else {
			impaired++
			require.Contains(t, st.Problems[0], "played without "+want[1]+": ", id)
			require.Contains(t, log.String(), "file="+want[1], id)
		}
		a.Release()
	}
	require.Equal(t, impaired, f.Stats().Impaired)
	for id, want := range map[string]error{
		"nothing": origin.ErrNotFound, "words alone": origin.ErrNotFound, "dead video": origin.ErrUnavailable, "album of broken": vod.ErrFile,
	} {
		_, err := f.Open(t.Context(), id)
		require.ErrorIs(t, err, want, id)
	}
}

// What an asset is played without is played when it is there again; who plays an asset does not lose subtitles whose site is down for a moment.
func TestLostFilesComeAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t, listing{"film": of("web", "demo.mp4", "words.vtt")}, 0)
	dead := func(w http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "words") {
			w.WriteHeader(http.StatusInternalServerError)
			return true
		}
		return false
	}
	becomes := func(tracks string) {
		t.Helper()
		require.Eventually(t, func() bool {
			f.clock.pass(checkEvery)
			a, err := f.Open(t.Context(), "film")
			require.NoError(t, err)
			defer a.Release()
			return tracksOf(a) == tracks
		}, time.Minute, time.Millisecond)
	}
	becomes("v1 a1")
	f.write(t, "words.vtt", someWords)
	becomes("v1 a1 t1")
	f.web.Store(&dead)
	asked := f.requests("web")
	for f.requests("web") < asked+10 {
		f.clock.pass(checkEvery)
		a, err := f.Open(t.Context(), "film")
		require.NoError(t, err)
		require.Equal(t, "v1 a1 t1", tracksOf(a))
		a.Release()
	}
	f.web.Store(nil)
	require.NoError(t, os.Remove(filepath.Join(f.dir, "words.vtt")))
	becomes("v1 a1")
}
