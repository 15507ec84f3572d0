package rtmp

import (
	"testing"
	"time"

	"weir/ingest"
	"weir/ingest/ingesttest"
	"weir/internal/media"
)

// What is held until the tracks are known says when it came. What comes after that does not.
func TestHeldFramesSayWhenTheyCame(t *testing.T) {
	t.Parallel()
	feed := ingesttest.NewFeed(ingest.Publish{})
	begin := time.Unix(1_800_000_000, 0)
	clock := begin
	d := &discovery{feed: feed, now: func() time.Time { return clock }}
	send := func(ms uint32, body []byte) {
		t.Helper()
		clock = begin.Add(time.Duration(ms) * time.Millisecond)
		if err := d.media(message{Type: typeVideo, Time: ms, Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	send(0, avcHeader)
	send(0, avcIDR)
	for ms := uint32(40); ms <= 2000; ms += 40 { // there is no sound: a second is waited for it
		send(ms, avcSlice)
	}
	samples := feed.Got().Samples
	if n := len(samples); n != 51 {
		t.Fatalf("%d samples", n)
	}
	for _, s := range samples {
		want := time.Time{}
		if ms := time.Duration(s.DTS) * time.Millisecond; media.Ticks(ms) <= holdTime {
			want = begin.Add(ms)
		}
		if !s.Arrived.Equal(want) {
			t.Errorf("sample at %d ms arrived at %v, want %v", s.DTS, s.Arrived, want)
		}
	}
}
