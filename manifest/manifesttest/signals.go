package manifesttest

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"weir/internal/media"
)

// Spliced is a channel with a break that has ended, one that has not, a programme that begins, and ID3 in its media.
func Spliced() *media.Window {
	c := New(100)
	c.LowLatency = true
	c.Run(0, Chunked(AVC(1, 1280, 720, "avc1.64001f"), 200*time.Millisecond), Chunked(AAC("a1", 1, 48000, "en"), 200*time.Millisecond))
	c.Rows(12, 2*time.Second, 1_000_000)
	w := c.Window()
	at := func(row int, after time.Duration) (start, date time.Time) {
		r := w.Rows.At(row)
		return r.Start.Add(after), r.Wall.Add(after)
	}
	ended := media.Signal{
		ID: "splice-7-1", Row: 108, Planned: 10 * time.Second, Duration: 8 * time.Second,
		Out: []byte("\xfc0out of the network"), In: []byte("\xfc0back"),
	}
	ended.Start, ended.Date = at(3, 0)
	open := media.Signal{ID: "segmentation52-8-2", Row: 110, Type: 0x34, Out: []byte("\xfc0out again")}
	open.Start, open.Date = at(10, 0)
	programme := media.Signal{ID: "segmentation16-9-3", Row: 102, Type: 0x10, Planned: time.Hour, Command: []byte("\xfc0programme")}
	programme.Start, programme.Date = at(6, 500*time.Millisecond)
	w.Signals = []media.Signal{
		{ID: "messages-0-0", Row: 100, InBand: true, Run: 0, Scheme: media.SchemeID3},
		ended, programme, open,
	}
	return w
}

// DrawSignals is w with signals that an edge may know of: breaks, programmes and messages, of any time and told with any row.
func DrawSignals(t *rapid.T, w *media.Window) *media.Window {
	out := *w
	out.Signals = nil
	oldest, newest := w.Rows.At(0), w.Rows.At(w.Rows.Len()-1)
	span := int64(newest.End().Sub(oldest.Start))
	for i := range rapid.IntRange(0, 5).Draw(t, "signals") {
		s := media.Signal{
			ID:  fmt.Sprintf("splice-%d", i),
			Row: rapid.Uint64Range(oldest.Number-min(oldest.Number, 20), newest.Number+1).Draw(t, "row"),
		}
		if rapid.IntRange(0, 4).Draw(t, "in band") == 0 {
			s.InBand, s.Scheme, s.Run = true, media.SchemeID3, w.Rows.At(rapid.IntRange(0, w.Rows.Len()-1).Draw(t, "run of row")).Run.ID
			out.Signals = append(out.Signals, s)
			continue
		}
		s.Start = oldest.Start.Add(time.Duration(rapid.Int64Range(-span/2-int64(time.Minute), span+int64(time.Minute)).Draw(t, "start")))
		s.Date = s.Start.Add(time.Duration(rapid.IntRange(-100, 100).Draw(t, "off")) * time.Millisecond)
		if rapid.Bool().Draw(t, "planned") {
			s.Planned = time.Duration(rapid.IntRange(1, 90_000).Draw(t, "planned length")) * time.Millisecond
			s.AutoReturn = rapid.Bool().Draw(t, "return")
		}
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			s.Command = []byte{0xfc, 0x30, byte(i)}
		case 1:
			s.In = []byte{0xfc, 0x31, byte(i)}
		case 2:
			s.In = []byte{0xfc, 0x32, byte(i)}
			s.Duration = time.Duration(rapid.IntRange(1, 90_000).Draw(t, "length")) * time.Millisecond
			fallthrough
		default:
			s.Out = []byte{0xfc, 0x33, byte(i)}
		}
		s.Canceled = rapid.IntRange(0, 5).Draw(t, "canceled") == 0
		out.Signals = append(out.Signals, s)
	}
	slices.SortFunc(out.Signals, func(a, b media.Signal) int { return a.Start.Compare(b.Start) })
	return &out
}
