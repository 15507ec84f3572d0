package file

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"weir/ingest"
	"weir/ingest/ingesttest"
	"weir/ingest/source"
	"weir/internal/media"
	"weir/internal/testmedia"
	"weir/testdata"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sink is a feed that knows when each sample came, until it has enough.
type sink struct {
	*ingesttest.Feed
	clock *ingesttest.Clock
	most  int
	at    []time.Time
}

var errEnough = errors.New("enough")

func (s *sink) Write(m media.Sample) error {
	if len(s.at) == s.most {
		return errEnough
	}
	s.at = append(s.at, s.clock.Now())
	return s.Feed.Write(m)
}

// The demo clip loops without a seam: every sample follows the one before by exactly one frame, and comes when it is due.
func TestDemoLoopsWithoutASeam(t *testing.T) {
	t.Parallel()
	c, err := newClip(t.Context(), strings.NewReader(testdata.Demo), int64(len(testdata.Demo)))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.length.Duration(c.clock); got != 24*time.Second {
		t.Fatalf("loop of %v", got)
	}
	clock := ingesttest.NewClock()
	begin := clock.Now()
	feed := &sink{Feed: ingesttest.NewFeed(ingest.Publish{}), clock: clock, most: 5 * (600 + 1125)}
	if err := c.play(t.Context(), feed, pace{clock.Now, clock.Wait}, ingesttest.Log(t)); !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	samples, formats := feed.Got().Samples, feed.Got().Formats()
	if len(formats) != 2 || formats[0].Codec != media.AVC || formats[1].Codec != media.AAC {
		t.Fatalf("formats %v", formats)
	}
	step := []media.Ticks{512, 1024}
	last := make([]*media.Sample, 2)
	var lead time.Duration
	for i, s := range samples {
		if l := last[s.Track]; l != nil && s.DTS-l.DTS != step[s.Track] {
			t.Fatalf("sample %d of track %d: DTS %d after %d", i, s.Track, s.DTS, l.DTS)
		}
		due := s.DTS.Duration(formats[s.Track].Clock.Timescale)
		if last[0] == nil && last[1] == nil {
			lead = due
		}
		if off := feed.at[i].Sub(begin) - (due - lead); off < 0 || off > time.Millisecond {
			t.Fatalf("sample %d came %v after it was due", i, off)
		}
		last[s.Track] = &s
	}
	syncs, first := 0, samples[0]
	for _, s := range samples {
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
	for _, path := range testmedia.Find(t, "mp4/*.mp4") {
		c, err := openTest(t, path)
		if err != nil {
			t.Fatal(err)
		}
		for i, track := range c.tracks {
			scale := track.scale()
			for loop := range media.Ticks(1000) {
				offset := media.Rescale(loop*c.length, c.clock, scale)
				next := media.Rescale((loop+1)*c.length, c.clock, scale)
				if int64(next-offset) < track.decoding() {
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

// sinks is a server whose feeds take so many samples.
type sinks struct {
	ingesttest.Server
	clock *ingesttest.Clock
	most  int
}

func (s *sinks) Open(ctx context.Context, p ingest.Publish) (ingest.Feed, error) {
	f, err := s.Server.Open(ctx, p)
	if err != nil {
		return nil, err
	}
	return &sink{Feed: f.(*ingesttest.Feed), clock: s.clock, most: s.most}, nil
}

// A file is a feed of its channel until something ends it.
func TestFileIsAFeed(t *testing.T) {
	t.Parallel()
	clock := ingesttest.NewClock()
	kind := Sources(Config{Now: clock.Now, Wait: clock.Wait})
	if kind.Is("") || kind.Is("file:a.ts") || kind.Is("udp://:5000") {
		t.Error("sources of others are taken")
	}
	in := &sinks{clock: clock, most: 100}
	// The path is that of the clip in the program: the test's directory has none.
	j := source.Job{Source: source.Source{Channel: "demo", URL: "file:testdata/demo.mp4", Key: "k"}, Ingest: in, Log: ingesttest.Log(t)}
	if !kind.Is(j.URL) {
		t.Error("a file is not taken")
	}
	err := kind.Run(t.Context(), j)
	feed := in.Next(t)
	if !errors.Is(err, errEnough) || !errors.Is(feed.WaitClosed(t), errEnough) {
		t.Error(err)
	}
	if p := feed.Publish; p.Channel != "demo" || p.Key != "k" || p.Protocol != "file" || p.Remote != "testdata/demo.mp4" || !p.Source {
		t.Errorf("opened %v", p)
	}
	j.URL = "file:no/such/file.mp4"
	if err := kind.Run(t.Context(), j); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
