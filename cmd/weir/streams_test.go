package main

import (
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/bus"
	"weir/internal/catalog"
	"weir/internal/media"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func openBus(t *testing.T, dir string) *bus.Bus {
	t.Helper()
	b, err := bus.Open(t.Context(), bus.Config{Dir: dir})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}

// onAir is a writer that has fixed a target duration and stored media.
func onAir(t *testing.T, b *bus.Bus, channel string) *bus.Writer {
	t.Helper()
	w, err := b.Acquire(t.Context(), channel)
	require.NoError(t, err)
	run := media.Run{ID: w.Resume().Run, First: w.Resume().Segment, Start: time.Unix(1_800_000_000, 0), Tracks: []media.Track{
		{Name: "v1", Kind: media.Video, Codec: media.AVC, Codecs: "avc1.64001f", Timescale: 90000, Init: 1},
	}}
	require.NoError(t, w.Run(run, []media.Init{{Track: "v1", Version: 1, Data: []byte("init")}}))
	require.NoError(t, w.Target(3*time.Second))
	require.NoError(t, w.Chunk(media.Chunk{
		Track: "v1", Segment: run.First, Run: run.ID, Init: 1, Start: media.FromTime(run.Start, 90000), Duration: 90000, Timescale: 90000,
		Independent: true, Wall: run.Start, Data: []byte("media"),
	}))
	return w
}

// A channel that was deleted and made again while a feed was on air could never be played again: the feed put the end of its work
// into the new stream, where it told the next feed of a target duration that players were never told of.
func TestChannelDeletedAndMadeAgainWhileOnAirBeginsAnew(t *testing.T) {
	t.Parallel()
	b := openBus(t, t.TempDir())
	now := time.Unix(1_800_000_000, 0)
	s := newStreams(b, quiet, func() time.Time { return now })
	news := catalog.Change{ID: "news", Channel: catalog.New("news")}
	turn := func(c catalog.Change) { s.change(c); s.do(t.Context(), c.ID) }
	turn(news)
	w := onAir(t, b, "news")
	turn(catalog.Change{ID: "news", Deleted: true})
	turn(news)
	require.Contains(t, s.undone, "news", "the feed is on air")
	require.NoError(t, w.Close(t.Context()))
	s.do(t.Context(), "news")
	require.Empty(t, s.undone)
	w, err := b.Acquire(t.Context(), "news")
	require.NoError(t, err)
	require.Zero(t, w.Resume().Segment)
	require.Zero(t, w.Resume().Target)
	require.NoError(t, w.Close(t.Context()))
}

func TestNewFeedOfAChannelMadeAgainKeepsItsMedia(t *testing.T) {
	t.Parallel()
	b := openBus(t, t.TempDir())
	now := time.Unix(1_800_000_000, 0)
	s := newStreams(b, quiet, func() time.Time { return now })
	news := catalog.Change{ID: "news", Channel: catalog.New("news")}
	s.change(news)
	s.do(t.Context(), "news")
	w := onAir(t, b, "news")
	s.change(catalog.Change{ID: "news", Deleted: true})
	s.change(news)
	now = now.Add(leaveWithin + time.Second)
	s.do(t.Context(), "news")
	require.Empty(t, s.undone, "somebody else's feed stays on")
	require.NoError(t, w.Close(t.Context()))
	w, err := b.Acquire(t.Context(), "news")
	require.NoError(t, err)
	require.Equal(t, uint64(1), w.Resume().Segment)
	require.NoError(t, w.Close(t.Context()))
}

// Killed between the deletion of a channel and that of its stream, a server kept the stream for good.
func TestStreamOfADeletedChannelGoesAtTheNextStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := openBus(t, dir)
	kv, err := b.KV(t.Context(), "weir-catalog")
	require.NoError(t, err)
	channels, err := catalog.Open(t.Context(), kv, []catalog.Channel{catalog.New("news"), catalog.New("live")}, quiet)
	require.NoError(t, err)
	defer channels.Close()
	require.NoError(t, prepareStreams(t.Context(), b, channels, quiet))
	require.NoError(t, channels.Delete(t.Context(), "news"))

	require.NoError(t, prepareStreams(t.Context(), b, channels, quiet))
	left, err := b.Channels(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"live"}, left)
}
