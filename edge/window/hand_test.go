package window

import (
	"bytes"
	"runtime"
	"testing"
	"time"
	"weak"

	"weir/internal/media"
)

// back is the media of a row, as it was before it was let go of.
func (s *source) back(row *media.Row) [][]byte {
	var data [][]byte
	for _, t := range row.Run.Tracks {
		data = append(data, s.whole(t.Name, row.Number))
	}
	return data
}

// A window with a limit lists what it lists without one; its oldest media is let go of, comes back when there is room, the newest first, and may be
// read by who has an old snapshot.
func TestLimitLetsGoOfTheOldestMedia(t *testing.T) {
	t.Parallel()
	w, _ := newWindow(200 * time.Second)
	s := &source{chunks: 3, size: 5000}
	s.runEvent().to(w)
	s.feed(w, 0, 100)
	old := w.Snapshot()
	seg, _ := w.Segment("v1", 0)
	first := weak.Make(&seg.Data[0])
	seg = nil
	each := mediaOf(old.Rows.At(0))

	w.Limit(20*each + each/2)
	wantRows(t, w, 0, 100)
	if st := w.Stats(); st.Stored != 80*each || st.AtHand != 20*lasts || st.Depth != 100*lasts {
		t.Errorf("stats: %+v", st)
	}
	if runtime.GC(); first.Value() != nil {
		t.Error("the oldest segment is still in memory, though a snapshot only lists it")
	}
	for n, want := range map[uint64]bool{0: false, 79: false, 80: true, 99: true} {
		seg, open := w.Segment("v1", n)
		if seg == nil || open != nil || (seg.Data != nil) != want || (w.Part("v1", n, 0) != nil) != want {
			t.Errorf("segment %d is at hand: %v", n, seg != nil && seg.Data != nil)
		}
		if got := old.Rows.At(int(n)).Segment("v1"); got.SegmentEnd != seg.SegmentEnd {
			t.Errorf("segment %d: the old snapshot has %+v", n, got)
		}
	}
	if w.Older() != nil {
		t.Error("there is no room for more")
	}
	s.feed(w, 100, 110) // the limit holds for what comes
	if st := w.Stats(); st.AtHand != 20*lasts {
		t.Errorf("%v are at hand", st.AtHand)
	}

	w.Limit(30 * each)
	for n := uint64(89); n >= 80; n-- {
		row := w.Older()
		if row == nil || row.Number != n {
			t.Fatalf("got %+v, want row %d", row, n)
		}
		w.Return(row, s.back(row)[:1]) // that is not all of it
		if w.Older() != row {
			t.Fatal("half a row was taken")
		}
		w.Return(row, s.back(row))
		w.Return(row, s.back(row)) // once is enough
		if seg, _ := w.Segment("a1", n); !bytes.Equal(seg.Data, s.whole("a1", n)) {
			t.Errorf("segment %d has other media", n)
		}
	}
	if st := w.Stats(); w.Older() != nil || st.AtHand != 30*lasts || st.Bytes-int64(2*len("init of v1")) != 30*each {
		t.Errorf("stats: %+v", st)
	}

	w.Limit(1) // what is live stays
	if st := w.Stats(); st.AtHand != handRows*lasts {
		t.Errorf("%v are at hand", st.AtHand)
	}
	w.Limit(0)
	row := w.Older()
	s.feed(w, 110, 300)
	w.Return(row, s.back(row)) // it has left the window
	if st := w.Stats(); st.Stored != 0 || st.Bytes-int64(2*len("init of v1")) != int64(w.rows.n)*each {
		t.Errorf("stats: %+v", st)
	}
	runtime.KeepAlive(old)
}

// A window that was told of the ends only lists the same as one that had all the media, and is filled from the newest on.
func TestStoredSegmentsAreListed(t *testing.T) {
	t.Parallel()
	s := &source{chunks: 3, size: 500}
	full, _ := newWindow(200 * time.Second)
	s.runEvent().to(full)
	s.feed(full, 0, 50)
	w, _ := newWindow(200 * time.Second)
	s.runEvent().to(w)
	for n := range uint64(40) {
		for _, e := range s.row(n) {
			if e.end != nil {
				w.Stored(*e.end)
				w.Stored(*e.end)
			}
		}
	}
	wantRows(t, w, 0, 40)
	s.feed(w, 40, 50)
	wantRows(t, w, 0, 50)
	one, other := full.Snapshot(), w.Snapshot()
	for i := range 50 {
		a, b := one.Rows.At(i), other.Rows.At(i)
		if a.Number != b.Number || !a.Start.Equal(b.Start) || a.Duration != b.Duration || !a.Wall.Equal(b.Wall) || a.Anchor != b.Anchor {
			t.Errorf("row %d is %+v, want %+v", i, b, a)
		}
		for k := range a.Segments {
			if a.Segments[k].SegmentEnd != b.Segments[k].SegmentEnd {
				t.Errorf("row %d: %+v, want %+v", i, b.Segments[k], a.Segments[k])
			}
		}
	}
	if !one.Published.Equal(other.Published) || one.Rates["v1"] != other.Rates["v1"] {
		t.Error("it is another window")
	}
	if st := w.Stats(); st.Duplicates+st.Late != 80 || st.Lost != 0 || st.AtHand != 10*lasts {
		t.Errorf("stats: %+v", st)
	}
	for row := w.Older(); row != nil; row = w.Older() {
		w.Return(row, s.back(row))
	}
	if a, b := full.Stats(), w.Stats(); a.Bytes != b.Bytes || b.Stored != 0 || b.AtHand != b.Depth {
		t.Errorf("%+v, want %+v", b, a)
	}
	w.Stored(media.SegmentEnd{Track: "v1", Segment: 51, Timescale: 90000, Chunks: 0})
	w.Stored(media.SegmentEnd{Track: "v1", Segment: 51, Timescale: 90000, Chunks: maxChunks + 1, Bytes: 1})
	if st := w.Stats(); st.Refused != 2 {
		t.Errorf("stats: %+v", st)
	}
}
