package ladder

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"weir/ingest"
	"weir/ingest/ingesttest"
	"weir/internal/catalog"
	"weir/internal/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixture is Ladders between a fake server and the channels news and sports, which have the same ladder.
type fixture struct {
	*Ladders
	server *ingesttest.Server
	clock  *ingesttest.Clock
	log    *ingesttest.Buffer
}

func setUp(s catalog.LadderSettings, change func(*Config)) *fixture {
	f := &fixture{server: &ingesttest.Server{Exclusive: true}, clock: ingesttest.NewClock(), log: &ingesttest.Buffer{}}
	var channels ingesttest.Catalog
	for _, id := range []string{"news", "sports"} {
		ch := catalog.New(id)
		ch.Ladder = catalog.MakeLadder(s)
		channels = append(channels, ch)
	}
	cfg := Config{
		Ingest: f.server, Catalog: append(channels, catalog.New("plain")), Log: slog.New(slog.NewTextHandler(f.log, nil)), Now: f.clock.Now,
		Speed: "ultrafast", Nice: 5, Drain: time.Minute,
	}
	if change != nil {
		change(&cfg)
	}
	f.Ladders = New(cfg)
	return f
}

// of are the feeds of a rendition, the oldest first.
func (f *fixture) of(channel, rendition string) []*ingesttest.Feed {
	return slices.DeleteFunc(f.server.Feeds(), func(f *ingesttest.Feed) bool {
		return f.Publish.Channel != channel || f.Publish.Rendition != rendition
	})
}

// small are two rungs, of which one has fewer pictures.
var small = catalog.LadderSettings{Rungs: []catalog.Rung{{Height: 144, Bitrate: 200_000}, {Name: "low", Height: 90, Bitrate: 100_000, FPS: 10}}}

// publisher brings a clip again and again.
type publisher struct {
	t    *testing.T
	f    *fixture
	feed *feed
	clip []media.Sample
	next int
	base media.Ticks
}

const (
	rate    = 90000
	frame   = rate / 25
	wrap    = media.Ticks(1) << 33
	seconds = 4 // of the clip
)

func (f *fixture) publish(t *testing.T, channel string) *publisher {
	t.Helper()
	return f.publishTurned(t, channel, 0)
}

// publishTurned is publish, of pictures that players are to turn clockwise by so many degrees.
func (f *fixture) publishTurned(t *testing.T, channel string, rotation int) *publisher {
	t.Helper()
	format, clip := makeClip(t)
	format.Rotation = rotation
	opened, err := f.Open(t.Context(), ingest.Publish{Channel: channel, Protocol: "rtmp", Remote: "192.0.2.1:5", Key: "k"})
	require.NoError(t, err)
	t.Cleanup(func() { opened.Close(nil) })
	sound := media.Format{Codec: media.AAC, Config: []byte{0x11, 0x90}, Clock: format.Clock}
	require.NoError(t, opened.Start([]media.Format{sound, format}))
	return &publisher{t: t, f: f, feed: opened.(*feed), clip: clip, base: wrap - 2*rate}
}

// send brings the next pictures, none faster than a child takes them, where paced.
func (p *publisher) send(n int, paced bool) (sent []media.Sample) {
	p.t.Helper()
	for range n {
		s := p.clip[p.next%len(p.clip)]
		round := p.base + media.Ticks(p.next/len(p.clip)*seconds*rate)
		s.Track, s.PTS, s.DTS = 1, (s.PTS+round)%wrap, (s.DTS+round)%wrap
		p.next++
		if paced {
			ingesttest.Eventually(p.t, "the child takes pictures", func() bool { return p.feed.waiting() < 20 })
		}
		p.f.clock.Advance(40 * time.Millisecond)
		require.NoError(p.t, p.feed.Write(s))
		sent = append(sent, s)
	}
	return sent
}

// waiting is how many pictures the child has still to take.
func (f *feed) waiting() int {
	f.mu.Lock()
	c := f.child
	f.mu.Unlock()
	if c == nil {
		return 0
	}
	c.queue.mu.Lock()
	defer c.queue.mu.Unlock()
	if c.queue.closed {
		return 0
	}
	return len(c.queue.pictures)
}

// makeClip is four seconds of pictures in 320x180, with B-frames and a key frame each second.
var makeClip = func() func(t *testing.T) (media.Format, []media.Sample) {
	var (
		once    sync.Once
		format  media.Format
		samples []media.Sample
		failed  error
	)
	return func(t *testing.T) (media.Format, []media.Sample) {
		t.Helper()
		if _, err := exec.LookPath("ffmpeg"); err != nil {
			t.Skip("no ffmpeg here")
		}
		once.Do(func() {
			out, err := exec.Command("ffmpeg", strings.Fields(fmt.Sprintf("-hide_banner -loglevel error -f lavfi -i testsrc2=rate=25:size=320x180 -t %d -c:v libx264 "+
				"-preset ultrafast -bf 2 -g 25 -sc_threshold 0 -pix_fmt yuv420p -video_track_timescale 90000 -output_ts_offset 1 "+
				"-movflags empty_moov+default_base_moof+frag_every_frame+frag_discont -use_editlist 0 -avoid_negative_ts disabled -f mp4 pipe:1", seconds))...).Output()
			if err != nil {
				failed = err
				return
			}
			failed = readOutput(bytes.NewReader(out), func(f media.Format) error {
				format, format.Clock = f, media.Clock{Timescale: rate, Wrap: wrap}
				return nil
			}, func(m made) error {
				samples = append(samples, media.Sample{PTS: media.Ticks(m.pts) - rate, DTS: media.Ticks(m.dts) - rate, Sync: m.sync, Data: m.data})
				return nil
			})
		})
		require.NoError(t, failed)
		require.Len(t, samples, seconds*25)
		format := format
		format.Clock = media.Clock{Timescale: rate, Wrap: wrap}
		return format, samples
	}
}()

// script is a program that is no ffmpeg.
func script(t *testing.T, lines string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ffmpeg")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+lines), 0o700)) //nolint:gosec // it is to be run
	return path
}
