package bus

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"weir/edge/window"
	"weir/internal/media"
)

// edgeOf is a window behind a sink of its own, that asks nobody.
type edgeOf struct {
	t     *rapid.T
	sink  *sink
	w     *window.Window
	runs  []media.Run
	known int
	shown map[string][2]uint64
}

func newEdge(t *rapid.T, runs []media.Run) *edgeOf {
	log := slog.New(slog.DiscardHandler)
	w := window.New(window.Settings{Channel: "news", Segment: 2 * time.Second, DVR: time.Hour}, func() time.Time { return timeline.Add(time.Hour) }, log)
	w.Target(2 * time.Second)
	s := newSink(&reader{channel: "news", log: log, counters: &readCounters{}}, w)
	s.target = 2 * time.Second
	return &edgeOf{t: t, sink: s, w: w, runs: runs, shown: map[string][2]uint64{}}
}

func (e *edgeOf) take(m telling) {
	for ; e.known <= m.run; e.known++ {
		run, inits := e.runs[e.known], []media.Init(nil)
		tracks := map[string]uint32{}
		for _, t := range run.Tracks {
			tracks[t.Name] = t.Timescale
			inits = append(inits, media.Init{Track: t.Name, Version: t.Init, Data: []byte("init")})
		}
		e.sink.runs = append(e.sink.runs, knownRun{run.ID, tracks})
		e.w.Run(run, inits)
	}
	subject, value, data := m.encode(e.t)
	require.NoError(e.t, e.sink.take(context.Background(), subject, value, data))
	e.look()
}

func (e *edgeOf) offer(m telling) {
	subject, value, data := m.encode(e.t)
	e.sink.offer(subject, value, data)
	e.look()
}

// look holds what players are shown against what they were: it goes on in every track, and all that is listed is there.
func (e *edgeOf) look() {
	w := e.w.Snapshot()
	at := uint64(0)
	n := w.Rows.Len()
	if n > 0 {
		at = w.Rows.At(n-1).Number + 1
	}
	there := func(track string, number uint64, parts []media.Part) {
		for p := range parts {
			if e.w.Part(track, number, p) == nil {
				e.t.Fatalf("part %d of segment %d of %s is listed and not there", p, number, track)
			}
		}
	}
	for i := max(0, n-4); i < n; i++ {
		for k, s := range w.Rows.At(i).Segments {
			there(w.Rows.At(i).Run.Tracks[k].Name, w.Rows.At(i).Number, s.Parts)
		}
	}
	is := map[string][2]uint64{"v1": {at, 0}, "a1": {at, 0}}
	for _, row := range w.Open {
		for k, track := range row.Run.Tracks {
			s := row.Segments[k]
			there(track.Name, row.Number, s.Parts)
			if was := is[track.Name]; n > 0 && was[0] == row.Number {
				if is[track.Name] = [2]uint64{row.Number, uint64(len(s.Parts))}; s.Segment != nil {
					is[track.Name] = [2]uint64{row.Number + 1, 0}
				}
			}
		}
	}
	for track, p := range is {
		was := e.shown[track]
		if p[0] < was[0] || p[0] == was[0] && p[1] < was[1] {
			e.t.Fatalf("track %s was shown up to %v, then up to %v", track, was, p)
		}
	}
	e.shown = is
}

// shows is all that manifests are made of.
func (e *edgeOf) shows() (rows []*media.Row, all media.Window) {
	all = *e.w.Snapshot()
	for i := range all.Rows.Len() {
		rows = append(rows, all.Rows.At(i))
	}
	all.Rows, all.Version = nil, media.Version{}
	return rows, all
}

// TestEdgesEndWithTheSame lets an edge hear of what is never stored, as much as there may be, in whatever order it comes beside the stream, and holds
// what it shows in the end against an edge that hears the stream only.
func TestEdgesEndWithTheSame(t *testing.T) {
	t.Parallel()
	taken := 0
	rapid.Check(t, func(t *rapid.T) {
		s, what := drawStory(t)
		quick, plain := newEdge(t, s.runs), newEdge(t, s.runs)
		ahead := rapid.IntRange(0, len(s.fast)).Draw(t, "ahead")
		published, all := s.fast, rapid.Bool().Draw(t, "hears all of the first writer")
		for i, m := range s.stream {
			plain.take(m)
			quick.take(m)
			upTo := min(max(0, i+1-rapid.IntRange(0, 3).Draw(t, "behind"))+rapid.IntRange(0, ahead).Draw(t, "of it"), len(s.fast))
			if all && i+1 >= s.stored {
				upTo = max(upTo, s.told)
			}
			for len(published) > len(s.fast)-upTo {
				quick.offer(published[0])
				published = published[1:]
			}
		}
		for _, m := range published {
			quick.offer(m)
		}
		for _, m := range s.calm {
			plain.take(m)
			quick.take(m)
		}
		if quick.w.Stats().Retracted > 0 {
			taken++
		}
		rows, shown := quick.shows()
		want, shownThere := plain.shows()
		if diff := cmp.Diff(want, rows, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%s: rows differ: %s", what, diff)
		}
		if diff := cmp.Diff(shownThere, shown, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%s: they differ: %s", what, diff)
		}
		is, was := quick.w.Stats(), plain.w.Stats()
		is.Duplicates, is.Late, is.Refused, is.Damaged, is.Retracted = 0, 0, 0, 0, 0
		was.Duplicates, was.Late, was.Refused, was.Damaged, was.Retracted = 0, 0, 0, 0, 0
		if diff := cmp.Diff(was, is); diff != "" {
			t.Fatalf("%s: what is held differs: %s", what, diff)
		}
		if len(rows) < 6 {
			t.Fatalf("%d rows are listed", len(rows))
		}
	})
	require.Positive(t, taken, "how often anything was taken back")
}
