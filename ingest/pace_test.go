package ingest

import (
	"math"
	"strings"
	"testing"
	"time"

	"weir/internal/media"
)

// feedAt brings sound to a feed, so much of it, so many times as fast as it plays.
func feedAt(t *testing.T, f *fixture, feed Feed, from media.Ticks, length time.Duration, speed float64) (to media.Ticks) {
	t.Helper()
	for end := from + media.FromDuration(length, 48000); from < end; from += 1024 {
		if err := feed.Write(media.Sample{PTS: from, DTS: from, Sync: true, Data: make([]byte, 100)}); err != nil {
			t.Fatal(err)
		}
		f.clock.advance(time.Duration(float64(time.Second) * 1024 / 48000 / speed))
	}
	return from
}

// A feed at ten times real time was on air as any other, and its operator did not get to know why players could not follow.
func TestFeedThatIsTooFastIsTold(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	feed := f.open(t, "news")
	if err := feed.Start([]media.Format{aac()}); err != nil {
		t.Fatal(err)
	}
	at := feedAt(t, f, feed, 0, 10*time.Second, 1)
	at = feedAt(t, f, feed, at, time.Minute, 10)
	st, _ := f.Status("news")
	if math.Abs(st.Speed-10) > 0.5 || !strings.Contains(st.LastError, "times real time") || st.LastErrorAt.IsZero() {
		t.Errorf("speed %.1f, told %q", st.Speed, st.LastError)
	}
	if n := strings.Count(f.log.String(), "too fast"); n != 1 {
		t.Errorf("%d lines in the log", n)
	}
	at = feedAt(t, f, feed, at, 8*time.Minute, 1)
	if st, _ = f.Status("news"); math.Abs(st.Speed-1) > 0.05 {
		t.Errorf("speed %.1f in real time", st.Speed)
	}
	if !strings.Contains(f.log.String(), "in real time again") {
		t.Error("its end is not in the log")
	}
	feedAt(t, f, feed, at, 10*time.Second, 0.1)
	if st, _ = f.Status("news"); math.Abs(st.Speed-0.1) > 0.05 {
		t.Errorf("speed %.2f at a tenth", st.Speed)
	}
	feed.Close(nil)
}

// Whoever could not send for a while sends all of that at once; and clocks are not exact.
func TestFeedThatCatchesUpIsNotTooFast(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	feed := f.open(t, "news")
	if err := feed.Start([]media.Format{aac()}); err != nil {
		t.Fatal(err)
	}
	at := feedAt(t, f, feed, 0, 10*time.Second, 100) // an encoder empties its buffer
	for range 5 {
		f.clock.advance(30 * time.Second)
		at = feedAt(t, f, feed, at, 30*time.Second, 100)
		at = feedAt(t, f, feed, at, time.Minute, 1)
	}
	feedAt(t, f, feed, at, 15*time.Minute, 1.01)
	if st, _ := f.Status("news"); st.LastError != "" {
		t.Errorf("told %q", st.LastError)
	}
	feed.Close(nil)
}
