package window

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"weir/internal/media"
)

// TestWhateverComes hands over rows of several runs with messages moved, doubled and lost, and settings changed, and holds every snapshot
// against what must always be true of it.
func TestWhateverComes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, _ := newWindow(time.Duration(rapid.IntRange(1, 60).Draw(t, "dvr")) * time.Second)
		events, sources := drawEvents(t)
		lossless := !rapid.Bool().Draw(t, "loses")
		far := rapid.IntRange(0, 12).Draw(t, "displacement")
		events = disturb(t, events, far, !lossless)
		check := &checker{t: t, w: w, sources: sources, seen: make(map[uint64]*media.Row), shown: make(map[uint64][]*media.Segment), calm: lossless && far == 0}
		for i, e := range events {
			e.to(w)
			check.snapshot()
			if rapid.IntRange(0, 40).Draw(t, "set") == 0 {
				dvr := time.Duration(rapid.IntRange(1, 60).Draw(t, "new dvr")) * time.Second
				w.Set(Settings{Segment: lasts, DVR: dvr, Revision: uint64(i + 1)})
			}
			if i == len(events)/2 {
				w.CaughtUp()
			}
			check.snapshot()
		}
		if lossless && far == 0 {
			last := w.Stats()
			if last.Last != check.total-1 || last.Damaged+last.Lost+last.Restarts > 0 {
				t.Fatalf("of %d rows %d was the last: %+v", check.total, last.Last, last)
			}
		}
		for i := range w.Snapshot().Rows.Len() {
			w.Snapshot().Rows.At(i) // does not panic
		}
	})
}

// drawEvents is the undisturbed messages of a channel, and which source made which number.
func drawEvents(t *rapid.T) (events []event, made []*source) {
	runs := rapid.IntRange(1, 4).Draw(t, "runs")
	var gone time.Duration
	for run := range uint64(runs) {
		gone += time.Duration(rapid.IntRange(0, 30).Draw(t, "absence")) * time.Second
		s := &source{
			chunks: rapid.IntRange(1, 3).Draw(t, "chunks"), size: rapid.IntRange(1, 20).Draw(t, "size"),
			run: run, first: uint64(len(made)), gone: gone,
		}
		events = append(events, s.runEvent())
		for range rapid.IntRange(1, 60).Draw(t, "rows") {
			events = append(events, s.row(uint64(len(made)))...)
			made = append(made, s)
		}
	}
	return events, made
}

// disturb moves messages by up to far places, doubles some and loses some. Runs are announced before what belongs to them.
func disturb(t *rapid.T, in []event, far int, loses bool) []event {
	type placed struct {
		event
		at int
	}
	var runs []event
	var out []placed
	for i, e := range in {
		if e.run != nil {
			runs = append(runs, e)
			continue
		}
		if loses && rapid.IntRange(0, 30).Draw(t, "lost") == 0 {
			continue
		}
		for copies := 1 + rapid.IntRange(0, 15).Draw(t, "copies")/15; copies > 0; copies-- {
			out = append(out, placed{e, i + rapid.IntRange(0, far).Draw(t, "move")})
		}
	}
	slices.SortStableFunc(out, func(a, b placed) int { return a.at - b.at })
	events := runs
	for _, p := range out {
		events = append(events, p.event)
	}
	return events
}

// checker remembers what was listed.
type checker struct {
	t       *rapid.T
	w       *Window
	sources []*source
	seen    map[uint64]*media.Row
	total   uint64
	calm    bool // nothing was lost or moved

	first, last uint64
	restarts    uint64
	before      *media.Window
	shown       map[uint64][]*media.Segment // what was closed in Open
}

func (c *checker) snapshot() {
	c.total = uint64(len(c.sources))
	win := c.w.Snapshot()
	c.open(win)
	stats := c.w.Stats()
	n := win.Rows.Len()
	if n == 0 {
		return
	}
	var listed time.Duration
	for i := range n {
		row := win.Rows.At(i)
		listed += row.Duration
		if i > 0 && row.Number != win.Rows.At(i-1).Number+1 {
			c.t.Fatalf("hole before %d", row.Number)
		}
		if was, there := c.seen[row.Number]; there && was != row {
			c.t.Fatalf("row %d has changed", row.Number)
		} else if !there {
			c.seen[row.Number] = row
			c.row(row, win)
		}
	}
	first, last := win.Rows.At(0), win.Rows.At(n-1)
	if first.Number < c.first || last.Number < c.last {
		c.t.Fatalf("listed %d to %d, then %d to %d", c.first, c.last, first.Number, last.Number)
	}
	if c.calm && first.Number > c.last+1 {
		c.t.Fatalf("listed up to %d, then from %d on", c.last, first.Number)
	}
	left := first.Number > c.first && stats.Restarts == c.restarts && c.seen[c.first] != nil && len(c.seen) > n
	c.first, c.last, c.restarts = first.Number, last.Number, stats.Restarts
	if left && n < minRows {
		c.t.Fatalf("%d rows are left", n)
	}
	if left && (last.End().Sub(first.Start) < win.DVR || listed < 3*win.Target) {
		c.t.Fatalf("%v are listed of %v", last.End().Sub(first.Start), win.DVR)
	}
	if n > minRows {
		if rest := last.End().Sub(win.Rows.At(1).Start); rest >= win.DVR && listed-first.Duration >= 3*win.Target {
			c.t.Fatalf("without row %d it would be %v of %v", first.Number, rest, win.DVR)
		}
	}
	if stats.Rows != n || stats.First != first.Number {
		c.t.Fatalf("stats: %+v", stats)
	}
}

// row looks at a row when it is listed for the first time.
func (c *checker) row(row *media.Row, win *media.Window) {
	s := c.sources[row.Number]
	if row.Duration <= 0 || row.Duration > win.Target+time.Second/2 {
		c.t.Fatalf("row %d lasts %v", row.Number, row.Duration)
	}
	for i, seg := range row.Segments {
		if seg.Gap() {
			continue
		}
		track := row.Run.Tracks[i].Name
		if row.Run.ID != s.run || !row.Start.Equal(s.start(row.Number)) || row.Duration != lasts {
			c.t.Fatalf("row %d of run %d starts %v, lasts %v", row.Number, row.Run.ID, row.Start, row.Duration)
		}
		if !bytes.Equal(seg.Data, s.whole(track, row.Number)) || cap(seg.Data) != len(seg.Data) || len(seg.Parts) != s.chunks {
			c.t.Fatalf("%s %d has other bytes", track, row.Number)
		}
		if rate := win.Rates[track]; rate.Peak < rate.Average || rate.Average <= 0 {
			c.t.Fatalf("%s: rate %+v", track, rate)
		}
	}
}

// open looks at what is behind the listing, and how it and the window's version have changed.
func (c *checker) open(win *media.Window) {
	next := uint64(0)
	if n := win.Rows.Len(); n > 0 {
		next = win.Rows.At(n-1).Number + 1
	} else if len(win.Open) > 0 {
		next = win.Open[0].Number
	}
	for i := range win.Open {
		row := &win.Open[i]
		source := c.sources[row.Number]
		if row.Number != next+uint64(i) || row.Run.ID != source.run || !row.Wall.Equal(source.start(row.Number)) || row.Anchor.Segment != source.first {
			c.t.Fatalf("open row %d is %d of run %d at %v, anchored at %d", i, row.Number, row.Run.ID, row.Wall, row.Anchor.Segment)
		}
		shown := c.shown[row.Number]
		if shown == nil {
			shown = make([]*media.Segment, len(row.Segments))
			c.shown[row.Number] = shown
		}
		for k := range row.Segments {
			c.openSegment(row, k, shown)
		}
	}
	for n, shown := range c.shown {
		row := c.seen[n]
		if row == nil && win.Rows.Len() > 0 && n >= win.Rows.At(0).Number && n < next {
			row = win.Rows.At(int(n - win.Rows.At(0).Number))
		}
		for k, s := range shown {
			if s != nil && row != nil && row.Segments[k] != s {
				c.t.Fatalf("segment %d of track %d is not what it was when its row was open", n, k)
			}
		}
		if row != nil {
			delete(c.shown, n)
		}
	}
	c.version(win)
}

func (c *checker) openSegment(row *media.OpenRow, k int, shown []*media.Segment) {
	source, track, s := c.sources[row.Number], row.Run.Tracks[k], row.Segments[k]
	if shown[k] != nil && s.Segment != shown[k] {
		c.t.Fatalf("%s %d was closed and has changed", track.Name, row.Number)
	}
	if shown[k] = s.Segment; s.Segment != nil && s.Segment.Gap() {
		return
	}
	if want := media.FromTime(source.start(row.Number), track.Timescale); len(s.Parts) > 0 && s.Start != want {
		c.t.Fatalf("%s %d begins at %d, not %d", track.Name, row.Number, s.Start, want)
	}
	offset := 0
	for i, p := range s.Parts {
		data := source.data(track.Name, row.Number, i)
		if p.Offset != offset || p.Size != len(data) || p.Independent != (i == 0) || (p.Key > 0) != p.Independent {
			c.t.Fatalf("part %d of %s %d: %+v", i, track.Name, row.Number, p)
		}
		if !bytes.Equal(c.w.Part(track.Name, row.Number, i), data) {
			c.t.Fatalf("part %d of %s %d has other bytes", i, track.Name, row.Number)
		}
		offset += p.Size
	}
}

// version holds the numbers of versions, and when the window was published, against what has changed.
func (c *checker) version(is *media.Window) {
	was := c.before
	c.before = is
	if was == nil {
		return
	}
	bounds := func(w *media.Window) (first, count uint64) {
		if w.Rows.Len() == 0 {
			return 0, 0
		}
		return w.Rows.At(0).Number, uint64(w.Rows.Len())
	}
	parts := func(w *media.Window) (closed, parts int) {
		for _, row := range w.Open {
			closed += 1000
			for _, s := range row.Segments {
				if parts += len(s.Parts); s.Segment != nil {
					closed++
				}
			}
		}
		return closed, parts
	}
	a, n := bounds(was)
	b, m := bounds(is)
	listing := a != b || n != m || was.DVR != is.DVR || was.Target != is.Target
	closedBefore, partsBefore := parts(was)
	closed, now := parts(is)
	open := listing || closedBefore != closed
	if listing && is.Version.Listing <= was.Version.Listing || open && is.Version.Open <= was.Version.Open ||
		(open || now != partsBefore) && is.Version.Parts <= was.Version.Parts {
		c.t.Fatalf("version %+v, then %+v; the listing has changed: %v, what is open: %v", was.Version, is.Version, listing, open)
	}
	if listing && m > 0 && !is.Published.After(was.Published) || is.Published.Before(was.Published) {
		c.t.Fatalf("published %v, then %v; the listing has changed: %v", was.Published, is.Published, listing)
	}
}
