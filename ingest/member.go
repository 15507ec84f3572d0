package ingest

import (
	"time"

	"weir/internal/media"
)

// member is what a session knows of one of its feeds. All of it is under the session's work.
type member struct {
	input   string // which of the channel's inputs it is; "" where there is one only
	formats []media.Format
	main    int       // place of the track that tells how the feed does: the first with pictures, or else the first
	started time.Time // when the tracks were announced first
	onAir   bool      // its samples are packaged
	places  []int     // of its tracks in the packager, while it is on air; -1: another feed brings the same
	spared  int       // how many of these there are
	backlog backlog   // while it is not on air
	clock   memberClock
	closed  bool

	dts      media.Ticks // of the newest sample of the main track
	progress time.Time   // when that moved last; zero: never
	well     time.Time   // since when it has been moving without a break
	pace     pace
}

// item is a sample or an event, with the time at which it was handed over. That only rises from item to item, and tells how the feed does.
type item struct {
	sample media.Sample
	event  *media.Event // instead of a sample
	at     time.Time
	came   time.Time // when it came in: at, or before it where its adapter held it back. It places the feed's clock
}

func (it *item) size() int {
	if it.event != nil {
		return len(it.event.Data)
	}
	return len(it.sample.Data)
}

// restart begins with other formats.
func (m *member) restart() {
	m.main = 0
	for i, f := range m.formats {
		if f.Codec.Kind() == media.Video {
			m.main = i
			break
		}
	}
	m.backlog.clear()
	m.clock.restart(len(m.formats))
}

// isKey tells whether what follows can be decoded from the item on.
func (m *member) isKey(it item) bool {
	return it.event == nil && it.sample.Track == m.main && (it.sample.Sync || m.formats[m.main].Codec.Kind() != media.Video)
}

// freeze is for how long timestamps may stand still before what comes with them is left out.
const freeze = 500 * time.Millisecond

// observe keeps account of whether the feed's time moves. It is false for a sample of a feed whose time does not.
func (f *feed) observe(it item) bool {
	if it.event != nil || it.sample.Track != f.main {
		return true
	}
	back := media.Ticks(f.formats[f.main].Clock.Timescale) / 2 // a clock that begins anew moves too
	if dts := it.sample.DTS; f.progress.IsZero() || dts > f.dts || dts < f.dts-back {
		if it.at.Sub(f.progress) > f.session.silence() {
			f.well = it.at
		}
		f.hurry(dts, it.at)
		f.dts, f.progress = dts, it.at
		return true
	}
	return it.at.Sub(f.progress) <= freeze
}

// hurry takes note of how fast the feed's time goes.
func (f *feed) hurry(dts media.Ticks, now time.Time) {
	step := time.Duration(0)
	if !f.progress.IsZero() {
		step = (dts - f.dts).Duration(f.formats[f.main].Clock.Timescale)
	}
	switch changed := f.pace.move(step, now); {
	case changed && f.pace.fast:
		f.log.Warn(f.pace.told)
	case changed:
		f.log.Info("the feed comes in real time again")
	}
}

// moves tells whether the feed's time has moved lately.
func (f *feed) moves(now time.Time) bool {
	return !f.progress.IsZero() && now.Sub(f.progress) <= f.session.silence()
}
