package window

import (
	"bytes"
	"testing"
	"time"

	"weir/internal/media"
)

func TestListIsChopped(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 31, 32, 33, 63, 64, 65, 100} {
		for _, front := range []int{0, 5, 31, 32, 40} {
			for _, k := range []int{0, 1, 2, 31, 32, 33, 50} {
				var l list
				for n := range size + front {
					l = l.append(&media.Row{Number: uint64(n)})
				}
				l = l.cut(front)
				before := l
				l = l.chop(k)
				want := max(0, size-k)
				if l.n != want {
					t.Fatalf("%d rows behind %d without %d are %d", size, front, k, l.n)
				}
				for range 40 {
					l = l.append(&media.Row{Number: uint64(1000 + l.n)})
				}
				for i := range l.n {
					number := uint64(front + i)
					if i >= want {
						number = uint64(1000 + i)
					}
					if got := l.At(i).Number; got != number {
						t.Fatalf("%d rows behind %d without %d: row %d has number %d", size, front, k, i, got)
					}
				}
				for i := range before.n {
					if got := before.At(i).Number; got != uint64(front+i) {
						t.Fatalf("%d rows behind %d without %d: row %d of the list as it was has number %d", size, front, k, i, got)
					}
				}
			}
		}
	}
}

// takenBack is a window with rows 0 to 9, the first two chunks of v1 and the first of a1 of row 10.
func takenBack(t *testing.T) (*Window, *source) {
	t.Helper()
	w, _ := newWindow(time.Minute)
	s := &source{chunks: 4, size: 30}
	s.runEvent().to(w)
	s.feed(w, 0, 10)
	for _, e := range s.row(10) {
		if c := e.chunk; c != nil && (c.Track == "v1" && c.Index < 2 || c.Index < 1) {
			e.to(w)
		}
	}
	wantRows(t, w, 0, 10)
	return w, s
}

// Chunks of an open segment are taken back: readers see them until as many have come.
func TestChunksOfAnOpenSegmentAreTakenBack(t *testing.T) {
	t.Parallel()
	w, s := takenBack(t)
	_, old := w.Segment("v1", 10)
	changed := w.Changed()
	w.Retract("v1", 10, 1)
	if w.Part("v1", 10, 1) == nil || len(w.Snapshot().Open[0].Segments[0].Parts) != 2 {
		t.Fatal("what was shown is shown no more, and nothing is there in its place")
	}
	select {
	case <-changed:
		t.Fatal("readers are woken for nothing")
	default:
	}
	other := &source{chunks: 4, size: 24}
	for _, e := range other.row(10) {
		if c := e.chunk; c != nil && c.Track == "v1" && c.Index == 1 {
			e.to(w)
		}
	}
	if !bytes.Equal(w.Part("v1", 10, 1), other.data("v1", 10, 1)) || !bytes.Equal(w.Part("v1", 10, 0), s.data("v1", 10, 0)) {
		t.Fatal("the part is not what came in its place")
	}
	if p := old.Progress(); !p.GivenUp {
		t.Fatal("who follows the segment as it was waits on")
	}
	if _, now := w.Segment("v1", 10); now == old || now == nil {
		t.Fatal("the segment is not another")
	}
	if st := w.Stats(); st.Retracted != 1 || st.OpenBytes != 30+24+30 {
		t.Fatalf("%+v", st)
	}
}

// Rows that are listed are taken back: the listing stays, with all that is in it, until it goes on with what came in their place.
func TestListedRowsAreTakenBack(t *testing.T) {
	t.Parallel()
	w, s := takenBack(t)
	before := w.Snapshot()
	w.Retract("v1", 8, 2)
	w.Retract("a1", 8, 3)
	if w.Snapshot() != before {
		t.Fatal("readers see another window")
	}
	if got := w.Part("v1", 9, 3); !bytes.Equal(got, s.data("v1", 9, 3)) {
		t.Fatal("what is listed is not there")
	}
	// Row 8 is closed as the stream has it, and another run goes on.
	ends := map[string]*media.SegmentEnd{}
	short := &source{chunks: 2, size: 30}
	for _, e := range short.row(8) {
		if e.end != nil {
			ends[e.end.Track] = e.end
		}
	}
	ends["v1"].Duration /= 2
	a1 := (&source{chunks: 3, size: 30}).row(8)
	*ends["a1"] = *a1[len(a1)-1].end
	ends["a1"].Duration = ends["a1"].Duration * 3 / 4
	w.End(*ends["v1"])
	w.End(*ends["a1"])
	next := &source{chunks: 3, size: 20, run: 1, first: 9}
	next.runEvent().to(w)
	next.feed(w, 9, 10)
	if w.Snapshot() != before {
		t.Fatal("readers see the listing go back")
	}
	next.feed(w, 10, 11)
	wantRows(t, w, 0, 11)
	rows := w.Snapshot().Rows
	if row := rows.At(8); row.Duration != lasts/2 || !bytes.Equal(row.Segments[0].Data, s.whole("v1", 8)[:60]) || !bytes.Equal(row.Segments[1].Data, s.whole("a1", 8)[:90]) {
		t.Fatalf("row 8 is not what the stream has: %+v", row)
	}
	for n := range uint64(2) {
		if row := rows.At(int(9 + n)); row.Run.ID != 1 || !bytes.Equal(row.Segments[0].Data, next.whole("v1", 9+n)) {
			t.Fatalf("row %d is not what the stream has: %+v", 9+n, row)
		}
	}
	if st := w.Stats(); st.Retracted != 2+4+2+1+4+1 || st.Discontinuities != 1 || st.OpenRows != 0 || st.OpenBytes != 0 || st.Damaged+st.Lost > 0 {
		t.Fatalf("%+v", st)
	}
}

// A feed that is gone leaves nothing behind that could come as far as what was shown.
func TestWindowThatWasTakenBackExpires(t *testing.T) {
	t.Parallel()
	w, _ := takenBack(t)
	w.Retract("v1", 9, 0)
	w.Retract("a1", 9, 0)
	if w.Snapshot().Rows.Len() != 10 {
		t.Fatal("the listing has gone back")
	}
	if !w.Expire(epoch.Add(2000 * time.Hour)) {
		t.Fatal("it does not expire")
	}
	if w.Snapshot().Rows.Len() != 0 || w.Stats().Bytes > 100 {
		t.Fatalf("%+v", w.Stats())
	}
}

// A window of which all is taken back begins again with what comes.
func TestAllRowsAreTakenBack(t *testing.T) {
	t.Parallel()
	w, s := takenBack(t)
	w.Retract("v1", 0, 0)
	w.Retract("a1", 0, 0)
	s.feed(w, 0, 12)
	wantRows(t, w, 0, 12)
	if st := w.Stats(); st.Bytes != 12*2*4*30+2*10 || st.OpenRows != 0 || st.Refused+st.Late+st.Lost > 0 {
		t.Fatalf("%+v", st)
	}
}
