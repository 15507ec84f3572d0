package rtmp

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"weir/ingest"
	"weir/internal/media"
)

const (
	// How much is held back at most until all tracks are known.
	holdTime    = media.Ticks(time.Second)
	holdSamples = 400
	holdBytes   = 8 << 20
	maxTracks   = 16
	// fineFrames is how many frames of each track are held where the publisher may say what is below a millisecond of their times.
	fineFrames = 3
	// maxMalformed is how many messages in a row may be malformed: what sends more is no encoder.
	maxMalformed = 100
)

// starter is what discovery needs of a feed.
type starter interface {
	Start(formats []media.Format) error
	Write(s media.Sample) error
	Dropped(why string)
}

const noConfiguration = "frames come without a decoder configuration (sequence header)"

// held is a sample that waits for the announcement.
type held struct {
	track  *track
	sample media.Sample
}

// discovery finds out which tracks a feed has, announces them once, and hands on their samples. RTMP lists no tracks: each just
// begins with its configuration, so the first second is held back, or less where both video and audio are there or the
// metadata says that there is only one. Times are in nanoseconds until they are handed on.
type discovery struct {
	feed      starter
	now       func() time.Time
	still     func()   // called when the feed turns out to have no timestamps; may be nil
	meta      metadata // the last one that came before the announcement
	mayBeFine bool     // the publisher knows of times below a millisecond
	tracks    []*track
	announced bool
	changed   bool // the formats differ from those announced
	held      []held
	bytes     int

	malformed int // messages in a row
	begun     time.Time
	first     uint32 // timestamp of the first frame
	moved     bool   // another frame had another one
	arrivals  bool   // the feed has no timestamps
}

// media takes an audio or video message apart. Malformed ones are counted and left out.
func (d *discovery) media(m message) error {
	parse := parseAudio
	if m.Type == typeVideo {
		parse = parseVideo
	}
	err := parse(m.Body, func(p packet) error { return d.take(p, m.Time) })
	return d.forgive(err)
}

// forgive counts a malformed message and lets it pass, but not too many of them.
func (d *discovery) forgive(err error) error {
	if !errors.Is(err, errMalformed) {
		if err == nil {
			d.malformed = 0
		}
		return err
	}
	d.feed.Dropped(err.Error())
	if d.malformed++; d.malformed > maxMalformed {
		return fmt.Errorf("%d messages in a row: %w", d.malformed, err)
	}
	return nil
}

// take handles one packet; ms is its message's time, the DTS.
func (d *discovery) take(p packet, ms uint32) error {
	if p.Purpose == unusable {
		d.feed.Dropped(p.Why)
		return nil
	}
	t, err := d.track(p)
	if t == nil || err != nil {
		return err
	}
	switch p.Purpose {
	case config:
		return d.configure(t, p)
	case layout:
		t.layout(p)
		return nil
	case end:
		return nil
	}
	f, ok, err := t.formatOf(p)
	if err != nil {
		return err
	}
	if ok {
		d.update(t, f)
	}
	if !t.known || t.format.Codec != p.Codec {
		d.feed.Dropped(noConfiguration)
		return nil
	}
	return d.frame(t, p, ms)
}

// frame gives a frame its time and hands it on, or holds it.
func (d *discovery) frame(t *track, p packet, ms uint32) error {
	if d.begun.IsZero() {
		d.begun, d.first = d.now(), ms
	}
	d.moved = d.moved || ms != d.first
	if p.Nanos >= 0 && !d.announced {
		t.fine = true
	}
	dts := media.Ticks(ms)*nanosPerTick + media.Ticks(max(p.Nanos, 0))
	if d.arrivals {
		dts = t.arrivalTime(d.now().Sub(d.begun))
	}
	s := media.Sample{
		PTS: dts + media.Ticks(p.Offset)*nanosPerTick, DTS: dts,
		Sync: ingest.SyncSample(p.Codec, p.Key, p.Data), Data: payload(p),
	}
	if d.announced {
		if d.changed {
			if err := d.announce(); err != nil {
				return err
			}
		}
		return d.write(t, s)
	}
	s.Arrived = d.now()
	d.held = append(d.held, held{t, s})
	d.bytes += len(s.Data)
	t.frames++
	if !d.moved && t.frames >= stillFrames && !d.arrivals {
		d.timeByArrival()
	}
	if !d.ready() {
		return nil
	}
	return d.flush()
}

// timeByArrival gives the frames that are held the times at which they came, and all that follow.
func (d *discovery) timeByArrival() {
	d.arrivals = true
	for i := range d.held {
		h := &d.held[i]
		offset := h.sample.PTS - h.sample.DTS
		h.sample.DTS = h.track.arrivalTime(h.sample.Arrived.Sub(d.begun))
		h.sample.PTS = h.sample.DTS + offset
	}
	if d.still != nil {
		d.still()
	}
}

// track finds the packet's track, or makes it. It is nil for the end of a track that never began.
func (d *discovery) track(p packet) (*track, error) {
	for _, t := range d.tracks {
		if t.kind == p.Kind && t.id == p.Track {
			return t, nil
		}
	}
	if p.Purpose == end {
		return nil, nil
	}
	if len(d.tracks) >= maxTracks {
		return nil, fmt.Errorf("%w: more than %d tracks", ingest.ErrLimit, maxTracks)
	}
	t := &track{kind: p.Kind, id: p.Track, index: -1}
	d.tracks = append(d.tracks, t)
	return t, nil
}

func (d *discovery) configure(t *track, p packet) error {
	if p.Codec == media.Opus && len(p.Data) == 0 { // allowed: its frames tell the rest
		t.bare = true
		return nil
	}
	cfg, ok, err := configuration(p)
	if !ok || err != nil {
		return err
	}
	if t.known && t.format.Codec == p.Codec && bytes.Equal(t.format.Config, cfg) {
		return nil // encoders repeat it
	}
	// The bytes are shared with a message that nobody changes.
	d.update(t, media.Format{Codec: p.Codec, Config: cfg})
	return nil
}

// update notes the track's format. The feed is told before the next sample: changes that come together are one.
func (d *discovery) update(t *track, f media.Format) {
	if t.known && t.format.Equal(f) {
		return
	}
	if t.known && !d.announced {
		// What is held of the track needs the old configuration.
		d.held = slices.DeleteFunc(d.held, func(h held) bool {
			if h.track != t {
				return false
			}
			d.bytes -= len(h.sample.Data)
			d.feed.Dropped("the decoder configuration changed before the feed was known")
			return true
		})
		t.frames = 0
	}
	t.format, t.known, d.changed = f, true, true
}

// ready tells whether to wait no longer.
func (d *discovery) ready() bool {
	var video, audio bool
	all, settled := true, d.moved || d.arrivals
	for _, t := range d.tracks {
		video = video || t.known && t.kind == media.Video
		audio = audio || t.known && t.kind == media.Audio
		all = all && t.known
		settled = settled && (!d.mayBeFine || t.fine || t.frames >= fineFrames)
	}
	only := d.meta.only
	if all && settled && (video && audio || video && only == media.Video || audio && only == media.Audio) {
		return true
	}
	if len(d.held) >= holdSamples || d.bytes >= holdBytes {
		return true
	}
	// Timestamps go modulo 2^32 ms.
	span := (d.held[len(d.held)-1].sample.DTS - d.held[0].sample.DTS) % (clockWrap * nanosPerTick)
	if half := clockWrap * nanosPerTick / 2; span > half {
		span -= 2 * half
	} else if span < -half {
		span += 2 * half
	}
	return span >= holdTime || span <= -holdTime
}

// flush announces what is known and hands over what was held. It may be called at the end of a short feed too.
func (d *discovery) flush() error {
	if d.announced || len(d.held) == 0 {
		return nil
	}
	if err := d.announce(); err != nil {
		return err
	}
	held := d.held
	d.held, d.bytes = nil, 0
	for _, h := range held {
		if err := d.write(h.track, h.sample); err != nil {
			return err
		}
	}
	return nil
}

// write hands a sample over on the track's clock.
func (d *discovery) write(t *track, s media.Sample) error {
	s.Track, s.PTS, s.DTS = t.index, t.ticks(s.PTS), t.ticks(s.DTS)
	return d.feed.Write(s)
}

// announce tells the feed all formats known: video first, then audio, each by track number; a track that comes later goes to the end,
// so that the others keep their places.
func (d *discovery) announce() error {
	next := 0
	for _, t := range d.tracks {
		next = max(next, t.index+1)
	}
	fresh := slices.DeleteFunc(slices.Clone(d.tracks), func(t *track) bool { return !t.known || t.index >= 0 })
	slices.SortStableFunc(fresh, func(a, b *track) int {
		if a.kind != b.kind {
			if a.kind == media.Video {
				return -1
			}
			return 1
		}
		return int(a.id) - int(b.id)
	})
	for _, t := range fresh {
		t.index, t.language = next, d.meta.language(t.kind, t.id)
		next++
	}
	formats := make([]media.Format, next)
	for _, t := range d.tracks {
		if t.index >= 0 {
			f := t.format
			f.Clock, f.Language = t.clock(), t.language
			formats[t.index] = f
		}
	}
	d.announced, d.changed = true, false
	return d.feed.Start(formats)
}
