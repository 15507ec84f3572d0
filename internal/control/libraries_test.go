package control

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"weir/internal/catalog"
	"weir/internal/library"
	"weir/internal/origin"
)

func (fakeLibrary) Libraries() []catalog.Library {
	return []catalog.Library{{Name: "movies", Sites: []string{"store", "backup"}}}
}

// Members of movies are two files; dead is down.
func (fakeLibrary) Members(ctx context.Context, name, folder, after string, limit int) (library.Members, error) {
	if _, ok := ctx.Deadline(); !ok {
		return library.Members{}, errors.New("it may take for ever")
	}
	switch name {
	case "movies":
		m := library.Member{ID: "movies~a b.mp4", Path: "a b.mp4", Site: "store", Size: 4711, Modified: at(1).Local()}
		m.Path += fmt.Sprintf("?%s %s %d", folder, after, limit)
		return library.Members{
			Members: []library.Member{m}, Skipped: 1, Next: "c.mp4", Unlisted: []origin.SiteError{{Site: "backup", Err: origin.ErrUnlisted}},
		}, nil
	case "dead":
		return library.Members{}, fmt.Errorf("library dead: %w", library.ErrUnlisted)
	}
	return library.Members{}, library.ErrNotFound
}

func TestMembersOfLibraries(t *testing.T) {
	t.Parallel()
	r, _ := startAssets(t)
	for path, want := range map[string]string{
		"": `200 [{"name":"movies","sites":["store","backup"]}]`,
		"/movies?folder=" + url.QueryEscape("x/y") + "&after=b&limit=7": `200 {"members":[{"id":"movies~a b.mp4","path":"a b.mp4?x/y b 7","site":"store","bytes":4711,` +
			`"modified":"2026-11-21T12:00:01Z","hls":"/vod/movies~a%20b.mp4/index.m3u8","dash":"/vod/movies~a%20b.mp4/manifest.mpd"}],"skipped":1,"next":"c.mp4",` +
			`"unlisted":{"backup":"site cannot be listed"}}`,
	} {
		if status, body := r.ask(t, "GET", "/api/v1/libraries"+path, ""); fmt.Sprint(status, " ", strings.TrimSpace(body)) != want {
			t.Errorf("%s\n got %d %s\nwant %s", path, status, body, want)
		}
	}
	for path, want := range map[string]string{
		"/movies":           "a b.mp4?  100",
		"/movies?limit=0":   "422",
		"/movies?limit=1e9": "422",
		"/none":             `404 there is no library \"none\"`,
		"/dead":             "502 library dead: no site of the library tells its files",
	} {
		status, body := r.ask(t, "GET", "/api/v1/libraries"+path, "")
		code, text, _ := strings.Cut(want, " ")
		if status == 200 {
			code, text = "200", want
		}
		if fmt.Sprint(status) != code || !strings.Contains(body, text) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if log := r.log.String(); !strings.Contains(log, `msg="a library cannot be listed" library=dead`) {
		t.Error(log)
	}
}
