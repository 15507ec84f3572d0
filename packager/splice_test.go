package packager

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

// told is an event that a feed brings at that true time.
type toldEvent struct {
	at time.Duration
	e  media.Event
}

var spliceClock = media.Clock{Timescale: 90000, Wrap: 1 << 33}

// spliceAt is a splice at that true time of y.
func (y *synth) spliceAt(at time.Duration, s media.Splice, data string) media.Event {
	pts := media.FromDuration(y.base+at, 90000) % spliceClock.Wrap
	return media.Event{Scheme: media.SchemeSCTE35, PTS: pts, Clock: spliceClock, Splices: []media.Splice{s}, Data: []byte(data)}
}

// runWith feeds all samples and events, and flushes.
func (y *synth) runWith(t testing.TB, p *Packager, told []toldEvent) {
	t.Helper()
	must(t, p.Start(y.formats, epoch))
	now := epoch
	for _, e := range y.sorted() {
		for len(told) > 0 && told[0].at <= e.arrival {
			must(t, p.Event(told[0].e, now))
			told = told[1:]
		}
		now = epoch.Add(e.arrival)
		must(t, p.Write(e.s, now))
	}
	must(t, p.Flush(now))
}

// latest is the newest state of each signal, by the order in which they came.
func (r *recorder) latest() []media.Signal {
	var all []media.Signal
next:
	for _, s := range r.signals {
		for i := range all {
			if all[i].ID == s.ID {
				all[i] = s
				continue next
			}
		}
		all = append(all, s)
	}
	return all
}

// splices are those that have sections.
func (r *recorder) splices() []media.Signal {
	var all []media.Signal
	for _, s := range r.latest() {
		if !s.InBand {
			all = append(all, s)
		}
	}
	return all
}

// starts are where the lead's rows begin, counted from epoch, in milliseconds rounded.
func (r *recorder) starts() []int {
	var starts []int
	for _, e := range r.ends {
		if e.Track == r.runs[0].Tracks[0].Name {
			starts = append(starts, int(e.Start.Time(e.Timescale).Sub(epoch).Round(time.Millisecond)/time.Millisecond))
		}
	}
	return starts
}

// broadcast is a feed with a sync sample each half second, on a clock that wraps after two seconds.
func broadcast(lasts time.Duration) *synth {
	y := &synth{formats: []media.Format{avcFormat(90000, 1<<33), aacFormat(48000, 90000, 1<<33)}}
	y.base = media.Ticks(1<<33).Duration(90000) - 2*sec
	y.video(0, 0, lasts, fps25, 12, true)
	y.audio(1, 0, lasts, 48000)
	return y
}

func cutInto(t testing.TB, y *synth, told []toldEvent) (*recorder, Stats) {
	t.Helper()
	rec := newRecorder(t, Resume{})
	p, err := New(Config{2 * sec, 200 * time.Millisecond}, Resume{}, rec)
	must(t, err)
	y.runWith(t, p, told)
	rec.complete()
	must(t, y.verify(rec, p.Stats(), 60*time.Microsecond))
	return rec, p.Stats()
}

// Frames of broadcast are 40 ms and shown a frame after they are decoded, and the timeline begins with the first decoding.

func TestSpliceBeginsARow(t *testing.T) {
	t.Parallel()
	y := broadcast(20 * sec)
	out := media.Splice{Kind: media.SpliceOut, ID: 7, Duration: 4800 * time.Millisecond}
	in := media.Splice{Kind: media.SpliceIn, ID: 7}
	// Sync samples are shown at 40 ms and each 480 ms from there.
	at, end := 7240*time.Millisecond, 12040*time.Millisecond
	rec, st := cutInto(t, y, []toldEvent{
		{3 * sec, y.spliceAt(at, out, "out")},
		{3500 * time.Millisecond, y.spliceAt(at+10*time.Millisecond, out, "out again")}, // told again
		{11 * sec, y.spliceAt(end, in, "in")},
	})
	assert.Contains(t, rec.starts(), 7240)
	assert.Contains(t, rec.starts(), 12040)
	assert.EqualValues(t, 2, st.SpliceCuts)
	signals := rec.splices()
	require.Len(t, signals, 1)
	s := signals[0]
	assert.Equal(t, epoch.Add(at).Round(time.Millisecond), s.Start.Round(time.Millisecond))
	assert.Equal(t, "out", string(s.Out))
	assert.Equal(t, "in", string(s.In))
	assert.Equal(t, end-at, s.Duration.Round(time.Millisecond))
	assert.Equal(t, 4800*time.Millisecond, s.Planned)
	// The row that begins there has the date that was told.
	found := false
	for _, e := range rec.ends {
		if e.Track == "v1" && e.Start.Time(e.Timescale).Sub(s.Start).Abs() < time.Millisecond {
			found = true
			assert.WithinDuration(t, s.Date, e.Wall, 50*time.Microsecond)
		}
	}
	assert.True(t, found)
}

// It is known of a splice before it comes to the row with which it is told.
func TestSplicesAreToldWithTheOpenRow(t *testing.T) {
	t.Parallel()
	y := broadcast(24 * sec)
	rec, _ := cutInto(t, y, []toldEvent{{15 * sec, y.spliceAt(19*sec, media.Splice{Kind: media.SpliceOut, ID: 1}, "out")}})
	s := rec.splices()
	require.Len(t, s, 1)
	for _, e := range rec.ends {
		if e.Segment == s[0].Row && e.Track == "v1" {
			from := e.Start.Time(e.Timescale).Sub(epoch)
			assert.Less(t, from, 15*sec)
			assert.Greater(t, from+e.Duration.Duration(e.Timescale), 14500*time.Millisecond)
		}
	}
}

func TestSuddenSpliceIsAtTheNextSyncSample(t *testing.T) {
	t.Parallel()
	y := broadcast(12 * sec)
	out := y.spliceAt(5*sec, media.Splice{Kind: media.SpliceOut, ID: 9, Immediate: true, Duration: 2 * sec, AutoReturn: true}, "now")
	out.Near = true
	again := out
	again.PTS = (out.PTS + 90000) % spliceClock.Wrap
	rec, _ := cutInto(t, y, []toldEvent{{5 * sec, out}, {6 * sec, again}})
	signals := rec.splices()
	require.Len(t, signals, 1)
	// The next one is shown at 40 ms + 11 × 480 ms, the first after two seconds more at 40 ms + 16 × 480 ms.
	assert.Equal(t, 5320*time.Millisecond, signals[0].Start.Sub(epoch).Round(time.Millisecond))
	assert.Contains(t, rec.starts(), 5320)
	assert.Contains(t, rec.starts(), 7720)
}

func TestCanceledSpliceCutsNothing(t *testing.T) {
	t.Parallel()
	y := broadcast(24 * sec)
	out := media.Splice{Kind: media.SpliceOut, ID: 3, Duration: sec, AutoReturn: true}
	rec, st := cutInto(t, y, []toldEvent{
		{3 * sec, y.spliceAt(7240*time.Millisecond, out, "out, which nobody hears of")},
		{4 * sec, y.spliceAt(4*sec, media.Splice{ID: 3, Cancel: true}, "cancel")},
		{15 * sec, y.spliceAt(19720*time.Millisecond, out, "out")},
		{16 * sec, y.spliceAt(16*sec, media.Splice{ID: 3, Cancel: true}, "cancel")},
	})
	assert.NotContains(t, rec.starts(), 7240)
	assert.NotContains(t, rec.starts(), 19720)
	assert.Zero(t, st.SpliceCuts)
	signals := rec.splices()
	require.Len(t, signals, 1)
	assert.True(t, signals[0].Canceled)
}

// A splice that is told for another time is another one, and the first does not happen.
func TestSpliceIsMoved(t *testing.T) {
	t.Parallel()
	y := broadcast(26 * sec)
	out := media.Splice{Kind: media.SpliceOut, ID: 3}
	rec, _ := cutInto(t, y, []toldEvent{
		{15 * sec, y.spliceAt(19720*time.Millisecond, out, "out")},
		{16 * sec, y.spliceAt(21640*time.Millisecond, out, "later")},
	})
	assert.NotContains(t, rec.starts(), 19720)
	assert.Contains(t, rec.starts(), 21640)
	signals := rec.splices()
	require.Len(t, signals, 2)
	assert.True(t, signals[0].Canceled)
	assert.False(t, signals[1].Canceled)
}

func TestEventsBeforeTheFirstSampleWaitForTheClock(t *testing.T) {
	t.Parallel()
	y := broadcast(10 * sec)
	rec, _ := cutInto(t, y, []toldEvent{{0, y.spliceAt(5320*time.Millisecond, media.Splice{Kind: media.SpliceOut, ID: 1}, "out")}})
	assert.Contains(t, rec.starts(), 5320)
	require.Len(t, rec.splices(), 1)
}

// What lasts is told again, so that whoever comes late knows of it.
func TestOpenBreaksAreToldAgain(t *testing.T) {
	t.Parallel()
	y := broadcast(100 * sec)
	rec, _ := cutInto(t, y, []toldEvent{{sec, y.spliceAt(5320*time.Millisecond, media.Splice{Kind: media.SpliceOut, ID: 1}, "out")}})
	var told []media.Signal
	for _, s := range rec.signals {
		if !s.InBand {
			told = append(told, s)
			assert.Equal(t, told[0], s)
		}
	}
	assert.GreaterOrEqual(t, len(told), 3)
}

func TestSplicesOfOtherTimesAreDropped(t *testing.T) {
	t.Parallel()
	y := broadcast(4 * sec)
	rec, st := cutInto(t, y, []toldEvent{
		{sec, y.spliceAt(9*time.Hour, media.Splice{Kind: media.SpliceOut}, "far")},
		{sec, media.Event{Scheme: media.SchemeSCTE35, Splices: []media.Splice{{}}}},
		{sec, media.Event{Scheme: "a\x00b", Clock: spliceClock}},
	})
	assert.Empty(t, rec.signals)
	assert.EqualValues(t, 3, st.Events)
	assert.EqualValues(t, 3, st.DroppedEvents)
}
