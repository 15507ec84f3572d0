package window

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"weir/internal/media"
)

// TestNonsense hands over a channel of which messages are lost, and fields of others have any values: nothing panics, bounds hold, and
// what is listed has no holes.
func TestNonsense(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, _ := newWindow(10 * time.Second)
		var runs []*source
		for i := range uint64(4) {
			s := &source{chunks: 1, size: 4, run: i, first: 10 * i, gone: time.Duration(i) * time.Second}
			s.runEvent().to(w)
			runs = append(runs, s)
		}
		ticks := rapid.Map(rapid.Int64(), func(n int64) media.Ticks { return media.Ticks(n) })
		at := rapid.Map(rapid.Int64(), func(n int64) time.Time { return time.Unix(n, 0) })
		number := rapid.OneOf(rapid.Uint64Range(0, 60), rapid.SampledFrom([]uint64{maxNumber, maxNumber + 1, math.MaxUint64}))
		for n := range uint64(60) {
			for _, e := range runs[min(n/10, 3)].row(n) {
				switch odd := rapid.IntRange(0, 60).Draw(t, "odd"); {
				case odd == 0:
					w.Run(media.Run{
						ID: number.Draw(t, "run"), First: number.Draw(t, "first"), Start: at.Draw(t, "start"),
						Tracks: []media.Track{{Name: "v1", Timescale: rapid.Uint32().Draw(t, "timescale")}},
					}, nil)
				case odd == 1:
					w.Target(time.Duration(rapid.Int64().Draw(t, "target")))
				case odd == 2:
					w.Set(Settings{DVR: time.Duration(rapid.Int64().Draw(t, "dvr")), Segment: time.Duration(rapid.Int64().Draw(t, "segment"))})
				case odd == 3:
					w.Expire(at.Draw(t, "expire"))
				case odd == 4:
					w.CaughtUp()
				case odd < 8: // lost
					continue
				case odd < 12 && e.chunk != nil:
					c := e.chunk
					switch rapid.IntRange(0, 5).Draw(t, "field") {
					case 0:
						c.Segment = number.Draw(t, "number")
					case 1:
						c.Run = number.Draw(t, "run")
					case 2:
						c.Duration = ticks.Draw(t, "duration")
					case 3:
						c.Index = rapid.Int().Draw(t, "index")
					case 4:
						c.Wall = at.Draw(t, "wall")
					case 5:
						c.Data = make([]byte, rapid.IntRange(0, 9).Draw(t, "size"))
					}
				case odd < 15 && e.end != nil:
					d := e.end
					switch rapid.IntRange(0, 7).Draw(t, "field") {
					case 0:
						d.Segment = number.Draw(t, "number")
					case 1:
						d.Run = number.Draw(t, "run")
					case 2:
						d.Duration = ticks.Draw(t, "duration")
					case 3:
						d.Start = ticks.Draw(t, "start")
					case 4:
						d.Chunks = rapid.IntRange(-1, 2).Draw(t, "chunks")
					case 5:
						d.Wall = at.Draw(t, "wall")
					case 6:
						d.Timescale = rapid.Uint32().Draw(t, "timescale")
					case 7:
						d.Duration = media.Ticks(rapid.IntRange(0, 1000000).Draw(t, "duration"))
					}
				}
				e.to(w)
				checkBooks(t, w)
			}
		}
	})
}

// checkBooks holds the listing, and what the window counts, against what there is.
func checkBooks(t *rapid.T, w *Window) {
	rows := w.Snapshot().Rows
	for i := 1; i < rows.Len(); i++ {
		if a, b := rows.At(i-1), rows.At(i); b.Number != a.Number+1 || b.Start.Before(a.Start) || b.Duration <= 0 || b.Run.ID < a.Run.ID {
			t.Fatalf("row %d at %v, then %d at %v", a.Number, a.Start, b.Number, b.Start)
		}
	}
	stats := w.Stats()
	held := int64(0)
	for _, in := range w.inits {
		held += int64(len(in.Data))
	}
	for i := range w.rows.n {
		for _, s := range w.rows.At(i).Segments {
			held += int64(len(s.Data))
		}
	}
	if stats.Bytes-stats.OpenBytes != held || stats.OpenBytes < 0 || stats.OpenRows > maxPendingRows {
		t.Fatalf("%d bytes are held: %+v", held, stats)
	}
	open := int64(0)
	for _, p := range w.pending {
		for _, o := range p.segments {
			switch {
			case o.done != nil:
				open += int64(len(o.done.Data))
			default:
				open += o.bytes
			}
		}
	}
	if open != stats.OpenBytes || len(w.pending) == 0 && (w.pendingCost != 0 || w.complete != 0) {
		t.Fatalf("%d bytes are open, cost %d, %d complete: %+v", open, w.pendingCost, w.complete, stats)
	}
}
