package pull

import (
	"encoding/binary"
	"time"
)

const (
	rtpHead = 12
	// window is how many packets of RTP wait for one that is missing, and patience how long.
	window   = 64
	patience = 100 * time.Millisecond
)

// unwrap is the transport stream in a datagram of RTP (RFC 3550, 5.1; RFC 2250), and its number; ok is false for a datagram that is bare.
func unwrap(b []byte) (payload []byte, number uint16, ok bool) {
	if len(b) < rtpHead || b[0]>>6 != 2 {
		return nil, 0, false
	}
	n := rtpHead + 4*int(b[0]&0x0f)
	if b[0]&0x10 != 0 {
		if len(b) < n+4 {
			return nil, 0, false
		}
		n += 4 + 4*int(binary.BigEndian.Uint16(b[n+2:]))
	}
	if n > len(b) {
		return nil, 0, false
	}
	payload = b[n:]
	if b[0]&0x20 != 0 && len(payload) > 0 {
		padding := int(payload[len(payload)-1])
		if padding > len(payload) {
			return nil, 0, false
		}
		payload = payload[:len(payload)-padding]
	}
	return payload, binary.BigEndian.Uint16(b[2:]), true
}

// reorder puts packets of RTP in the order of their numbers, as far as they come within the window.
type reorder struct {
	on    bool
	next  uint16 // the number that is waited for
	held  [window][]byte
	count int
	since time.Time // that something is held

	late, missing uint64
}

// push takes a packet and calls emit with those that are in order now. It keeps a copy of what waits.
func (r *reorder) push(number uint16, payload []byte, now time.Time, emit func([]byte) error) error {
	if !r.on {
		r.on, r.next = true, number
	}
	switch d := int16(number - r.next); {
	case d == 0:
		r.next++
		if err := emit(payload); err != nil {
			return err
		}
		return r.run(emit)
	case d < 0 && d > -1000:
		r.late++ // or again
		return nil
	case d < 0 || d >= 1000: // another stream
		if err := r.flush(emit); err != nil {
			return err
		}
		r.next = number + 1
		return emit(payload)
	case d >= window:
		for int16(number-r.next) >= window {
			if err := r.skip(emit); err != nil {
				return err
			}
		}
		return r.push(number, payload, now, emit)
	}
	at := &r.held[number%window]
	if *at != nil {
		r.late++
		return nil
	}
	if r.count == 0 {
		r.since = now
	}
	*at = append(make([]byte, 0, len(payload)), payload...)
	r.count++
	return nil
}

// expire gives up waiting where that took too long.
func (r *reorder) expire(now time.Time, emit func([]byte) error) error {
	for r.count > 0 && now.Sub(r.since) >= patience {
		for r.held[r.next%window] == nil {
			r.next++
			r.missing++
		}
		if err := r.run(emit); err != nil {
			return err
		}
		r.since = now
	}
	return nil
}

// flush emits all that is held.
func (r *reorder) flush(emit func([]byte) error) error {
	for r.count > 0 {
		if err := r.skip(emit); err != nil {
			return err
		}
	}
	return nil
}

// skip goes on behind the number that is waited for.
func (r *reorder) skip(emit func([]byte) error) error {
	if r.held[r.next%window] == nil {
		r.next++
		r.missing++
	}
	return r.run(emit)
}

// run emits what follows without a hole.
func (r *reorder) run(emit func([]byte) error) error {
	for {
		at := &r.held[r.next%window]
		if *at == nil {
			return nil
		}
		b := *at
		*at = nil
		r.count--
		r.next++
		if err := emit(b); err != nil {
			return err
		}
	}
}
