package window

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"weir/internal/media"
)

// plain is a window as values: what manifests are made of.
type plain struct {
	Rows   []*media.Row
	Window media.Window
}

func plainly(w *media.Window) plain {
	p := plain{Window: *w}
	for i := range w.Rows.Len() {
		p.Rows = append(p.Rows, w.Rows.At(i))
	}
	p.Window.Rows, p.Window.Version = nil, media.Version{}
	return p
}

// TestSameOnEveryEdge feeds two windows with the same messages, of which some are lost or out of order. One of them joins when a part of what
// the other has seen is gone, and their clocks differ. Once what only one has seen is out of reach, they show the same.
func TestSameOnEveryEdge(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events, made := drawEvents(t)
		events = disturb(t, events, rapid.IntRange(0, 4).Draw(t, "displacement"), rapid.Bool().Draw(t, "loses"))
		last := *made[len(made)-1]
		seen := uint64(len(made))
		dvr := time.Duration(rapid.IntRange(1, 60).Draw(t, "dvr")) * time.Second
		shorter := time.Duration(rapid.IntRange(1, int(dvr/time.Second)).Draw(t, "shorter dvr")) * time.Second
		for n := seen; n < seen+max(minRows, uint64(dvr/lasts)+1)+4; n++ { // calm, so that what was there before is out of reach
			events = append(events, last.row(n)...)
			made = append(made, &last)
		}
		next := last.row(uint64(len(made)))
		events = append(events, next[:rapid.IntRange(0, len(next)-1).Draw(t, "of an open row")]...)
		vary(t, events)
		join := rapid.Uint64Range(1, seen).Draw(t, "joins at row")
		cut := rapid.IntRange(0, len(events)-1).Draw(t, "settings change at")

		set := Settings{Channel: "news", Title: "News", Segment: lasts, DVR: dvr, Revision: 4}
		one := New(set, (&clock{epoch}).now, quiet)
		two := New(set, (&clock{epoch.Add(700 * time.Hour)}).now, quiet)
		one.Target(lasts)
		two.Target(lasts)
		set.DVR, set.Revision = shorter, 7
		for i, e := range events {
			e.to(one)
			gone := e.chunk != nil && (e.chunk.Segment < join || e.chunk.Segment == join && e.chunk.Index == 0) || e.end != nil && e.end.Segment < join
			if !gone {
				e.to(two)
			}
			if i == cut {
				one.Set(set)
			}
			if i == len(events)/2 || i == cut && i > len(events)/2 {
				set := set
				if i < cut {
					set.DVR = dvr
				}
				two.Set(set)
			}
		}
		one.Set(set)
		two.Set(set)
		a, b := plainly(one.Snapshot()), plainly(two.Snapshot())
		if diff := cmp.Diff(a, b, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("they differ: %s", diff)
		}
		if len(a.Rows) < minRows {
			t.Fatalf("%d rows are listed", len(a.Rows))
		}
	})
}

// vary lets rates rise, and walls come earlier and later than they should, as the ingest's filter makes them.
func vary(t *rapid.T, events []event) {
	off := make(map[uint64]time.Duration)
	rate := 100
	for _, e := range events {
		switch {
		case e.end != nil:
			rate += rapid.IntRange(0, 2).Draw(t, "rate")
			e.end.Rate = media.Rate{Peak: 2 * rate, Average: rate}
			e.end.Wall = e.end.Wall.Add(offset(t, off, e.end.Segment))
		case e.chunk != nil:
			e.chunk.Wall = e.chunk.Wall.Add(offset(t, off, e.chunk.Segment))
		}
	}
}

func offset(t *rapid.T, off map[uint64]time.Duration, number uint64) time.Duration {
	if _, there := off[number]; !there {
		off[number] = time.Duration(rapid.SampledFrom([]int{0, 0, 0, -500, 500, -3000}).Draw(t, "wall off by ms")) * time.Millisecond
	}
	return off[number]
}
