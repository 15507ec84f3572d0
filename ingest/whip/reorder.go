package whip

import "time"

const (
	nackEvery  = 80 * time.Millisecond // between two requests for the same packet
	nackBefore = 10 * time.Millisecond // that packets may have overtaken each other by, before they count as missing
	nackMost   = 256                   // packets that one request names
)

// packet is an RTP packet (RFC 3550, 5.1) as far as it matters here.
type packet struct {
	seq     uint16
	time    uint32
	marker  bool
	payload []byte // owned by whoever has the packet
}

// slot is a place for one packet.
type slot struct {
	packet
	here  bool
	came  time.Time
	asked time.Time // when it was last asked for; zero: never
}

// reorder puts the packets of one stream in order. It holds as many as it has slots, and waits for a missing one no longer than wait. A
// packet that has been given out, or given up, is not taken again.
type reorder struct {
	slots []slot
	wait  time.Duration
	begun bool
	next  int64     // unrolled number of the packet that is given out next
	end   int64     // behind the newest that is here
	hole  time.Time // since when next is known to be missing; zero: it is not
	stray uint16    // number of the last packet that was far from the others
	lost  int       // given up since the last that was given out
}

func newReorder(size int, wait time.Duration) *reorder {
	return &reorder{slots: make([]slot, size), wait: wait}
}

func (r *reorder) slot(n int64) *slot { return &r.slots[n%int64(len(r.slots))] }

// push takes a packet that came at now. Packets whose numbers are far from the others begin a new sequence as soon as two of them follow each
// other (RFC 3550, A.1).
func (r *reorder) push(p packet, now time.Time) {
	if !r.begun {
		r.begun = true
		r.next = int64(p.seq) + 1<<16
		r.end = r.next
	}
	n := r.next + int64(int16(p.seq-uint16(r.next)))
	if size := int64(len(r.slots)); n >= r.next+size || n < r.next-size {
		if p.seq != r.stray+1 {
			r.stray = p.seq
			return
		}
		clear(r.slots)
		r.lost += int(max(r.end-r.next, 1))
		r.next = (r.end/(1<<16)+2)<<16 + int64(p.seq)
		r.end, r.hole = r.next, time.Time{}
		n = r.next
	}
	if n < r.next {
		return // given up, or a second time
	}
	s := r.slot(n)
	if s.here {
		return
	}
	s.packet, s.here, s.came = p, true, now
	r.end = max(r.end, n+1)
	if r.hole.IsZero() && !r.slot(r.next).here {
		r.hole = now
	}
}

// pop gives out the next packet, and how many were given up before it.
func (r *reorder) pop(now time.Time) (p packet, lost int, ok bool) {
	for r.next < r.end {
		s := r.slot(r.next)
		if !s.here && now.Sub(r.hole) < r.wait {
			return packet{}, 0, false
		}
		p, ok = s.packet, s.here
		*s = slot{}
		r.next++
		if ok {
			lost, r.lost = r.lost, 0
			r.hole = r.since()
			return p, lost, true
		}
		r.lost++
	}
	return packet{}, 0, false
}

// since is when the first packet behind a hole at next came; zero: there is no hole.
func (r *reorder) since() time.Time {
	for n := r.next; n < r.end; n++ {
		if s := r.slot(n); s.here && n > r.next {
			return s.came
		} else if s.here {
			break
		}
	}
	return time.Time{}
}

// missing are the numbers to ask for again now.
func (r *reorder) missing(now time.Time) []uint16 {
	if r.hole.IsZero() || now.Sub(r.hole) < nackBefore {
		return nil
	}
	var numbers []uint16
	for n := r.next; n < r.end && len(numbers) < nackMost; n++ {
		if s := r.slot(n); !s.here && (s.asked.IsZero() || now.Sub(s.asked) >= nackEvery) {
			s.asked = now
			numbers = append(numbers, uint16(n))
		}
	}
	return numbers
}
