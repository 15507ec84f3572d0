package e2e

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/edge"
	"weir/ingest"
	"weir/internal/bus"
	"weir/internal/catalog"
	"weir/internal/media"
)

const (
	latencyFeeds  = 10
	latencyFor    = 20 * time.Second
	latencyFrames = 25 // a second
	latencySize   = benchBitrate / 8 / latencyFrames
)

// latencyFeed is a broadcaster in this process, and a player that waits for each of its chunks.
type latencyFeed struct {
	channel string
	written [60 * latencyFrames]atomic.Int64 // when each frame was handed over, in nanoseconds
	whole   []time.Duration                  // from a chunk's last frame handed over to its last byte at the player
	known   []time.Duration                  // the same, from when ingest knew how long that frame is
}

// BenchmarkChunkLatency pushes ten feeds of 5 Mb/s with sound into ingest in real time and fetches every chunk of their pictures from
// the edge over HTTP, asking before it is there. What is reported is the time from a chunk's last frame in ingest to the chunk's last byte
// at the player; and as "known" the same from the moment at which ingest knew how long that frame is.
func BenchmarkChunkLatency(b *testing.B) {
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	quiet := slog.New(slog.DiscardHandler)
	bus, err := bus.Open(ctx, bus.Config{Dir: b.TempDir()})
	require.NoError(b, err)
	defer func() { require.NoError(b, bus.Close()) }()
	var channels []catalog.Channel
	var feeds []*latencyFeed
	for i := range latencyFeeds {
		ch := catalog.New(fmt.Sprintf("ch%d", i))
		channels, feeds = append(channels, ch), append(feeds, &latencyFeed{channel: ch.ID})
		require.NoError(b, bus.SetChannel(ctx, ch.ID, ch.DVR))
	}
	kv, err := bus.KV(ctx, "weir-catalog")
	require.NoError(b, err)
	cat, err := catalog.Open(ctx, kv, channels, quiet)
	require.NoError(b, err)
	defer cat.Close()
	in := ingest.New(ingest.Config{Bus: ingest.OnBus(bus), Catalog: cat, Log: quiet, Now: time.Now})
	out, err := edge.New(edge.Config{
		Catalog: cat, Log: quiet, Now: time.Now,
		Read: func(ctx context.Context, channel string, h edge.Handler) error { return bus.Read(ctx, channel, h) },
	})
	require.NoError(b, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	served := make(chan error, 1)
	go func() { served <- out.Serve(ln) }()

	var wg sync.WaitGroup
	errs := make(chan error, 2*latencyFeeds)
	for i, f := range feeds {
		after := time.Duration(i) * time.Second / latencyFrames / latencyFeeds
		wg.Go(func() { errs <- f.push(ctx, in, after) })
		wg.Go(func() { errs <- f.fetch(ctx, "http://"+ln.Addr().String()+"/live/"+f.channel+"/v1/") })
	}
	wg.Wait()
	in.Close(ctx)
	require.NoError(b, out.Shutdown(ctx))
	require.NoError(b, <-served)
	close(errs)
	var whole, known []time.Duration
	for err := range errs {
		require.NoError(b, err)
	}
	for _, f := range feeds {
		whole, known = append(whole, f.whole...), append(known, f.known...)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(len(whole)), "chunks")
	for name, d := range map[string][]time.Duration{"": whole, "-known": known} {
		slices.Sort(d)
		b.ReportMetric(float64(d[len(d)/2].Microseconds())/1000, "ms-p50"+name)
		b.ReportMetric(float64(d[len(d)*99/100].Microseconds())/1000, "ms-p99"+name)
	}
}

// push hands over frames when they are due. Each says in its last bytes which it is.
func (f *latencyFeed) push(ctx context.Context, in *ingest.Server, after time.Duration) error {
	feed, err := in.Open(ctx, ingest.Publish{Channel: f.channel, Protocol: "bench"})
	if err != nil {
		return err
	}
	defer feed.Close(nil)
	config, err := hex.DecodeString("0164001effe100196764001eacd940a02ff961000003000100000300" + "3c8f162d9601000568ebecb22cfdf8f800")
	if err != nil {
		return err
	}
	clock := media.Clock{Timescale: 1000, Wrap: 1 << 32}
	err = feed.Start([]media.Format{
		{Codec: media.AVC, Config: config, Clock: clock}, {Codec: media.AAC, Config: []byte{0x11, 0x90}, Clock: clock},
	})
	if err != nil {
		return err
	}
	begun := time.Now().Add(after)
	timer := time.NewTimer(0)
	defer timer.Stop()
	sound := 0
	for n := range int(latencyFor/time.Second) * latencyFrames {
		at := time.Duration(n) * time.Second / latencyFrames
		timer.Reset(time.Until(begun.Add(at)))
		<-timer.C
		for ; time.Duration(sound)*1024*time.Second/48000 <= at; sound++ {
			ts := media.Ticks(sound * 1024 / 48)
			if err := feed.Write(media.Sample{Track: 1, DTS: ts, PTS: ts, Sync: true, Data: make([]byte, 340)}); err != nil {
				return err
			}
		}
		data := make([]byte, latencySize)
		binary.BigEndian.PutUint32(data[len(data)-4:], uint32(n))
		f.written[n].Store(time.Now().UnixNano())
		ts := media.Ticks(at.Milliseconds())
		if err := feed.Write(media.Sample{DTS: ts, PTS: ts, Sync: n%50 == 0, Data: data}); err != nil {
			return err
		}
	}
	return nil
}

var hinted = regexp.MustCompile(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="([0-9]+)\.([0-9]+)\.m4s"`)

// fetch asks for chunk after chunk until the feed ends. The last ones are not counted.
func (f *latencyFeed) fetch(ctx context.Context, base string) error {
	ctx, cancel := context.WithTimeout(ctx, latencyFor)
	defer cancel()
	segment, chunk, err := f.first(ctx, base)
	for err == nil {
		var body []byte
		var there bool
		if body, there, err = get(ctx, fmt.Sprintf("%s%d.%d.m4s", base, segment, chunk)); err != nil {
			break
		}
		now := time.Now()
		if !there {
			segment, chunk = segment+1, 0
			continue
		}
		chunk++
		last := binary.BigEndian.Uint32(body[len(body)-4:])
		f.whole = append(f.whole, now.Sub(time.Unix(0, f.written[last].Load())))
		known := time.Duration(0)
		if next := f.written[last+1].Load(); next > 0 {
			known = now.Sub(time.Unix(0, next))
		}
		f.known = append(f.known, known)
	}
	if ctx.Err() != nil {
		return nil // it has been watched long enough
	}
	return err
}

// first waits until a playlist tells which chunk is next.
func (f *latencyFeed) first(ctx context.Context, base string) (segment, chunk int, err error) {
	every := time.NewTicker(20 * time.Millisecond)
	defer every.Stop()
	for {
		body, _, err := get(ctx, base+"index.m3u8")
		if err != nil {
			return 0, 0, err
		}
		if m := hinted.FindSubmatch(body); m != nil {
			_, err := fmt.Sscanf(string(m[1])+" "+string(m[2]), "%d %d", &segment, &chunk)
			return segment, chunk, err
		}
		<-every.C
	}
}

// get fetches a URL; false: it is not there.
func get(ctx context.Context, url string) (body []byte, there bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, false, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, false, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return body, resp.StatusCode == http.StatusOK, err
}
