package file

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/ingest"
	"weir/ingest/source"
	"weir/internal/media"
	"weir/testdata"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// virtualClock goes on only when somebody waits.
type virtualClock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *virtualClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *virtualClock) wait(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
	return ctx.Err()
}

// sink is a feed that keeps samples until it has enough.
type sink struct {
	clock   *virtualClock
	most    int
	formats []media.Format
	samples []media.Sample
	at      []time.Time
	done    chan struct{}
	closed  chan error
}

var errEnough = errors.New("enough")

func newSink(clock *virtualClock, most int) *sink {
	return &sink{clock: clock, most: most, done: make(chan struct{}), closed: make(chan error, 1)}
}

func (s *sink) Start(f []media.Format) error { s.formats = f; return nil }

func (s *sink) Write(m media.Sample) error {
	if len(s.samples) == s.most {
		return errEnough
	}
	s.samples = append(s.samples, m)
	s.at = append(s.at, s.clock.now())
	return nil
}

func (s *sink) Event(media.Event) error { return nil }

func (s *sink) Dropped(string)        {}
func (s *sink) Done() <-chan struct{} { return s.done }
func (s *sink) Err() error            { return nil }
func (s *sink) Close(err error)       { s.closed <- err }

func quiet(t *testing.T) *slog.Logger { return slog.New(slog.NewTextHandler(t.Output(), nil)) }

// The demo clip loops without a seam: every sample follows the one before by exactly one frame, and comes when it is due.
func TestDemoLoopsWithoutASeam(t *testing.T) {
	t.Parallel()
	c, err := newClip(strings.NewReader(testdata.Demo), int64(len(testdata.Demo)))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.length.Duration(c.clock); got != 24*time.Second {
		t.Fatalf("loop of %v", got)
	}
	clock := &virtualClock{t: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	begin := clock.t
	feed := newSink(clock, 5*(600+1125))
	if err := c.play(t.Context(), feed, pace{clock.now, clock.wait}, quiet(t)); !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	if len(feed.formats) != 2 || feed.formats[0].Codec != media.AVC || feed.formats[1].Codec != media.AAC {
		t.Fatalf("formats %v", feed.formats)
	}
	step := []media.Ticks{512, 1024}
	last := make([]*media.Sample, 2)
	var lead time.Duration
	for i, s := range feed.samples {
		if l := last[s.Track]; l != nil && s.DTS-l.DTS != step[s.Track] {
			t.Fatalf("sample %d of track %d: DTS %d after %d", i, s.Track, s.DTS, l.DTS)
		}
		due := s.DTS.Duration(feed.formats[s.Track].Clock.Timescale)
		if last[0] == nil && last[1] == nil {
			lead = due
		}
		if off := feed.at[i].Sub(begin) - (due - lead); off < 0 || off > time.Millisecond {
			t.Fatalf("sample %d came %v after it was due", i, off)
		}
		last[s.Track] = &s
	}
	syncs, first := 0, feed.samples[0]
	for _, s := range feed.samples {
		if s.Track == first.Track && s.Sync {
			syncs++
		}
	}
	// Video is decoded ahead of audio, so that the sixth loop has begun.
	if first.Track != 0 || !first.Sync || first.PTS != 0 || syncs != 5*12+1 {
		t.Errorf("first sample at %d, %d sync samples", first.PTS, syncs)
	}
}

// Over many loops of a file whose tracks have odd lengths and clocks, no track overlaps itself, and nothing drifts.
func TestLoopsKeepTracksTogether(t *testing.T) {
	t.Parallel()
	for _, path := range sharedMedia(t, "mp4/*.mp4") {
		c, err := openTest(t, path)
		if err != nil {
			t.Fatal(err)
		}
		for i, track := range c.tracks {
			scale := track.format.Clock.Timescale
			for loop := range media.Ticks(1000) {
				offset := media.Rescale(loop*c.length, c.clock, scale)
				next := media.Rescale((loop+1)*c.length, c.clock, scale)
				if int64(next-offset) < track.next-track.samples[0].dts {
					t.Fatalf("%s: track %d overlaps itself after loop %d", path, i, loop)
				}
				exact := media.Rescale(loop*c.length, c.clock, 1e9)
				if off := offset.Duration(scale) - time.Duration(exact); off.Abs() > time.Second/time.Duration(scale) {
					t.Fatalf("%s: track %d is off by %v after loop %d", path, i, off, loop)
				}
			}
		}
	}
}

// fakeIngest gives everybody its sink.
type fakeIngest struct {
	*sink
	publish ingest.Publish
}

func (f *fakeIngest) Open(_ context.Context, p ingest.Publish) (ingest.Feed, error) {
	f.publish = p
	return f.sink, nil
}

// A file is a feed of its channel until something ends it.
func TestFileIsAFeed(t *testing.T) {
	t.Parallel()
	clock := &virtualClock{t: time.Unix(0, 0)}
	kind := Sources(Config{Now: clock.now, Wait: clock.wait})
	if kind.Is("") || kind.Is("file:a.ts") || kind.Is("udp://:5000") {
		t.Error("sources of others are taken")
	}
	in := &fakeIngest{sink: newSink(clock, 100)}
	// The path is that of the clip in the program: the test's directory has none.
	j := source.Job{Source: source.Source{Channel: "demo", URL: "file:testdata/demo.mp4", Key: "k"}, Ingest: in, Log: quiet(t)}
	if err := kind.Run(t.Context(), j); !kind.Is(j.URL) || !errors.Is(err, errEnough) || !errors.Is(<-in.closed, errEnough) {
		t.Error(err)
	}
	if p := in.publish; p.Channel != "demo" || p.Key != "k" || p.Protocol != "file" || p.Remote != "testdata/demo.mp4" || !p.Source {
		t.Errorf("opened %v", p)
	}
	j.URL = "file:no/such/file.mp4"
	if err := kind.Run(t.Context(), j); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
