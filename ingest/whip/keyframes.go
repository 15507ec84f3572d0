package whip

import (
	"time"

	"weir/internal/media"
)

const (
	pictureRate = 90000 // ticks a second of every H.264 stream (RFC 6184, 8.2.1)

	answerWithin = 700 * time.Millisecond // a key frame that comes later was not made for the request

	trials    = 2               // requests at the start, by which a sender shows whether it answers
	trialTime = 3 * time.Second // that it has for them

	askAgain = 500 * time.Millisecond // until a request is repeated
	askMost  = 4 * time.Second        // what that grows to where requests do nothing
)

// keyframes decides when to ask for a key frame. Places are on the channel timeline, in ticks of 1/90000 s, as near as they are known here.
type keyframes struct {
	segment  time.Duration
	due      media.Ticks // from there on, the next is wanted
	begun    time.Time   // when one was asked for the first time
	answered int         // how many of the first came because they were asked for
	opened   time.Time   // when the next was asked for first; zero: no request is open
	asked    time.Time   // and last
	pause    time.Duration
}

// came notes a key frame, and tells whether it came because it was asked for.
func (k *keyframes) came(now time.Time) (answer bool) {
	answer = !k.opened.IsZero() && now.Sub(k.opened) <= answerWithin
	if answer {
		k.answered++
	}
	k.opened, k.pause = time.Time{}, 0
	return answer
}

// next says when the key frame after the one at place is wanted: at the next border where that was the answer to a request. A sender that
// makes them on its own keeps its rhythm: it is asked only when it is late by a quarter of a segment.
func (k *keyframes) next(place media.Ticks, answer bool) {
	if answer {
		k.due = media.NextBorder(place, pictureRate, k.segment)
	} else {
		k.due = place + media.FromDuration(k.segment*5/4, pictureRate)
	}
}

// onDemand tells whether the sender makes key frames when it is asked to; known: for certain, or it has had the time to show that.
func (k *keyframes) onDemand(now time.Time) (yes, known bool) {
	yes = k.answered >= trials
	return yes, yes || !k.begun.IsZero() && now.Sub(k.begun) >= trialTime
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
	if k.begun.IsZero() {
		k.begun = now
	}
	k.asked, k.pause = now, min(max(2*k.pause, askAgain), askMost)
	return true
}
