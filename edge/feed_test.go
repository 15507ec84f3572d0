package edge

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"weir/internal/media"
	"weir/packager"
)

// feed is a broadcaster and the packager behind it: video of 25 frames a second with an IDR each second, and English sound.
type feed struct {
	t       testing.TB
	p       *packager.Packager
	at      time.Duration
	video   int // frames
	audio   int // likewise
	started time.Time
}

// toHandler lets a packager feed a window.
type toHandler struct{ Handler }

func (h toHandler) Target(d time.Duration) error { h.Handler.Target(d); return nil }
func (h toHandler) Run(run media.Run, inits []media.Init) error {
	h.Handler.Run(run, inits)
	return nil
}
func (h toHandler) Chunk(c media.Chunk) error    { h.Handler.Chunk(c); return nil }
func (h toHandler) End(e media.SegmentEnd) error { h.Handler.End(e); return nil }

func (h toHandler) Signal(s media.Signal) error { h.Handler.Signal(s); return nil }

// newFeed begins to feed at epoch, with segments of two seconds and chunks of 200 ms.
func newFeed(t testing.TB, to packager.Output) *feed {
	t.Helper()
	p, err := packager.New(packager.Config{Segment: lasts, Chunk: 200 * time.Millisecond}, packager.Resume{}, to)
	if err != nil {
		t.Fatal(err)
	}
	config := []byte("\x01\x64\x00\x1e\xff\xe1\x00\x19\x67\x64\x00\x1e\xac\xd9\x40\xa0\x2f\xf9\x61\x00\x00\x03\x00\x01\x00\x00\x03\x00\x3c\x8f\x16\x2d\x96" +
		"\x01\x00\x05\x68\xeb\xec\xb2\x2c\xfd\xf8\xf8\x00")
	err = p.Start([]media.Format{
		{Codec: media.AVC, Config: config, Clock: media.Clock{Timescale: 90000}},
		{Codec: media.AAC, Config: []byte{0x11, 0x90}, Clock: media.Clock{Timescale: 48000}, Language: "en"},
	}, epoch)
	if err != nil {
		t.Fatal(err)
	}
	return &feed{t: t, p: p, started: epoch}
}

// until goes on up to that time after the beginning.
func (f *feed) until(end time.Duration) {
	f.t.Helper()
	const frame, sound = 40 * time.Millisecond, 1024 * time.Second / 48000
	for {
		v, a := time.Duration(f.video)*frame, time.Duration(f.audio)*sound
		if min(v, a) >= end {
			f.at = end
			return
		}
		s := media.Sample{Track: 1, PTS: media.Ticks(f.audio) * 1024, Sync: true, Data: bytes.Repeat([]byte{byte(f.audio)}, 300)}
		s.DTS = s.PTS
		at := a
		if v <= a {
			nal := bytes.Repeat([]byte{byte(f.video)}, 500+f.video%50)
			nal[0] = 0x41
			if f.video%25 == 0 {
				nal[0] = 0x65
			}
			data := append(binary.BigEndian.AppendUint32(nil, uint32(len(nal))), nal...)
			s = media.Sample{Track: 0, PTS: media.Ticks(f.video) * 3600, DTS: media.Ticks(f.video) * 3600, Sync: f.video%25 == 0, Data: data}
			at = v
			f.video++
		} else {
			f.audio++
		}
		if err := f.p.Write(s, f.started.Add(at)); err != nil {
			f.t.Fatal(err)
		}
	}
}
