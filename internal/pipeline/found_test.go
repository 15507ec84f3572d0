package pipeline

import (
	"math/rand/v2"
	"testing"
	"time"

	"weir/internal/media"
	"weir/packager"
)

// What the properties found, each reduced to a feed.

// ms is the clock of feeds that count milliseconds, mpeg that of feeds that count as MPEG does.
var (
	ms   = media.Clock{Timescale: 1000}
	mpeg = media.Clock{Timescale: 90000, Wrap: 1 << 33}
)

func newSource(formats ...media.Format) *source {
	return &source{formats: formats, base: time.Hour, random: rand.New(rand.NewPCG(1, 1))}
}

// play hands all samples of a source to a new channel.
func (s *source) play(t *testing.T, cfg packager.Config, dvr time.Duration) *channel {
	t.Helper()
	c := newChannel(t, 1, cfg, dvr)
	c.connect(s.formats)
	for _, a := range s.sorted() {
		c.pass(epoch.Add(a.at))
		c.write(a.Sample)
	}
	c.disconnect()
	c.finish()
	return c
}

// A hole in the audio that is too short to end its run, but hides a short row, made a gap in the middle of the run; the MPD listed no
// audio any more from there on.
func TestShortHoleOverAWholeRow(t *testing.T) {
	t.Parallel()
	for hole := 30; hole < 260; hole += 25 {
		s := newSource(avc(0, ms), aac(48000, "", ms))
		at := 8300 * time.Millisecond // there is a border 76 ms later, too
		s.video(0, 0, at, picture{fps: media.Fraction{Num: 50, Den: 1}, gop: 60})
		s.video(0, at, 12*sec, picture{fps: media.Fraction{Num: 50, Den: 1}, gop: 1})
		s.audio(1, 0, at-15*time.Millisecond, 48000)
		s.audio(1, at+time.Duration(hole)*time.Millisecond, 12*sec, 48000)
		s.play(t, packager.Config{Segment: 500 * time.Millisecond}, 20*sec)
	}
}

// Where the lead goes from audio to video, a run's end in ticks of one and the next run's start in ticks of the other may be the same
// instant, rounded otherwise: Periods overlapped by microseconds.
func TestPeriodsDoNotOverlapWhereVideoComesBack(t *testing.T) {
	t.Parallel()
	for late := range 10 {
		s := newSource(avc(0, mpeg), aac(44100, "", mpeg))
		s.audio(1, 0, 12*sec, 44100)
		s.video(0, 7*sec+time.Duration(late)*29654321, 12*sec, picture{fps: media.Fraction{Num: 25, Den: 1}, gop: 25})
		if c := s.play(t, packager.Config{Segment: sec}, 20*sec); len(c.view.mpd.Periods) != 2 {
			t.Fatalf("%d Periods", len(c.view.mpd.Periods))
		}
	}
}

// Audio that is a little shorter than the video in every run had a playlist of less than three target durations.
func TestShortestPlaylistHasThreeTargets(t *testing.T) {
	t.Parallel()
	c := newChannel(t, 1, packager.Config{Segment: sec}, 0)
	for k := range 20 {
		s := newSource(avc(0, mpeg), aac(48000, "", mpeg))
		from := time.Duration(k) * 900 * time.Millisecond
		s.video(0, from, from+800*time.Millisecond, picture{fps: media.Fraction{Num: 25, Den: 1}, gop: 10})
		s.audio(1, from+200*time.Millisecond, from+700*time.Millisecond, 48000)
		c.connect(s.formats)
		for _, a := range s.sorted() {
			c.pass(epoch.Add(a.at))
			c.write(a.Sample)
		}
		c.disconnect()
	}
	c.finish()
}
