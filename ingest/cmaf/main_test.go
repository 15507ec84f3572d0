package cmaf

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/ingest"
	"weir/ingest/ingesttest"
	"weir/internal/testmedia"
)

// newServer is a server of two channels, of which one has a key.
func newServer() *ingesttest.Server {
	keys := map[string]string{"live": "", "news": "s3cret"}
	return &ingesttest.Server{Exclusive: true, Refuse: func(p ingest.Publish) error {
		key, ok := keys[p.Channel]
		switch {
		case !ok:
			return ingest.ErrUnknownChannel
		case key != p.Key:
			return ingest.ErrKey
		}
		return nil
	}}
}

// bench is a handler behind an HTTP server.
type bench struct {
	t       *testing.T
	opener  *ingesttest.Server
	handler *Handler
	server  *httptest.Server
	log     *ingesttest.Buffer
}

func newBench(t *testing.T, change func(*Config)) *bench {
	t.Helper()
	b := &bench{t: t, opener: newServer(), log: &ingesttest.Buffer{}}
	cfg := Config{Ingest: b.opener, Log: slog.New(slog.NewTextHandler(b.log, nil)), Now: time.Now, Gather: 600 * time.Millisecond, GatherMost: 3 * time.Second}
	if change != nil {
		change(&cfg)
	}
	h := New(cfg)
	b.handler = h
	b.server = httptest.NewServer(h)
	t.Cleanup(func() {
		h.Close()
		b.server.Close()
		for i, f := range b.opener.Feeds() {
			if !f.Got().Closed {
				t.Errorf("feed %d was left open", i)
			}
		}
		if t.Failed() {
			t.Logf("log:\n%s", b.log)
		}
	})
	return b
}

// send sends a request and gives back the status and the words of the answer.
func (b *bench) send(method, path string, content io.Reader) (int, string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.server.URL+path, content)
	require.NoError(b.t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(b.t, err)
	defer resp.Body.Close()
	words, err := io.ReadAll(resp.Body)
	require.NoError(b.t, err)
	return resp.StatusCode, string(words)
}

// put sends bytes and expects them to be taken.
func (b *bench) put(path string, content []byte) {
	b.t.Helper()
	status, words := b.send(http.MethodPut, path, bytes.NewReader(content))
	require.Equal(b.t, http.StatusOK, status, "%s: %s", path, words)
}

// feed is the n-th that was opened.
func (b *bench) feed(n int) *ingesttest.Feed {
	b.t.Helper()
	all := b.opener.Feeds()
	require.Greater(b.t, len(all), n, "feeds opened")
	return all[n]
}

// shared is a file of the media that stand beside the checkout; the test is skipped where they are not there.
func shared(t testing.TB, name string) []byte {
	t.Helper()
	return testmedia.Read(t, "cmaf/"+name)
}

// made is CMAF that ffmpeg makes of test pictures and tones: a file that is a header and its segments.
func made(t testing.TB, name string, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed: `make test` sees to it")
	}
	file := filepath.Join(t.TempDir(), name)
	args = append([]string{"-v", "error", "-nostdin"}, args...)
	args = append(args, "-movflags", "cmaf+delay_moov+default_base_moof+separate_moof", "-f", "mp4", file)
	out, err := exec.Command("ffmpeg", args...).CombinedOutput()
	if err != nil && strings.Contains(string(out), "Unknown encoder") {
		t.Skipf("ffmpeg lacks an encoder: %s", out)
	}
	require.NoError(t, err, "%s", out)
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	return data
}
