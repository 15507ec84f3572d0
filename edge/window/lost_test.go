package window

import (
	"testing"
	"time"

	"weir/internal/media"
)

func TestDamagedSegmentIsAGap(t *testing.T) {
	t.Parallel()
	w, _ := newWindow(time.Minute)
	s := &source{chunks: 2, size: 100}
	s.runEvent().to(w)
	s.feed(w, 0, 1)
	for _, e := range s.row(1) {
		if e.chunk != nil && e.chunk.Track == "v1" && e.chunk.Index == 1 {
			e.chunk.Data[5] ^= 1
		}
		e.to(w)
	}
	s.feed(w, 2, 3)
	wantRows(t, w, 0, 3)
	row := w.Snapshot().Rows.At(1)
	if v, a := row.Segment("v1"), row.Segment("a1"); !v.Gap() || v.Data != nil || v.Duration != 180000 || a.Gap() {
		t.Errorf("v1 %+v, a1 is a gap: %v", v.SegmentEnd, a.Gap())
	}
	if got := w.Stats(); got.Damaged != 1 || got.Gaps != 1 || got.Bytes != 5*200+20 || got.OpenBytes != 0 {
		t.Errorf("stats: %+v", got)
	}
	if seg, open := w.Segment("v1", 1); seg != nil || open != nil {
		t.Error("a gap can be fetched")
	}
}

func TestLostThingsBecomeGaps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		drop func(e event) bool
		gaps int
	}{
		{"a chunk", func(e event) bool {
			return e.chunk != nil && e.chunk.Segment == 5 && e.chunk.Index == 0 && e.chunk.Track == "v1"
		}, 1},
		{"an end", func(e event) bool { return e.end != nil && e.end.Segment == 5 && e.end.Track == "v1" }, 1},
		{"a row", func(e event) bool {
			return e.end != nil && e.end.Segment == 5 || e.chunk != nil && e.chunk.Segment == 5
		}, 2},
		{"two rows", func(e event) bool {
			return e.end != nil && e.end.Segment/2 == 2 || e.chunk != nil && e.chunk.Segment/2 == 2
		}, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, _ := newWindow(time.Minute)
			s := &source{chunks: 2, size: 30}
			s.runEvent().to(w)
			for n := range uint64(10) {
				for _, e := range s.row(n) {
					if !c.drop(e) {
						e.to(w)
					}
				}
			}
			wantRows(t, w, 0, 10)
			rows := w.Snapshot().Rows
			gaps := 0
			for i := range rows.Len() {
				row := rows.At(i)
				if row.Duration != lasts || !row.Start.Equal(s.start(row.Number)) {
					t.Errorf("row %d starts %v, lasts %v", i, row.Start, row.Duration)
				}
				for k, seg := range row.Segments {
					if i > 0 {
						if before := rows.At(i - 1).Segments[k]; before.Start+before.Duration != seg.Start {
							t.Errorf("%s %d does not join", seg.Track, i)
						}
					}
					if seg.Gap() {
						gaps++
					}
				}
			}
			if gaps != c.gaps || w.Stats().Gaps != gaps {
				t.Errorf("%d gaps (stats say %d), want %d", gaps, w.Stats().Gaps, c.gaps)
			}
		})
	}
}

func TestHoleThatNothingExplainsRestarts(t *testing.T) {
	t.Parallel()
	w, _ := newWindow(time.Hour)
	s := &source{chunks: 1, size: 30}
	s.runEvent().to(w)
	s.feed(w, 0, 10)
	s.feed(w, 10+maxBridge+1, 10+maxBridge+5)
	wantRows(t, w, 10+maxBridge+1, 4)
	if got := w.Stats(); got.Restarts != 1 || got.Bytes != 4*60+20 {
		t.Errorf("stats: %+v", got)
	}
}

// A stream's oldest messages expire one by one, so that it mostly begins in the middle of a row.
func TestJoinsInTheMiddleOfARow(t *testing.T) {
	t.Parallel()
	w, _ := newWindow(time.Hour)
	s := &source{chunks: 3, size: 30}
	s.runEvent().to(w)
	for _, e := range s.row(7)[2:] {
		e.to(w)
	}
	s.feed(w, 8, 10)
	wantRows(t, w, 8, 2)
	w.CaughtUp()
	if !w.Ready() || w.Stats().OpenBytes != 0 || w.Stats().Lost != 0 {
		t.Errorf("ready %v, stats %+v", w.Ready(), w.Stats())
	}
}

func TestBoundsWhatIsHeldOpen(t *testing.T) {
	t.Parallel()
	w, _ := newWindow(time.Minute)
	s := &source{chunks: 1, size: 30}
	s.runEvent().to(w)
	s.feed(w, 0, 1)
	big := make([]byte, 16<<20)
	for n := uint64(1); n < 500; n++ {
		e := s.row(n * 1000)[0]
		e.chunk.Data = big
		e.to(w)
	}
	if got := w.Stats(); got.OpenRows > maxPendingRows || got.OpenBytes > maxPendingCost {
		t.Errorf("held open: %d rows, %d bytes", got.OpenRows, got.OpenBytes)
	}
	for _, c := range []media.Chunk{
		{Track: "v1", Segment: 1, Timescale: 90000, Index: -1, Data: big},
		{Track: "v1", Segment: 1, Timescale: 90000, Index: maxChunks, Data: big},
		{Track: "v1", Segment: 1 << 60, Timescale: 90000, Data: big},
		{Track: "v9", Segment: 1, Timescale: 90000, Data: big},
		{Track: "v1", Segment: 1, Timescale: 1, Data: big},
		{Track: "v1", Segment: 1, Timescale: 90000, Run: 9, Data: big},
	} {
		before := w.Stats().Refused
		if w.Chunk(c); w.Stats().Refused != before+1 {
			t.Errorf("accepted: segment %d, index %d, track %s", c.Segment, c.Index, c.Track)
		}
	}
}

// A channel that was deleted and made again between two looks at the catalog must not stay dark.
func TestChannelBeginsAnew(t *testing.T) {
	t.Parallel()
	w, _ := newWindow(time.Minute)
	s := &source{chunks: 1, size: 30, run: 0, first: 5}
	s.runEvent().to(w)
	s.feed(w, 5, 10)
	s.runEvent().to(w) // the same once more changes nothing
	wantRows(t, w, 5, 5)
	again := &source{chunks: 1, size: 30, gone: time.Hour}
	again.runEvent().to(w)
	wantRows(t, w, 0, 0)
	again.feed(w, 0, 4)
	wantRows(t, w, 0, 4)
	if got := w.Snapshot().Rows.At(0).Start; !got.Equal(again.start(0)) {
		t.Errorf("it starts %v", got)
	}
}
