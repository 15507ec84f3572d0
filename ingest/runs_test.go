package ingest

import (
	"errors"
	"testing"
	"time"

	"weir/internal/media"
)

// A publisher that changed its parameters with every frame made a run of each, recorded as long as the window.
func TestFeedThatBreaksOffAllTheTimeIsEnded(t *testing.T) {
	t.Parallel()
	f := setUp(t, func(cfg *Config) { cfg.Runs = 5 })
	feed := f.open(t, "news")
	configs := [][]byte{{0x11, 0x90}, {0x11, 0x88}}
	var err error
	for i := 0; err == nil; i++ {
		if i == 50 {
			t.Fatalf("%d runs were taken", len(f.bus.writer(t, 0).runs))
		}
		format := aac()
		format.Config = configs[i%2]
		if err = feed.Start([]media.Format{format}); err != nil {
			break
		}
		for n := range 50 {
			at := media.Ticks(i*50+n) * 1024
			if err = feed.Write(media.Sample{PTS: at, DTS: at, Sync: true, Data: make([]byte, 100)}); err != nil {
				break
			}
			f.clock.advance(time.Second * 1024 / 48000)
		}
	}
	if !errors.Is(err, ErrLimit) || !errors.Is(feed.Err(), ErrLimit) {
		t.Errorf("ended by %v", err)
	}
	if n := len(f.bus.writer(t, 0).runs); n != 5 {
		t.Errorf("%d runs", n)
	}
	feed.Close(err)
}

// A publisher that connected anew all the time had as many runs as it liked: each connection counted its own.
func TestReconnectsAreCountedTogether(t *testing.T) {
	t.Parallel()
	f := setUp(t, func(cfg *Config) { cfg.Runs = 5 })
	connect := func(channel string) error {
		feed := f.open(t, channel)
		if err := feed.Start([]media.Format{aac()}); err != nil {
			t.Fatal(err)
		}
		for n := range 50 {
			at := media.Ticks(n) * 1024
			if err := feed.Write(media.Sample{PTS: at, DTS: at, Sync: true, Data: make([]byte, 100)}); err != nil {
				feed.Close(err)
				return err
			}
			f.clock.advance(time.Second * 1024 / 48000)
		}
		feed.Close(nil)
		return feed.Err()
	}
	for i := range 5 {
		if err := connect("news"); err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
	}
	if err := connect("news"); !errors.Is(err, ErrLimit) {
		t.Errorf("one too many ended with %v", err)
	}
	if err := connect("other"); err != nil {
		t.Errorf("another channel: %v", err)
	}
	f.clock.advance(time.Minute)
	if err := connect("news"); err != nil {
		t.Errorf("a minute later: %v", err)
	}
}

func TestRunsOfAnHourAreNotCountedTogether(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	l := &runLimit{Output: &fakeWriter{}, most: 5, now: func() time.Time { return now }, begun: &runTimes{}}
	for range 300 {
		if err := l.Run(media.Run{}, nil); err != nil {
			t.Fatal(err)
		}
		now = now.Add(12 * time.Second)
	}
}
