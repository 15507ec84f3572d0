package window

import (
	"testing"
	"time"

	"weir/internal/media"
)

// shape is what Open has, in a few words: of each row its number, of each track the number of parts, negative where it is closed.
func shape(w *Window) [][3]int {
	var all [][3]int
	for _, row := range w.Snapshot().Open {
		s := [3]int{int(row.Number)}
		for i := range row.Segments {
			if s[1+i] = len(row.Segments[i].Parts); row.Segments[i].Segment != nil {
				s[1+i] = -len(row.Segments[i].Parts)
			}
		}
		all = append(all, s)
	}
	return all
}

func wantOpen(t *testing.T, w *Window, want ...[3]int) {
	t.Helper()
	got := shape(w)
	if len(got) != len(want) {
		t.Fatalf("open: %v, want %v", got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("open: %v, want %v", got, want)
		}
	}
}

func TestOpenRowsAreShown(t *testing.T) {
	t.Parallel()
	w, _ := newWindow(time.Minute)
	s := &source{chunks: 2, size: 30}
	s.runEvent().to(w)
	for _, e := range s.row(0)[:5] {
		e.to(w)
	}
	wantOpen(t, w) // nothing is known of where the window begins
	s.feed(w, 0, 1)
	v, a := s.row(1)[:3], s.row(1)[3:]
	v[0].to(w)
	wantOpen(t, w, [3]int{1, 1, 0})
	old := w.Snapshot()
	a[0].to(w)
	a[1].to(w)
	wantOpen(t, w, [3]int{1, 1, 2})
	v[1].to(w)
	v[2].to(w)
	wantOpen(t, w, [3]int{1, -2, 2})
	first, second := s.row(2)[0], s.row(2)[3]
	first.to(w)
	second.to(w)
	wantOpen(t, w, [3]int{1, -2, 2}, [3]int{2, 1, 0}) // where the audio of 2 begins is not known before that of 1 has ended
	seg := w.Snapshot().Open[0].Segments[0].Segment
	a[2].to(w)
	wantOpen(t, w, [3]int{2, 1, 1})
	rows := w.Snapshot().Rows
	if rows.At(1).Segments[0] != seg {
		t.Error("another segment was listed than was shown")
	}
	open := w.Snapshot().Open[0]
	if end := rows.At(1).Segments[1]; open.Segments[1].Start != end.Start+end.Duration || !open.Wall.Equal(s.start(2)) {
		t.Errorf("row 2: %+v", open)
	}
	if got := old.Open[0].Segments; len(got[0].Parts) != 1 || len(got[1].Parts) != 0 || got[0].Segment != nil || old.Rows.Len() != 1 {
		t.Errorf("a snapshot has changed: %+v", got)
	}
	w.Close()
	wantOpen(t, w)
}

// What does not follow the listing is not told of: its number may never be reached.
func TestOpenEndsAtAHole(t *testing.T) {
	t.Parallel()
	w, _ := newWindow(time.Minute)
	s := &source{chunks: 2, size: 30}
	s.runEvent().to(w)
	s.feed(w, 0, 3)
	s.row(4)[0].to(w)
	wantOpen(t, w)
	s.row(3)[3].to(w) // of the audio; the video's beginning is known all the same
	wantOpen(t, w, [3]int{3, 0, 1})
	for _, e := range s.row(3)[:3] {
		e.to(w)
	}
	wantOpen(t, w, [3]int{3, -2, 1}, [3]int{4, 1, 0})
}

// A row that will be refused, or before which the listing begins anew, is not shown.
func TestOpenShowsOnlyWhatCanBeListed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		run  uint64
		gone time.Duration
		want bool
	}{
		"at its time": {1, 0, true}, "before the end": {1, -3 * time.Second, false}, "a little before": {1, -time.Second / 2, true},
		"a run between is lost": {2, time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := newWindow(time.Minute)
			s := &source{chunks: 2, size: 30}
			s.runEvent().to(w)
			s.feed(w, 0, 5)
			next := &source{chunks: 2, size: 30, run: c.run, first: 5, gone: c.gone}
			next.runEvent().to(w)
			next.row(5)[3].to(w) // where the audio of a run begins, its first chunk says
			next.row(5)[0].to(w)
			if c.want {
				wantOpen(t, w, [3]int{5, 1, 1})
				if got := w.Snapshot().Open[0]; got.Segments[0].Start != media.FromTime(next.start(5), 90000) ||
					got.Segments[1].Start != media.FromTime(next.start(5), 48000) || got.Anchor != (media.Anchor{Segment: 5, Start: next.start(5)}) {
					t.Errorf("row 5: %+v", got)
				}
				return
			}
			wantOpen(t, w)
		})
	}
}

func TestLowLatencyIsThatOfTheNewestRun(t *testing.T) {
	t.Parallel()
	w, _ := newWindow(time.Minute)
	with := func(s *source, parts time.Duration) {
		r := *s.runEvent().run
		for i := range r.Tracks {
			r.Tracks[i].Part = parts
		}
		w.Run(r, initsOf(&r))
	}
	s := &source{chunks: 2, size: 30}
	with(s, time.Second)
	if w.Snapshot().LowLatency {
		t.Error("an empty window offers parts")
	}
	s.feed(w, 0, 3)
	if !w.Snapshot().LowLatency {
		t.Error("no parts are offered")
	}
	whole := &source{chunks: 1, size: 30, run: 1, first: 3}
	with(whole, 0)
	if !w.Snapshot().LowLatency {
		t.Error("a run that was only announced ends the offer")
	}
	whole.row(3)[0].to(w)
	if w.Snapshot().LowLatency {
		t.Error("parts are offered of whole segments")
	}
}

// Anchors come from the media; where they are missing, it is the run's beginning.
func TestAnchorsOfRows(t *testing.T) {
	t.Parallel()
	w, _ := newWindow(time.Minute)
	s := &source{chunks: 1, size: 30}
	s.runEvent().to(w)
	s.feed(w, 0, 2)
	anchor := media.Anchor{Segment: 2, Start: s.start(2), Shift: 100 * time.Millisecond}
	for n := uint64(2); n < 6; n++ {
		for _, e := range s.row(n) {
			switch {
			case e.chunk != nil:
				e.chunk.Anchor = anchor
			case n == 4 && e.end.Track == "v1":
				continue // is lost: a gap takes its place
			default:
				e.end.Anchor = anchor
			}
			e.to(w)
		}
	}
	rows := w.Snapshot().Rows
	for i := range rows.Len() {
		want := anchor
		if i < 2 {
			want = media.Anchor{Segment: 0, Start: s.start(0)}
		}
		if got := rows.At(i).Anchor; got != want {
			t.Errorf("row %d: %+v", i, got)
		}
	}
	if rows.Len() != 6 || !rows.At(4).Segments[0].Gap() {
		t.Errorf("%d rows", rows.Len())
	}
}
