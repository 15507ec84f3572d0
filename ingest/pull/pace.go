package pull

import (
	"context"
	"time"
)

const (
	pcrWrap = int64(300) << 33
	pcrRate = 27_000_000
	// jump is what clock references do not advance at once; late by how much reading may fall behind before it gives up catching up.
	jump = 10 * time.Second
	late = 5 * time.Second
)

// pace reads a stream as fast as its clock references say (ISO/IEC 13818-1, 2.4.2.1).
type pace struct {
	now  func() time.Time
	wait func(ctx context.Context, d time.Duration) error
	lead time.Duration // how far ahead of its time the stream may be

	on      bool
	begin   time.Time
	elapsed time.Duration // of the stream since begin
	loop    time.Duration // of elapsed, where the present loop began
	last    int64
	seen    bool // a reference, since the loop began
}

// at waits until it is time for what follows a clock reference.
func (p *pace) at(ctx context.Context, pcr int64) error {
	if !p.on {
		p.on, p.begin = true, p.now()
	}
	if p.seen {
		d := time.Duration((pcr - p.last + pcrWrap) % pcrWrap * 1000 / (pcrRate / 1_000_000))
		if d < jump {
			p.elapsed += d
		}
	}
	p.seen, p.last = true, pcr
	behind := p.now().Sub(p.begin.Add(p.elapsed - p.lead))
	if behind > late+p.lead {
		p.begin = p.begin.Add(behind - p.lead)
	}
	if behind < 0 {
		return p.wait(ctx, -behind)
	}
	return nil
}

// again begins the next loop, after one of that length.
func (p *pace) again(length time.Duration) {
	p.loop += length
	p.elapsed, p.seen = p.loop, false
}
