package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/edge"
	"weir/edge/window"
	"weir/ingest"
	"weir/internal/bus"
	"weir/internal/catalog"
	"weir/internal/media"
	"weir/internal/sizing"
)

// newCapacity is one of the channels news and idle, with 1 GiB of memory for windows and 4 GiB of disk.
func newCapacity() (*capacity, *bytes.Buffer, map[string]ingest.Status, map[string]edge.Status) {
	log := &bytes.Buffer{}
	feeds, windows := map[string]ingest.Status{}, map[string]edge.Status{}
	news, idle := catalog.New("news"), catalog.New("idle")
	news.DVR = time.Hour
	return &capacity{
		channels: func() []catalog.Channel { return []catalog.Channel{idle, news} },
		feed:     func(id string) (ingest.Status, bool) { st, ok := feeds[id]; return st, ok },
		window:   func(id string) (edge.Status, bool) { st, ok := windows[id]; return st, ok },
		room:     func(context.Context) (bus.Room, error) { return bus.Room{Limit: 4 << 30, Replicas: 1}, nil },
		memory:   4 << 30 / 3, log: slog.New(slog.NewTextHandler(log, nil)),
	}, log, feeds, windows
}

// What sizing reckons with is what edges do.
func TestCapacityReckonsWithTheEdge(t *testing.T) {
	t.Parallel()
	require.InDelta(t, sizing.WindowsShare*(1<<30), edge.WindowsMemory(1<<30), 0)
}

func TestCapacityTakesTheBestBitrate(t *testing.T) {
	t.Parallel()
	c, _, feeds, windows := newCapacity()
	n, _ := c.Verdict(t.Context()).Of("news")
	require.True(t, n.Assumed)
	require.Equal(t, int64(sizing.AssumedBitrate), n.Bitrate)

	ladder := catalog.New("news")
	ladder.Ladder = catalog.MakeLadder(catalog.LadderSettings{Preset: "480p"})
	require.Equal(t, int64(sizing.AssumedBitrate+2_600_000), c.channel(ladder).Bitrate)
	require.Equal(t, 5, c.channel(ladder).Tracks)

	feeds["news"] = ingest.Status{State: ingest.OnAir, BitrateIn: 3_000_000, Tracks: make([]media.Track, 3)}
	n, _ = c.Verdict(t.Context()).Of("news")
	require.False(t, n.Assumed)
	require.Equal(t, int64(3_000_000), n.Bitrate)
	require.Equal(t, 3, n.Tracks)
	require.Equal(t, int64(3_000_000+2_600_000), c.channel(ladder).Bitrate)

	short := edge.Status{Stats: window.Stats{Depth: 10 * time.Second, Bytes: 5_000_000}, DVR: time.Hour, Target: 2 * time.Second}
	windows["news"] = short
	n, _ = c.Verdict(t.Context()).Of("news")
	require.Equal(t, int64(3_000_000), n.Bitrate, "ten seconds say little")
	short.Depth, short.Bytes, short.OpenBytes = 100*time.Second, 51_000_000, 1_000_000
	windows["news"] = short
	n, _ = c.Verdict(t.Context()).Of("news")
	require.Equal(t, int64(4_000_000), n.Bitrate)
}

// The log has what does not fit when that is new, and not each minute.
func TestCapacityTells(t *testing.T) {
	t.Parallel()
	c, log, feeds, _ := newCapacity()
	c.tell(c.Verdict(t.Context()))
	said := log.String()
	require.Contains(t, said, "edge.memory has 1")
	require.Contains(t, said, "nothing was on air yet: 5 Mb/s a feed is assumed")
	require.Contains(t, said, "the largest: news takes")
	require.NotContains(t, said, "the bus's disk")
	require.NotContains(t, said, "level=WARN", "edges read back what is not in memory")

	log.Reset()
	c.tell(c.Verdict(t.Context()))
	require.Empty(t, log.String())
	feeds["news"] = ingest.Status{BitrateIn: 20_000_000}
	c.tell(c.Verdict(t.Context()))
	require.Contains(t, log.String(), "the bus's disk when they are full, it has 4 GiB")
	require.Contains(t, log.String(), "level=WARN")
	require.Contains(t, log.String(), "of 1 that nothing came of yet")
	log.Reset()
	feeds["news"] = ingest.Status{BitrateIn: 1_000_000}
	c.tell(c.Verdict(t.Context()))
	require.Contains(t, log.String(), "fit again")
	require.Equal(t, 1, strings.Count(log.String(), "\n"))
}

func TestCapacityOfWhatIsNotHere(t *testing.T) {
	t.Parallel()
	c, log, _, _ := newCapacity()
	c.window, c.feed = nil, nil
	c.room = func(context.Context) (bus.Room, error) { return bus.Room{}, errors.New("away") }
	v := c.Verdict(t.Context())
	require.True(t, v.Fits(), "an ingest has no windows, and of the bus nothing is known")
	require.Positive(t, v.Memory.Need)
	c.tell(v)
	require.Empty(t, log.String())
}
