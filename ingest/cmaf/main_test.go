package cmaf

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/ingest"
	"weir/internal/media"
)

// opener admits feeds to the channels that it has keys of.
type opener struct {
	keys map[string]string

	mu    sync.Mutex
	taken error // what Open answers, where set
	feeds []*feed
}

func (o *opener) Open(_ context.Context, p ingest.Publish) (ingest.Feed, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	key, ok := o.keys[p.Channel]
	switch {
	case !ok:
		return nil, ingest.ErrUnknownChannel
	case key != p.Key:
		return nil, ingest.ErrKey
	case o.taken != nil:
		return nil, o.taken
	}
	for _, f := range o.feeds {
		if f.publish.Channel == p.Channel && !f.closed() {
			return nil, ingest.ErrTaken
		}
	}
	f := &feed{publish: p, done: make(chan struct{})}
	o.feeds = append(o.feeds, f)
	return f, nil
}

func (o *opener) all() []*feed {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.feeds)
}

// feed keeps what it gets.
type feed struct {
	publish ingest.Publish
	done    chan struct{}

	mu      sync.Mutex
	formats [][]media.Format
	samples []media.Sample
	events  []media.Event
	dropped []string
	err     error
	isDone  bool
}

func (f *feed) Start(formats []media.Format) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.formats = append(f.formats, formats)
	return f.err
}

func (f *feed) Write(s media.Sample) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.samples = append(f.samples, s)
	return f.err
}

func (f *feed) Event(e media.Event) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, e)
	return f.err
}

func (f *feed) Dropped(why string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dropped = append(f.dropped, why)
}

func (f *feed) Done() <-chan struct{} { return f.done }

func (f *feed) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

func (f *feed) Close(reason error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.isDone {
		f.isDone, f.err = true, reason
		close(f.done)
	}
}

func (f *feed) closed() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

// of are the samples of the track of that index in the last formats.
func (f *feed) of(track int) []media.Sample {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.samples), func(s media.Sample) bool { return s.Track != track })
}

func (f *feed) last() []media.Format {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.formats) == 0 {
		return nil
	}
	return f.formats[len(f.formats)-1]
}

func (f *feed) count() (starts, samples, events, dropped int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.formats), len(f.samples), len(f.events), len(f.dropped)
}

// bench is a handler behind an HTTP server.
type bench struct {
	t       *testing.T
	opener  *opener
	handler *Handler
	server  *httptest.Server
	log     *syncBuffer
}

func newBench(t *testing.T, change func(*Config)) *bench {
	t.Helper()
	b := &bench{t: t, opener: &opener{keys: map[string]string{"live": "", "news": "s3cret"}}, log: &syncBuffer{}}
	cfg := Config{Ingest: b.opener, Log: slog.New(slog.NewTextHandler(b.log, nil)), Now: time.Now, Gather: 200 * time.Millisecond, GatherMost: time.Second}
	if change != nil {
		change(&cfg)
	}
	h := New(cfg)
	b.handler = h
	b.server = httptest.NewServer(h)
	t.Cleanup(func() {
		h.Close()
		b.server.Close()
		for i, f := range b.opener.all() {
			if !f.closed() {
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
func (b *bench) feed(n int) *feed {
	b.t.Helper()
	all := b.opener.all()
	require.Greater(b.t, len(all), n, "feeds opened")
	return all[n]
}

// finish ends the handler's feeds as if the server was stopped, so that all that it holds has been handed over.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for !ok() {
		select {
		case <-again.C:
		case <-deadline.C:
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// shared is a file of the media that stand beside the checkout; the test is skipped where they are not there.
func shared(t testing.TB, name string) []byte {
	t.Helper()
	dir := os.Getenv("WEIR_MEDIA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "media")
	}
	data, err := os.ReadFile(filepath.Join(dir, "cmaf", name))
	if err != nil {
		t.Skipf("no shared media (set WEIR_MEDIA): %v", err)
	}
	return data
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
