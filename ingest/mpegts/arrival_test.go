package mpegts

import (
	"testing"
	"time"

	"weir/ingest"
	"weir/ingest/ingesttest"
	"weir/ingest/mpegts/tstest"
)

// What is held until all tracks of the program are known says when it came. What comes after that does not.
func TestHeldSamplesSayWhenTheyCame(t *testing.T) {
	t.Parallel()
	stream := stream25(tstest.Feed{Frames: 60, Start: 90000})
	begin := time.Unix(1_800_000_000, 0)
	clock := begin
	feed := ingesttest.NewFeed(ingest.Publish{})
	d := NewDemuxer(feed, Config{Now: func() time.Time { return clock }})
	announced := begin
	for at := 0; at < len(stream); at += packetSize {
		if _, err := d.Write(stream[at : at+packetSize]); err != nil {
			t.Fatal(err)
		}
		if len(feed.Got().Starts) == 0 {
			announced = clock.Add(time.Millisecond)
		}
		clock = clock.Add(time.Millisecond)
	}
	if err := d.Flush(); err != nil {
		t.Fatal(err)
	}
	early, last, over := 0, begin, false
	for i, s := range feed.Got().Samples {
		if s.Arrived.IsZero() {
			over = true
			continue
		}
		if over || s.Arrived.Before(last) || s.Arrived.After(announced) {
			t.Errorf("sample %d arrived at %v, the one before at %v", i, s.Arrived.Sub(begin), last.Sub(begin))
		}
		if last = s.Arrived; last.Before(announced) {
			early++
		}
	}
	if early == 0 || !over {
		t.Errorf("%d samples were held; later ones come as they are: %t", early, over)
	}
}
