package window

import (
	"bytes"
	"testing"
	"time"

	"weir/internal/media"
)

func TestListsCompleteRowsOnly(t *testing.T) {
	t.Parallel()
	w, _ := newWindow(time.Minute)
	s := &source{chunks: 3, size: 100}
	s.runEvent().to(w)
	events := s.row(0)
	for _, e := range events[:len(events)-1] {
		e.to(w)
		wantRows(t, w, 0, 0)
	}
	events[len(events)-1].to(w)
	wantRows(t, w, 0, 1)
	row := w.Snapshot().Rows.At(0)
	if row.Duration != lasts || !row.Start.Equal(s.start(0)) || !row.Wall.Equal(s.start(0)) {
		t.Errorf("row starts %v, lasts %v, arrived %v", row.Start, row.Duration, row.Wall)
	}
	seg := row.Segment("a1")
	if !bytes.Equal(seg.Data, s.whole("a1", 0)) || cap(seg.Data) != len(seg.Data) {
		t.Errorf("a1: %d bytes of capacity %d", len(seg.Data), cap(seg.Data))
	}
	for i := range seg.Parts {
		p := Part(seg, i)
		if !bytes.Equal(p, s.data("a1", 0, i)) || &p[0] != &seg.Data[seg.Parts[i].Offset] || cap(p) != len(p) {
			t.Errorf("part %d is no sub-slice of its segment", i)
		}
	}
	if got := w.Snapshot().Tracks; len(got) != 2 || got[0].Name != "v1" || got[1].Name != "a1" {
		t.Errorf("tracks: %v", got)
	}
	if got := w.Snapshot().Rates["v1"]; got != (media.Rate{Peak: 1200, Average: 1200}) {
		t.Errorf("rate: %+v", got)
	}
}

func TestSingleExactChunkIsNotCopied(t *testing.T) {
	t.Parallel()
	w, _ := newWindow(time.Minute)
	s := &source{chunks: 1, size: 64}
	s.runEvent().to(w)
	events := s.row(0)
	c := events[0].chunk
	c.Data = c.Data[:len(c.Data):len(c.Data)]
	for _, e := range events {
		e.to(w)
	}
	if seg, _ := w.Segment("v1", 0); &seg.Data[0] != &c.Data[0] {
		t.Error("the bytes were copied")
	}
}

func TestTrimsToTheSegment(t *testing.T) {
	t.Parallel()
	w, _ := newWindow(20 * time.Second)
	s := &source{chunks: 1, size: 100}
	s.runEvent().to(w)
	s.feed(w, 0, 100)
	wantRows(t, w, 90, 10)
	for n, want := range map[uint64]bool{87: false, 88: true, 89: true, 90: true, 99: true, 100: false} {
		if seg, open := w.Segment("v1", n); (seg != nil) != want || open != nil {
			t.Errorf("segment %d can be fetched: %v", n, seg != nil)
		}
	}
	if got := w.Stats(); got.Bytes != 12*200+int64(len("init of v1")*2) || got.Depth != 20*time.Second || got.First != 90 || got.Last != 99 {
		t.Errorf("stats: %+v", got)
	}

	set := Settings{Title: "News", Segment: lasts, DVR: 13 * time.Second}
	w.Set(set) // a row that is partly within reach stays
	wantRows(t, w, 93, 7)
	set.DVR = time.Second
	w.Set(set)
	wantRows(t, w, 94, minRows)
	set.DVR = time.Minute
	w.Set(set)
	wantRows(t, w, 94, minRows)
	s.feed(w, 100, 200)
	wantRows(t, w, 170, 30)
	if got := w.Snapshot(); got.DVR != time.Minute || got.Channel != "news" {
		t.Errorf("snapshot is of %q with %v", got.Channel, got.DVR)
	}
}

func TestKeepsThreeTargets(t *testing.T) {
	t.Parallel()
	w, _ := newWindow(2 * time.Second)
	w.Target(8 * time.Second)
	s := &source{chunks: 1, size: 10}
	s.runEvent().to(w)
	s.feed(w, 0, 50)
	wantRows(t, w, 38, 12)
	if got := w.Snapshot().DVR; got != 24*time.Second {
		t.Errorf("a player is told of %v", got)
	}
}

func TestRunsAndTheirInits(t *testing.T) {
	t.Parallel()
	w, _ := newWindow(20 * time.Second)
	s := &source{chunks: 1, size: 30}
	s.runEvent().to(w)
	s.feed(w, 0, 10)
	next := &source{chunks: 1, size: 30, run: 1, first: 10, gone: 7 * time.Second}
	next.runEvent().to(w)
	next.feed(w, 10, 14)
	if got := w.Stats(); got.Discontinuities != 1 || w.Init("v1", 0) == nil || w.Init("v1", 1) == nil {
		t.Errorf("stats: %+v", got)
	}
	next.feed(w, 14, 40)
	if got := w.Stats(); got.Discontinuities != 0 || w.Init("v1", 0) != nil || w.Init("v1", 1) == nil {
		t.Errorf("stats: %+v, old init %q", got, w.Init("v1", 0))
	}
}

func TestTrackUnion(t *testing.T) {
	t.Parallel()
	w, _ := newWindow(20 * time.Second)
	s := &source{chunks: 1, size: 30}
	s.runEvent().to(w)
	s.feed(w, 0, 5)
	video := &source{chunks: 1, size: 30, run: 1, first: 5}
	r := video.runEvent().run
	r.Tracks = r.Tracks[:1]
	w.Run(*r, initsOf(r))
	for n := uint64(5); n < 40; n++ {
		if n == 8 {
			if got := w.Snapshot().Tracks; len(got) != 2 || got[0].Init != 1 || got[1].Init != 0 {
				t.Errorf("tracks: %+v", got)
			}
		}
		for _, e := range video.row(n)[:2] {
			e.to(w)
		}
	}
	if got := w.Snapshot(); len(got.Tracks) != 1 || len(got.Rates) != 1 {
		t.Errorf("tracks: %+v, rates: %+v", got.Tracks, got.Rates)
	}
}

func TestExpires(t *testing.T) {
	t.Parallel()
	w, c := newWindow(20 * time.Second)
	s := &source{chunks: 1, size: 30}
	s.runEvent().to(w)
	s.feed(w, 0, 10)
	last := s.start(9)
	reach := 20*time.Second + time.Minute + 2*lasts
	if w.Expire(last.Add(reach)) || !w.Expire(last.Add(reach+1)) || w.Expire(last.Add(reach+2)) {
		t.Error("it expires at another time")
	}
	wantRows(t, w, 0, 0)
	if got := w.Stats(); got.Bytes != 20 || got.Newest != (time.Time{}) {
		t.Errorf("stats: %+v", got)
	}
	c.at = last.Add(reach + 3)
	s.feed(w, 5, 10) // it does not come back
	s.feed(w, 10, 12)
	wantRows(t, w, 10, 2)
}

func TestFollowsAnOpenSegment(t *testing.T) {
	t.Parallel()
	w, _ := newWindow(time.Minute)
	s := &source{chunks: 3, size: 30}
	s.runEvent().to(w)
	events := s.row(0)
	changed := w.Changed()
	events[1].to(w) // the second chunk comes first
	<-changed
	_, open := w.Segment("v1", 0)
	if got := open.Progress(); len(got.Chunks) != 0 || w.Part("v1", 0, 1) != nil {
		t.Errorf("progress: %+v", got)
	}
	changed = w.Changed()
	events[0].to(w)
	<-changed
	if got := open.Progress(); len(got.Chunks) != 2 || !bytes.Equal(w.Part("v1", 0, 1), s.data("v1", 0, 1)) {
		t.Errorf("progress: %+v", got)
	}
	events[2].to(w)
	events[3].to(w)
	got := open.Progress()
	if len(got.Chunks) != 3 || !bytes.Equal(got.Segment.Data, s.whole("v1", 0)) || &got.Chunks[2][0] != &got.Segment.Data[60] {
		t.Errorf("progress: %+v", got)
	}
	if seg, open := w.Segment("v1", 0); seg != got.Segment || open != nil {
		t.Error("a closed segment cannot be fetched before its row is listed")
	}
	s.row(1)[0].to(w)
	_, open = w.Segment("v1", 1)
	changed = w.Changed()
	w.Close()
	<-changed
	if !open.Progress().GivenUp || !w.Closed() {
		t.Error("an open segment outlives its window")
	}
}

func TestTargetStays(t *testing.T) {
	t.Parallel()
	w, _ := newWindow(time.Minute)
	s := &source{chunks: 1, size: 30}
	s.runEvent().to(w)
	s.feed(w, 0, 3)
	w.Target(time.Second)
	if got := w.Snapshot().Target; got != lasts {
		t.Errorf("target is %v", got)
	}
	if !w.Expire(epoch.Add(time.Hour)) {
		t.Fatal("not expired")
	}
	if got := w.Snapshot().Target; got != time.Second {
		t.Errorf("target of the empty window is %v", got)
	}
}

// A target duration that was taken back came into force when the window was next empty.
func TestTargetThatIsTakenBackDoesNotComeBack(t *testing.T) {
	t.Parallel()
	w, _ := newWindow(time.Minute)
	s := &source{chunks: 1, size: 30}
	s.runEvent().to(w)
	s.feed(w, 0, 3)
	w.Target(time.Second)
	w.Target(lasts)
	if !w.Expire(epoch.Add(time.Hour)) {
		t.Fatal("not expired")
	}
	if got := w.Snapshot().Target; got != lasts {
		t.Errorf("target of the empty window is %v", got)
	}
}

// An edge that joins after a feed was away for long finds only what came after it, and takes the target duration that was fixed anew; one that was there
// all the time must come to the same.
func TestTargetFallsWhenAllMediaHasExpired(t *testing.T) {
	t.Parallel()
	w, _ := newWindow(time.Minute)
	s := &source{chunks: 1, size: 30}
	s.runEvent().to(w)
	s.feed(w, 0, 10)
	again := &source{chunks: 1, size: 30, run: 1, first: 10, gone: time.Hour}
	again.runEvent().to(w)
	w.Target(time.Second)
	again.feed(w, 10, 12)
	wantRows(t, w, 10, 2)
	if got := w.Snapshot().Target; got != time.Second {
		t.Errorf("target is %v", got)
	}
}
