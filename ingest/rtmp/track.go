package rtmp

import (
	"bytes"
	"fmt"
	"time"

	"weir/internal/media"
)

// RTMP's clock counts milliseconds modulo 2^32. Tracks of Enhanced RTMP may say what is below them: their clock counts nanoseconds.
const (
	clockRate    = 1000
	clockWrap    = media.Ticks(1) << 32
	nanosPerTick = 1_000_000
)

// track is a track as far as it is known.
type track struct {
	kind   media.Kind
	id     uint8
	format media.Format // but for its clock and its language, which announce gives it
	known  bool
	index  int // in the formats announced; -1 before

	language string // as announced
	fine     bool   // the clock counts nanoseconds
	frames   int    // that were held

	bare     bool // Opus began without a header
	channels int  // that a bare one said it has; 0: it did not

	next time.Duration // where the next frame is expected, of a feed without timestamps
	seen bool          // next is set
}

// clock is what the track's samples are given in.
func (t *track) clock() media.Clock {
	if t.fine {
		return media.Clock{Timescale: clockRate * nanosPerTick, Wrap: clockWrap * nanosPerTick}
	}
	return media.Clock{Timescale: clockRate, Wrap: clockWrap}
}

// ticks is a time in nanoseconds on the track's clock. What it does not resolve is cut off.
func (t *track) ticks(ns media.Ticks) media.Ticks {
	if t.fine {
		return ns
	}
	q := ns / nanosPerTick
	if ns%nanosPerTick < 0 {
		q--
	}
	return q
}

// formatOf is the format that a frame gives its track, where the frames of its codec describe themselves; ok is false where they do not.
func (t *track) formatOf(p packet) (f media.Format, ok bool, err error) {
	switch p.Codec {
	case media.AC3, media.EAC3, media.MP3:
		f, err = describe(p.Codec, p.Data)
		return f, err == nil && (!t.known || !sameButRate(t.format, f)), err
	case media.Opus:
		if !t.bare || t.known {
			return f, false, nil
		}
		channels := t.channels
		if channels == 0 {
			channels = 1 + int(p.Data[0]>>2&1) // RFC 6716, 3.1
		}
		if channels > 2 {
			return f, false, fmt.Errorf("audio %w: Opus of %d channels without an identification header", errUnsupported, channels)
		}
		// Version 0, channels, no pre-skip, 48 kHz, no gain, family 0 (Opus in ISOBMFF, 4.3.2).
		f = media.Format{Codec: media.Opus, Config: []byte{0, byte(channels), 0, 0, 0, 0, 0xbb, 0x80, 0, 0, 0}}
		return f, true, nil
	}
	return f, false, nil
}

// sameButRate tells whether g is f but for E-AC-3's data rate (the first 13 bits), which need not be constant.
func sameButRate(f, g media.Format) bool {
	return f.Codec == media.EAC3 && g.Codec == media.EAC3 && bytes.Equal(f.Config[2:], g.Config[2:])
}

// layout notes how many channels a track without a header has.
func (t *track) layout(p packet) {
	if len(p.Data) >= 2 { // order, count
		t.channels = int(p.Data[1])
	}
}

// payload is the packet's frame as media.Sample has it.
func payload(p packet) []byte {
	// A temporal delimiter (AV1, 5.6) has no place in a sample; some encoders send it.
	if p.Codec == media.AV1 && len(p.Data) > 2 && p.Data[0] == 0x12 && p.Data[1] == 0 {
		return p.Data[2:]
	}
	return p.Data
}
