package ingest

import (
	"fmt"
	"testing"
	"time"

	"weir/internal/media"
	"weir/packager"
)

// played keeps what a ring gives a packager.
type played struct{ calls []string }

func (p *played) note(format string, args ...any) error {
	p.calls = append(p.calls, fmt.Sprintf(format, args...))
	return nil
}

func (p *played) Start(formats []media.Format, _ time.Time) error {
	return p.note("start %d", len(formats))
}

func (p *played) Leave(track int, _ time.Time) error { return p.note("leave %d", track) }

func (p *played) Write(s media.Sample, _ time.Time) error {
	return p.note("write %d %d", s.Track, s.DTS)
}
func (p *played) Event(media.Event, time.Time) error { return p.note("event") }
func (p *played) Flush(time.Time) error              { return p.note("flush") }
func (p *played) Stats() packager.Stats              { return packager.Stats{} }

// What is held is bounded in time, by the feed's GOPs, and in bytes; what had been announced before it is told first.
func TestRingHoldsWhatIsNeeded(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_800_000_000, 0)
	r := newRing(2 * time.Second)
	if r.warm(at) {
		t.Error("warm without anything")
	}
	_ = r.Start([]media.Format{aac(), avc()}, at)
	_ = r.Leave(0, at)
	_ = r.Event(media.Event{}, at)
	for i := range 1000 { // a second each
		at = at.Add(time.Second)
		_ = r.Write(media.Sample{Track: 1, DTS: media.Ticks(i), Sync: i%5 == 0, Data: make([]byte, 1000)}, at)
	}
	if held := at.Sub(r.ops[0].at); held != r.keep() || held != 15*time.Second+ringSpare || !r.warm(at) || r.bytes != 40*(1000+opBytes) || r.cut > 0 {
		t.Errorf("%v held, %v wanted, %d bytes", held, r.keep(), r.bytes)
	}
	p := &played{}
	_ = r.replay(p, at.Add(-2*time.Second))
	if got := fmt.Sprint(p.calls); got != "[start 2 leave 0 write 1 998 write 1 999]" {
		t.Error(got)
	}
	_ = r.Start([]media.Format{avc()}, at)
	_ = r.Write(media.Sample{DTS: 7, Data: []byte("x")}, at)
	p = &played{}
	_ = r.replay(p, at.Add(-time.Millisecond))
	if got := fmt.Sprint(p.calls); got != "[start 2 leave 0 write 1 999 start 1 write 0 7]" {
		t.Error(got)
	}
	for range 100 {
		_ = r.Write(media.Sample{Data: make([]byte, 1<<20)}, at)
	}
	if r.bytes > maxRing || r.cut == 0 || !r.short {
		t.Errorf("%d bytes are held, %d samples let go, short: %t", r.bytes, r.cut, r.short)
	}
	for range 100 {
		at = at.Add(time.Second)
		_ = r.Write(media.Sample{Data: []byte("x")}, at)
	}
	if r.short || r.held(at) != r.keep() {
		t.Errorf("%v are held, short: %t", r.held(at), r.short)
	}
	_ = r.Flush(at)
	p = &played{}
	if _ = r.replay(p, time.Time{}); len(p.calls) > 0 || r.bytes > 0 {
		t.Error(p.calls)
	}
}
