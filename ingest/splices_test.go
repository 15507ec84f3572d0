package ingest

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"weir/internal/media"
	"weir/internal/scte35"
)

// signalsOf are what the writer was told of, without messages.
func (w *fakeWriter) signalsOf() []media.Signal {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []media.Signal
	for _, s := range w.signals {
		if !s.InBand {
			all = append(all, s)
		}
	}
	return all
}

// beginsAt tells whether a segment of the first video track begins there.
func (w *fakeWriter) beginsAt(at time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.ends {
		if e.Track == "v1" && e.Start.Time(e.Timescale).Sub(at).Abs() < 20*time.Millisecond {
			return true
		}
	}
	return false
}

func TestSpliceOfAnOperator(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	if _, _, err := f.Splice("news", Splice{Out: true}); !errors.Is(err, ErrOffAir) {
		t.Errorf("off air: %v", err)
	}
	e := f.encoder(t, Publish{Channel: "news"}, 77_000)
	f.run(0, 10*time.Second, e)
	now := f.cfg.Now()
	for name, p := range map[string]Splice{
		"long ago":           {At: now.Add(-time.Minute), Out: true},
		"in two hours":       {At: now.Add(2 * time.Hour), Out: true},
		"an end that lasts":  {Duration: time.Second},
		"a break of a month": {Out: true, Duration: 720 * time.Hour},
	} {
		if _, _, err := f.Splice("news", p); !errors.Is(err, ErrSplice) {
			t.Errorf("%s: %v", name, err)
		}
	}
	at := now.Add(7 * time.Second)
	id, section, err := f.Splice("news", Splice{At: at, Out: true, Duration: 4 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := scte35.Parse(section)
	if err != nil || s.Insert.EventID != id || !s.Insert.Out || s.Insert.Duration != 4*90000 {
		t.Errorf("%+v, %v", s, err)
	}
	f.run(10*time.Second, 20*time.Second, e)
	if _, _, err := f.Splice("news", Splice{Out: true, EventID: 5}); err != nil {
		t.Fatal(err)
	}
	f.run(20*time.Second, 26*time.Second, e)
	if _, _, err := f.Splice("news", Splice{EventID: 5}); err != nil {
		t.Fatal(err)
	}
	f.run(26*time.Second, 34*time.Second, e)
	recent, err := f.Splices("news")
	if err != nil || len(recent) != 2 {
		t.Fatalf("%+v, %v", recent, err)
	}
	w := f.bus.writer(t, 0)
	first, second := recent[0], recent[1]
	if d := first.Date.Sub(at).Abs(); d > time.Millisecond || !bytes.Equal(first.Out, section) {
		t.Errorf("off by %v: %+v", d, first)
	}
	if len(second.In) == 0 || second.Duration <= 0 || !w.beginsAt(second.Start) || !w.beginsAt(second.Start.Add(second.Duration)) {
		t.Errorf("%+v", second)
	}
	if n := len(w.signalsOf()); n < 3 {
		t.Errorf("the bus was told %d times", n)
	}
	e.feed.Close(nil)
}

// What a feed brings is understood, or dropped without an end of the feed.
func TestSectionsOfAFeed(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	e := f.encoder(t, Publish{Channel: "news"}, 0)
	f.run(0, 6*time.Second, e)
	section, err := (&scte35.Section{Command: scte35.SpliceInsert, Insert: scte35.Insert{
		EventID: 1, Out: true, Time: scte35.Time{Known: true, Ticks: 8 * 90000}, Duration: 90000, AutoReturn: true,
	}}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	null, err := (&scte35.Section{Command: scte35.SpliceNull}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	clock := media.Clock{Timescale: 90000, Wrap: 1 << 33}
	for _, data := range [][]byte{section, null, []byte("no section"), make([]byte, maxEventBytes+1), section} {
		if err := e.feed.Event(media.Event{Scheme: media.SchemeSCTE35, Near: true, PTS: 6 * 90000, Clock: clock, Data: data}); err != nil {
			t.Fatal(err)
		}
	}
	f.run(6*time.Second, 14*time.Second, e)
	w := f.bus.writer(t, 0)
	signals := w.signalsOf()
	if len(signals) != 1 || !bytes.Equal(signals[0].Out, section) || signals[0].Planned != time.Second {
		t.Fatalf("%+v", signals)
	}
	if from := signals[0].Start.Sub(w.runs[0].Start); from < 7900*time.Millisecond || from > 8100*time.Millisecond {
		t.Errorf("the splice is %v after the beginning", from)
	}
	if st, _ := f.Status("news"); st.DroppedSamples != 2 {
		t.Errorf("%d are dropped", st.DroppedSamples)
	}
	e.feed.Close(nil)
}

func TestWhatSegmentationsDo(t *testing.T) {
	t.Parallel()
	for segmentationType, want := range map[uint8]media.SpliceKind{
		0x10: media.SpliceCommand, 0x11: media.SpliceCommand, 0x22: media.SpliceOut, 0x23: media.SpliceIn, 0x30: media.SpliceOut,
		0x33: media.SpliceIn, 0x34: media.SpliceOut, 0x35: media.SpliceIn, 0x36: media.SpliceOut, 0x50: media.SpliceCommand, 0: media.SpliceCommand,
	} {
		if got := kindOf(segmentationType); got != want {
			t.Errorf("%#x: %d, want %d", segmentationType, got, want)
		}
	}
}
