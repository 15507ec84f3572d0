package window

import (
	"runtime"
	"sync"
	"testing"
	"time"
	"weak"

	"weir/internal/media"
)

// TestShrinkingFreesMemory looks whether the collector gets the bytes of rows that were trimmed, wherever in a block they stood.
func TestShrinkingFreesMemory(t *testing.T) {
	t.Parallel()
	w, _ := newWindow(time.Hour)
	s := &source{chunks: 3, size: 5000}
	s.runEvent().to(w)
	s.feed(w, 0, 500)
	held := make(map[uint64]weak.Pointer[byte])
	for n := range uint64(500) {
		seg, _ := w.Segment("v1", n)
		held[n] = weak.Make(&seg.Data[0])
	}
	version := w.Snapshot().Version
	w.Set(Settings{Segment: lasts, DVR: 100 * time.Second})
	if now := w.Snapshot().Version; now.Listing <= version.Listing || now.Open <= version.Open || now.Parts <= version.Parts {
		t.Errorf("version %+v after %+v", now, version)
	}
	wantRows(t, w, 450, 50)
	runtime.GC()
	for n, p := range held {
		if alive := p.Value() != nil; alive != (n >= 448) {
			t.Errorf("segment %d is in memory: %v", n, alive)
		}
	}
	s.feed(w, 500, 600)
	runtime.GC()
	for n, p := range held {
		if p.Value() != nil {
			t.Errorf("segment %d is in memory", n)
		}
	}
	runtime.KeepAlive(w)
}

func TestReadersWhileItChanges(t *testing.T) {
	t.Parallel()
	w, _ := newWindow(20 * time.Second)
	s := &source{chunks: 4, size: 300}
	s.runEvent().to(w)
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				changed := w.Changed()
				win := w.Snapshot()
				for i := range win.Rows.Len() {
					row := win.Rows.At(i)
					if i > 0 && win.Rows.At(i-1).Number+1 != row.Number {
						t.Error("hole")
					}
					for _, seg := range row.Segments {
						if len(seg.Data) != 1200 || seg.Data[0] != byte(row.Number) {
							t.Errorf("%s %d is wrong", seg.Track, row.Number)
						}
					}
				}
				if n := win.Rows.Len(); n > 0 {
					number := win.Rows.At(n-1).Number + 1
					if _, open := w.Segment("v1", number); open != nil {
						for _, c := range open.Progress().Chunks {
							if len(c) != 300 || c[0] != byte(number) {
								t.Error("chunk is wrong")
							}
						}
					}
				}
				_ = w.Init("v1", 0)
				_ = w.Stats()
				select {
				case <-stop:
					return
				case <-changed:
				}
			}
		})
	}
	var other sync.WaitGroup
	other.Go(func() {
		for i := range 200 {
			w.Set(Settings{Segment: lasts, DVR: time.Duration(10+i%20) * time.Second})
			w.Expire(epoch)
		}
	})
	s.feed(w, 0, 1000)
	other.Wait()
	close(stop)
	w.Close()
	readers.Wait()
}

// BenchmarkChunk is the cost of a chunk of a channel at 5 Mb/s with chunks of 200 ms, by how much the window holds.
func BenchmarkChunk(b *testing.B) {
	for _, c := range []struct {
		name string
		dvr  time.Duration
	}{{"2min", 2 * time.Minute}, {"12h", 12 * time.Hour}} {
		b.Run(c.name, func(b *testing.B) {
			w, _ := newWindow(c.dvr)
			s := &source{chunks: 10, size: 10}
			s.runEvent().to(w)
			n := uint64(c.dvr/lasts) + 100
			s.feed(w, 0, n)
			events := s.row(n)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if i == len(events) {
					b.StopTimer()
					n++
					events, i = s.row(n), 0
					b.StartTimer()
				}
				events[i].to(w)
				i++
			}
		})
	}
}

// BenchmarkSegment is what a lookup costs.
func BenchmarkSegment(b *testing.B) {
	w, _ := newWindow(time.Hour)
	s := &source{chunks: 10, size: 10}
	s.runEvent().to(w)
	s.feed(w, 0, 1800)
	b.ReportAllocs()
	var seg *media.Segment
	for b.Loop() {
		seg, _ = w.Segment("v1", 900)
	}
	if seg == nil {
		b.Fatal("not there")
	}
}
