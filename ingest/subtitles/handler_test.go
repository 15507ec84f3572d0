package subtitles

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir/ingest"
	"weir/internal/media"
	"weir/packager"
)

// pushes keeps what comes, and answers as it is told.
type pushes struct {
	publish   ingest.Publish
	subtitles media.Subtitles
	err       error
}

func (p *pushes) Subtitles(_ context.Context, publish ingest.Publish, s media.Subtitles) error {
	p.publish, p.subtitles = publish, s
	return p.err
}

var now = time.Date(2026, 11, 22, 20, 15, 0, 0, time.UTC)

func serve(to *pushes, method, target, body string) (int, string) {
	h := New(Config{Ingest: to, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: func() time.Time { return now }})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader(body)))
	return w.Code, strings.TrimSuffix(w.Body.String(), "\n")
}

const cue = "WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n"

func TestPush(t *testing.T) {
	t.Parallel()
	line := []media.Line{{Start: time.Second, End: 2 * time.Second, Text: "Hello"}}
	for name, tc := range map[string]struct {
		method, target, body string
		want                 media.Subtitles
	}{
		"now":        {"PUT", "/subtitles/news/en?key=x", cue, media.Subtitles{Language: "en", Lines: line, Origin: now}},
		"at a time":  {"POST", "/subtitles/news/de-AT?start=2026-11-22T21:00:00+01:00", cue, media.Subtitles{Language: "de-AT", Lines: line, Origin: now.Add(-15 * time.Minute)}},
		"in seconds": {"POST", "/subtitles/news/en?start=1795378500.5", cue, media.Subtitles{Language: "en", Lines: line, Origin: now.Add(500 * time.Millisecond)}},
		"by the feed's clock": {
			"POST", "/subtitles/news/en", strings.Replace(cue, "WEBVTT\n", "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n", 1),
			media.Subtitles{Language: "en", Lines: line, Origin: now, Stamped: true, Stamp: 900000},
		},
	} {
		to := &pushes{}
		code, body := serve(to, tc.method, tc.target, tc.body)
		require.Equal(t, http.StatusNoContent, code, "%s: %s", name, body)
		tc.want.Origin, to.subtitles.Origin = tc.want.Origin.UTC(), to.subtitles.Origin.UTC()
		assert.Equal(t, tc.want, to.subtitles, name)
		assert.Equal(t, "news", to.publish.Channel)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		method, target, body string
		err                  error
		status               int
		says                 string
	}{
		"no method":      {"GET", "/subtitles/news/en", cue, nil, 405, "Method Not Allowed"},
		"no language":    {"PUT", "/subtitles/news", cue, nil, 404, "404 page not found"},
		"odd language":   {"PUT", "/subtitles/news/e_n", cue, nil, 404, `"e_n" is no language, write it like en or pt-BR`},
		"odd start":      {"PUT", "/subtitles/news/en?start=x", cue, nil, 400, `start: "x" is no time, write it like 2026-11-22T20:15:00Z or as Unix seconds`},
		"no WebVTT":      {"PUT", "/subtitles/news/en", "hello", nil, 400, "not a WebVTT document: line 1 is not WEBVTT"},
		"no UTF-8":       {"PUT", "/subtitles/news/en", "WEBVTT\n\n\xff", nil, 400, "not a WebVTT document: it has more than 262144 bytes, or is not UTF-8"},
		"backward":       {"PUT", "/subtitles/news/en", "WEBVTT\n\n00:02.000 --> 00:01.000\nx\n", nil, 400, "not a WebVTT document: block from line 3: a cue ends at 00:01.000 and begins at 00:02.000"},
		"too large":      {"PUT", "/subtitles/news/en", strings.Repeat("x", maxDocument+1), nil, 413, "more than 262144 bytes: send the cues that are new, in several documents"},
		"wrong key":      {"PUT", "/subtitles/news/en", cue, ingest.ErrKey, 403, `wrong or missing key for channel "news": add ?key=KEY, or Authorization: Bearer KEY`},
		"no channel":     {"PUT", "/subtitles/news/en", cue, ingest.ErrUnknownChannel, 404, `there is no channel "news": check the address, or create the channel`},
		"off air":        {"PUT", "/subtitles/news/en", cue, fmt.Errorf("x: %w", ingest.ErrOffAir), 409, `channel "news" is not on air: subtitles need a feed that they belong to`},
		"elsewhere":      {"PUT", "/subtitles/news/en", cue, fmt.Errorf("x: %w", ingest.ErrStandsBy), 409, "x: " + ingest.ErrStandsBy.Error() + ": push its subtitles there, or to all servers that get its feed, of which one takes them"},
		"changing":       {"PUT", "/subtitles/news/en", cue, ingest.ErrChanging, 503, ingest.ErrChanging.Error() + ": try again in a second"},
		"too many":       {"PUT", "/subtitles/news/en", cue, packager.ErrSubtitles, 413, packager.ErrSubtitles.Error()},
		"something else": {"PUT", "/subtitles/news/en", cue, io.ErrUnexpectedEOF, 503, "the server cannot take subtitles at the moment: try again later"},
	} {
		code, body := serve(&pushes{err: tc.err}, tc.method, tc.target, tc.body)
		assert.Equal(t, tc.status, code, name)
		assert.Equal(t, tc.says, body, name)
	}
}
