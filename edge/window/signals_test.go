package window

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

func signal(id string, row uint64, start time.Time) media.Signal {
	return media.Signal{ID: id, Row: row, Start: start, Date: start, Command: []byte{1}}
}

// rowFeed hands over one row after the other.
type rowFeed struct {
	source
	w    *Window
	next uint64
}

func newRowFeed(dvr time.Duration) *rowFeed {
	f := &rowFeed{source: source{chunks: 1, size: 30}}
	f.w, _ = newWindow(dvr)
	f.runEvent().to(f.w)
	return f
}

func (f *rowFeed) rows(n uint64) {
	f.feed(f.w, f.next, f.next+n)
	f.next += n
}

// ids are the signals of the window's snapshot.
func ids(w *Window) string {
	text := ""
	for _, s := range w.Snapshot().Signals {
		text += s.ID + fmt.Sprint(len(s.In)) + " "
	}
	return text
}

func TestSignalsAreToldWithTheirRow(t *testing.T) {
	t.Parallel()
	f := newRowFeed(10 * time.Minute)
	f.rows(3)
	end := f.w.Snapshot().Rows.At(2).End()
	next := f.next
	out := media.Signal{ID: "break-", Row: next, Start: end.Add(time.Second), Date: end, Out: []byte{1}}
	in := out
	in.Row, in.In, in.Duration = next+1, []byte{2}, 3*time.Second
	f.w.Signal(signal("early-", next-1, end))
	f.w.Signal(out)
	f.w.Signal(in)
	f.w.Signal(out) // told again, late
	assert.Empty(t, ids(f.w), "before the next row")
	f.rows(1)
	assert.Equal(t, "early-0 break-0 ", ids(f.w))
	f.rows(1)
	assert.Equal(t, "early-0 break-1 ", ids(f.w))
	canceled := in
	canceled.Row, canceled.Canceled = next+2, true
	f.w.Signal(canceled)
	f.rows(1)
	require.Len(t, f.w.Snapshot().Signals, 2)
	assert.True(t, f.w.Snapshot().Signals[1].Canceled)
}

// What has ended before the window is forgotten after a while; an open break is not.
func TestSignalsAreForgotten(t *testing.T) {
	t.Parallel()
	f := newRowFeed(12 * time.Second)
	f.rows(8)
	rows := f.w.Snapshot().Rows
	at := rows.At(rows.Len() - 1).End()
	f.w.Signal(signal("point-", f.next, at))
	f.w.Signal(media.Signal{ID: "open-", Row: f.next, Start: at, Date: at, Out: []byte{1}})
	f.w.Signal(media.Signal{ID: "messages-", Row: f.next, InBand: true, Scheme: media.SchemeID3})
	f.rows(1)
	assert.Equal(t, "messages-0 open-0 point-0 ", ids(f.w))
	f.rows(60)
	assert.Equal(t, "messages-0 open-0 ", ids(f.w))
}

// Hostile numbers of signals are bounded.
func TestSignalsAreBounded(t *testing.T) {
	t.Parallel()
	f := newRowFeed(time.Minute)
	f.rows(2)
	at := f.w.Snapshot().Rows.At(0).Start
	for i := range 3000 {
		f.w.Signal(signal(fmt.Sprint("s-", i), f.next+uint64(i/50), at))
	}
	assert.LessOrEqual(t, len(f.w.signals), maxSignals)
	for i := range 1000 {
		f.w.Signal(signal(fmt.Sprint("same-", i), 7, at))
	}
	n := 0
	for _, s := range f.w.signals {
		if s.Row == 7 {
			n++
		}
	}
	assert.LessOrEqual(t, n, maxSignalsOfRow)
}
