package whip

import (
	"time"

	"weir/internal/media"
)

const (
	pictureRate = 90000 // ticks a second of every H.264 stream (RFC 6184, 8.2.1)

	answerWithin = 700 * time.Millisecond // a key frame that comes later was not made for the request

	askAgain = 500 * time.Millisecond // until a request is repeated
	askMost  = 4 * time.Second        // what that grows to where requests do nothing
)

// keyframes decides when to ask for a key frame. Places are on the channel timeline, in ticks of 1/90000 s, as near as they are known here.
type keyframes struct {
	segment time.Duration
	due     media.Ticks // from there on, the next is wanted
	opened  time.Time   // when it was asked for first; zero: no request is open
	asked   time.Time   // and last
	pause   time.Duration
}

// came notes a key frame. The next is wanted at the next border where this one is the answer to a request. A sender that makes them on its
// own keeps its rhythm: it is asked only when it is late by a quarter of a segment.
func (k *keyframes) came(place media.Ticks, now time.Time) {
	if k.opened.IsZero() || now.Sub(k.opened) > answerWithin {
		k.due = place + media.FromDuration(k.segment*5/4, pictureRate)
	} else {
		k.due = media.NextBorder(place, pictureRate, k.segment)
	}
	k.early()
}

// passed tells whether to ask now, after a frame that is no key frame.
func (k *keyframes) passed(place media.Ticks, now time.Time) bool {
	return place >= k.due && k.need(now)
}

// need tells whether to ask now for a key frame that is wanted at once: true the first time, then only where it does not come.
func (k *keyframes) need(now time.Time) bool {
	if !k.opened.IsZero() && now.Sub(k.asked) < k.pause {
		return false
	}
	if k.opened.IsZero() {
		k.opened = now
	}
	k.asked, k.pause = now, min(max(2*k.pause, askAgain), askMost)
	return true
}

// early notes a key frame that came before it could be used: another is needed at once when it can.
func (k *keyframes) early() { k.opened, k.pause = time.Time{}, 0 }
