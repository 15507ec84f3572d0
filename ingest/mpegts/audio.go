package mpegts

import (
	"bytes"
	"errors"

	"weir/internal/elementary"
	"weir/internal/media"
)

// audioParser makes samples of the PES of an audio track: several frames a PES, which may go over its end.
type audioParser struct {
	framer elementary.Framer
	rest   []byte // the beginning of a frame that goes on in the next PES

	// The next frame is at base and as many samples of rate later; known tells whether there was a timestamp.
	base    media.Ticks
	samples int64
	rate    int
	timed   bool

	format  media.Format // announced last
	another media.Format // of the frame before, where it differs: one damaged header is no change
	known   bool
}

func (a *audioParser) lose() { a.rest = a.rest[:0] }

func (a *audioParser) flush(sink) error { return nil }

func (a *audioParser) take(payload []byte, t timestamps, to sink) error {
	// A timestamp is that of the first frame that begins in its PES (ISO/IEC 13818-1, 2.4.3.7).
	begins := len(a.rest)
	b := payload
	if begins > 0 {
		a.rest = append(a.rest, payload...)
		b = a.rest
	}
	at, garbage := 0, 0
	for at < len(b) {
		f, err := a.framer.Next(b[at:])
		if errors.Is(err, elementary.ErrNoSync) || err == nil && !a.followed(b[at:], f) {
			at++
			garbage++
			continue
		}
		if at >= begins && t.ok {
			a.base, a.samples, a.timed, t.ok = t.pts, 0, true, false
		}
		if errors.Is(err, elementary.ErrShort) {
			break
		}
		if err != nil {
			to.refuse(err)
			at += max(f.Size, 1)
			continue
		}
		if err := a.frame(f, to); err != nil {
			return err
		}
		at += f.Size
	}
	if garbage > 0 {
		to.dropped("bytes of an audio track that are no frames")
	}
	if len(b)-at > a.framer.Most() {
		at = len(b)
	}
	a.rest = append(a.rest[:0], b[at:]...)
	return nil
}

// followed tells whether the next frame begins where this one ends, as far as can be seen: else its sync word was none.
func (a *audioParser) followed(b []byte, f elementary.Frame) bool {
	if f.Size+1 >= len(b) {
		return true
	}
	_, err := a.framer.Next(b[f.Size:])
	return !errors.Is(err, elementary.ErrNoSync)
}

// frame hands over the payloads of a frame.
func (a *audioParser) frame(f elementary.Frame, to sink) error {
	if len(f.Payload) == 0 {
		return nil
	}
	if !a.known || !sameAudio(a.format, f.Format) {
		if a.known && !sameAudio(a.another, f.Format) {
			a.another = f.Format
			a.another.Config = bytes.Clone(f.Format.Config)
			a.advance(f)
			to.dropped("an audio frame that differs from the one before and the one after")
			return nil
		}
		a.format, a.another = f.Format, media.Format{}
		a.format.Config = bytes.Clone(f.Format.Config)
		a.known = to.format(a.format)
	}
	if !a.known {
		return nil
	}
	if !a.timed {
		to.dropped("audio without a timestamp")
		return nil
	}
	for _, p := range f.Payload {
		at := a.now(f.Rate)
		a.samples += int64(f.Samples)
		if err := to.sample(media.Sample{PTS: at, DTS: at, Sync: true, Data: bytes.Clone(p)}); err != nil {
			return err
		}
	}
	return nil
}

// now is the time of the next frame, which counts in that rate.
func (a *audioParser) now(rate int) media.Ticks {
	if a.rate != rate {
		if a.rate > 0 {
			a.base = a.base + media.Rescale(media.Ticks(a.samples), uint32(a.rate), timescale)
		}
		a.samples, a.rate = 0, rate
	}
	return (a.base + media.Rescale(media.Ticks(a.samples), uint32(rate), timescale)) & timeMask
}

// advance passes over a frame.
func (a *audioParser) advance(f elementary.Frame) {
	a.now(f.Rate)
	a.samples += int64(f.Samples * len(f.Payload))
}

// sameAudio tells whether g is f but for E-AC-3's data rate (the first 13 bits of a dec3 box), which need not be constant.
func sameAudio(f, g media.Format) bool {
	a, b := f.Config, g.Config
	if f.Codec == media.EAC3 && g.Codec == media.EAC3 && len(a) > 2 && len(b) > 2 {
		a, b = a[2:], b[2:]
	}
	return f.Codec == g.Codec && f.SampleRate == g.SampleRate && f.Channels == g.Channels && bytes.Equal(a, b)
}

// opusParser makes samples of the PES of an Opus track (Opus in MPEG-TS, 4).
type opusParser struct {
	code  byte // channel_config_code
	known bool
	tried bool
}

func (o *opusParser) lose() {}

func (o *opusParser) flush(sink) error { return nil }

func (o *opusParser) take(payload []byte, t timestamps, to sink) error {
	if !o.tried {
		o.tried = true
		cfg, err := elementary.OpusConfig(o.code)
		if err != nil {
			to.refuse(err)
			return nil
		}
		o.known = to.format(media.Format{Codec: media.Opus, Config: cfg})
	}
	if !o.known {
		return nil
	}
	if !t.ok {
		to.dropped("audio without a timestamp")
		return nil
	}
	const rate = 48000
	samples := media.Ticks(0)
	for len(payload) > 0 {
		p, rest, err := elementary.CutOpus(payload)
		n := elementary.OpusSamples(p)
		if err != nil || n == 0 {
			to.dropped("bytes of an audio track that are no frames")
			return nil
		}
		at := (t.pts + media.Rescale(samples, rate, timescale)) & timeMask
		if err := to.sample(media.Sample{PTS: at, DTS: at, Sync: true, Data: bytes.Clone(p)}); err != nil {
			return err
		}
		samples += media.Ticks(n)
		payload = rest
	}
	return nil
}
