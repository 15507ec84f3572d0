package rtmp

import (
	"time"

	"weir/internal/media"
)

const (
	// stillFrames is how many frames of one track with the same timestamp, from the feed's first frame on, tell that it has none. Encoders give
	// the frames of their priming one timestamp too.
	stillFrames = 6
	// arrivalSlack is how far a frame may arrive from where the one before it ended and still be taken to follow it at once.
	arrivalSlack = 500 * time.Millisecond
)

// arrivalTime is the time of a frame of a feed that has no timestamps: when it arrived, counted from the feed's first frame. Audio frames
// last as long as their codec says, so they follow one another exactly, whatever the network does, as long as they come in time.
func (t *track) arrivalTime(arrived time.Duration) media.Ticks {
	at := arrived
	d := frameDuration(t.format)
	if t.seen {
		if late := arrived - t.next; d > 0 && late >= -arrivalSlack && late <= arrivalSlack {
			at = t.next
		}
		if least := t.next - d + time.Millisecond; at < least {
			at = least
		}
	}
	t.next, t.seen = at+d, true
	return media.Ticks(at)
}

// frameDuration is how long every frame of the format lasts; 0: they differ, or it is not known.
func frameDuration(f media.Format) time.Duration {
	samples, rate := 0, 0
	switch f.Codec {
	case media.AAC:
		samples, rate = aacTiming(f.Config)
	case media.MP3:
		samples, rate = 1152, f.SampleRate
		if rate < 32000 { // ISO/IEC 13818-3, 2.4.2.3
			samples = 576
		}
	}
	if rate == 0 {
		return 0
	}
	return time.Duration(samples) * time.Second / time.Duration(rate)
}

// aacTiming reads off an AudioSpecificConfig how many samples a frame has, and their rate: those of the core codec where there is another
// on top of it, which comes to the same (ISO/IEC 14496-3, 1.6.2.1 and 4.4.1).
func aacTiming(config []byte) (samples, rate int) {
	b := bitReader{p: config}
	const escape, explicitRate, sbr, ps = 31, 15, 5, 29
	object := b.take(5)
	if object == escape {
		object = 32 + b.take(6)
	}
	rates := [...]int{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}
	if i := b.take(4); i == explicitRate {
		rate = int(b.take(24))
	} else if int(i) < len(rates) {
		rate = rates[i]
	}
	b.take(4)
	if object == sbr || object == ps {
		if b.take(4) == explicitRate {
			b.take(24)
		}
		if b.take(5) == escape {
			b.take(6)
		}
	}
	samples = 1024
	if b.take(1) == 1 {
		samples = 960
	}
	if b.short {
		return 0, 0
	}
	return samples, rate
}
