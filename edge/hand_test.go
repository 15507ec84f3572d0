package edge

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weir/internal/media"
)

func TestFairLevel(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		needs       []int64
		there, want int64
	}{
		{nil, 100, 0},
		{[]int64{100}, 100, 0},
		{[]int64{101}, 100, 100},
		{[]int64{50, 50}, 100, 0},
		{[]int64{90, 10}, 50, 40},
		{[]int64{90, 10, 60}, 100, 45},
		{[]int64{5, 5, 5}, 1, 1},
	} {
		if got := fairLevel(tc.needs, tc.there); got != tc.want {
			t.Errorf("%v of %d: %d, want %d", tc.needs, tc.there, got, tc.want)
		}
	}
}

// archive is a bus that has all segments of the test's rows.
type archive struct {
	mu    sync.Mutex
	reads map[string]int
	gate  chan struct{} // nil: it answers at once
	fails atomic.Bool
}

func (a *archive) segment(ctx context.Context, _ string, e media.SegmentEnd) ([]byte, error) {
	a.mu.Lock()
	a.reads[e.Track]++
	a.mu.Unlock()
	if a.gate != nil {
		select {
		case <-a.gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if a.fails.Load() {
		return nil, errors.New("it is away")
	}
	var data []byte
	for _, t := range tracksOf() {
		if t.Name == e.Track {
			chunks, _ := segment(t, e.Segment, 4, int(e.Bytes))
			for _, c := range chunks {
				data = append(data, c.Data...)
			}
		}
	}
	return data, nil
}

// stored hands over the ends of rows.
func stored(h Handler, from, to uint64) {
	for n := from; n < to; n++ {
		for _, t := range tracksOf() {
			_, end := segment(t, n, 4, 4000)
			h.Stored(end)
		}
	}
}

// What is not in memory is read back, once for all who ask at a time, and kept; who asks while it cannot be is told so.
func TestMediaIsReadBack(t *testing.T) {
	t.Parallel()
	a := &archive{reads: make(map[string]int), gate: make(chan struct{})}
	f := newFixtureWith(t, Config{Segment: a.segment, Memory: 1000, render: fakeRenderers()}, "news")
	h := <-f.handlers
	begin(h)
	stored(h, 0, 20)
	for n := uint64(20); n < 28; n++ {
		row(h, n, 4, 4000)
	}
	h.CaughtUp()
	whole, _ := segment(tracksOf()[0], 3, 4, 4000)
	want := string(whole[0].Data) + string(whole[1].Data) + string(whole[2].Data) + string(whole[3].Data)

	var players sync.WaitGroup
	var asked atomic.Int32
	for range 20 {
		players.Go(func() {
			asked.Add(1)
			if resp, got := f.get("GET", "/live/news/v1/3.m4s"); resp.StatusCode != http.StatusOK || got != want {
				t.Errorf("%d, %d bytes", resp.StatusCode, len(got))
			}
		})
	}
	f.await("news", func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.reads["v1"] == 1 && asked.Load() == 20
	})
	close(a.gate)
	players.Wait()
	if resp, got := f.get("GET", "/live/news/v1/3.m4s", "Range", "bytes=10-19"); resp.StatusCode != http.StatusPartialContent || got != want[10:20] {
		t.Errorf("%d, %q", resp.StatusCode, got)
	}
	if resp, _ := f.get("GET", "/live/news/v1/3.1.m4s"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("a part of old media: %d", resp.StatusCode)
	}
	if a.reads["v1"] != 1 {
		t.Errorf("it was read %d times", a.reads["v1"])
	}
	if n := f.server.ReadBack(); n != 4000 {
		t.Errorf("%d bytes are kept", n)
	}
	a.fails.Store(true)
	if resp, got := f.get("GET", "/live/news/a1/4.m4s"); resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(got, "read back") ||
		resp.Header.Get("Retry-After") == "" {
		t.Errorf("%d, %q", resp.StatusCode, got)
	}
	a.fails.Store(false)
	if resp, _ := f.get("GET", "/live/news/a1/4.m4s"); resp.StatusCode != http.StatusOK {
		t.Errorf("it is there again: %d", resp.StatusCode)
	}
}

// Where there is room all comes into memory, also after reading has failed for a while.
func TestOlderMediaComesIntoMemory(t *testing.T) {
	t.Parallel()
	a := &archive{reads: make(map[string]int)}
	a.fails.Store(true)
	f := newFixtureWith(t, Config{Segment: a.segment, Memory: 1 << 20, Backfill: 1 << 30, render: fakeRenderers()}, "news")
	h := <-f.handlers
	begin(h)
	stored(h, 0, 20)
	row(h, 20, 4, 4000)
	h.CaughtUp()
	f.await("news", func() bool { a.mu.Lock(); defer a.mu.Unlock(); return a.reads["v1"] > 0 })
	a.fails.Store(false)
	f.at.Add(int64(2 * handRetry / time.Second))
	f.await("news", func() bool { st, _ := f.server.Status("news"); return st.Stored == 0 && st.AtHand == st.Depth })
}

// A channel is read from the first request on, which waits for it, and not any more when nobody has asked for long.
func TestChannelsAreJoinedOnDemand(t *testing.T) {
	t.Parallel()
	f := newFixtureWith(t, Config{Idle: time.Minute, render: fakeRenderers()}, "news", "sport")
	f.await("sport", func() bool { return f.server.channels.get("sport") != nil })
	if st, _ := f.server.Status("news"); st.State != Asleep || f.server.Ready() != nil {
		t.Errorf("it is %s", st.State)
	}
	for life := range 2 {
		var players sync.WaitGroup
		for range 3 {
			players.Go(func() {
				if resp, body := f.get("GET", "/live/news/index.m3u8"); resp.StatusCode != http.StatusOK {
					t.Errorf("life %d: %d %s", life, resp.StatusCode, body)
				}
			})
		}
		h := <-f.handlers
		begin(h)
		for n := range uint64(8) {
			row(h, n, 1, 4000)
		}
		h.CaughtUp()
		players.Wait()
		was := f.server.channels.get("news")
		f.at.Add(50)
		f.get("GET", "/live/news/v1/7.m4s")
		f.at.Add(50)
		f.server.look(false)
		if f.server.channels.get("news") != was {
			t.Fatal("it was let go of while somebody asks for it")
		}
		f.at.Add(50)
		f.server.look(false)
		f.await("news", func() bool { return was.window.Closed() })
		if st, _ := f.server.Status("news"); st.State != Asleep || st.Rows != 0 {
			t.Errorf("it is %s with %d rows", st.State, st.Rows)
		}
	}
	select {
	case <-f.handlers:
		t.Error("a channel is read that nobody has asked for")
	default:
	}
}
