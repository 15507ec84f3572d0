package rtmp

import (
	"bytes"
	"fmt"
	"slices"

	"weir/ingest"
	"weir/internal/media"
)

const (
	clockRate = 1000
	clockWrap = media.Ticks(1) << 32
	// How much is held back at most until all tracks are known.
	holdTime    = 1000 // in media.Ticks of the feed's clock
	holdSamples = 400
	holdBytes   = 8 << 20
	maxTracks   = 16
)

// starter is what discovery needs of a feed.
type starter interface {
	Start(formats []media.Format) error
	Write(s media.Sample) error
	Dropped(why string)
}

const noConfiguration = "frames come without a decoder configuration (sequence header)"

// track is a track as far as it is known.
type track struct {
	kind   media.Kind
	id     uint8
	format media.Format
	known  bool
	index  int // in the formats announced; -1 before
}

// held is a sample that waits for the announcement.
type held struct {
	track  *track
	sample media.Sample
}

// discovery finds out which tracks a feed has, announces them once, and hands on their samples. RTMP lists no tracks: each just
// begins with its configuration, so the first second is held back, or less where both video and audio are there or the
// metadata says that there is only one.
type discovery struct {
	feed      starter
	tracks    []*track
	announced bool
	changed   bool // the formats differ from those announced
	held      []held
	bytes     int
	only      media.Kind // what the metadata says is the only kind
}

// take handles one packet; time is its message's, the DTS.
func (d *discovery) take(p packet, time uint32) error {
	t, err := d.track(p)
	if t == nil || err != nil {
		return err
	}
	switch p.Purpose {
	case config:
		return d.configure(t, p)
	case end:
		return nil
	}
	if describesItself(p.Codec) {
		f, err := describe(p.Codec, p.Data)
		if err != nil {
			return err
		}
		if !t.known || !sameButRate(t.format, f) {
			d.update(t, f)
		}
	}
	if !t.known || t.format.Codec != p.Codec {
		d.feed.Dropped(noConfiguration)
		return nil
	}
	dts := media.Ticks(time)
	return d.sample(t, media.Sample{PTS: dts + media.Ticks(p.Offset), DTS: dts, Sync: ingest.SyncSample(p.Codec, p.Key, p.Data), Data: payload(p)})
}

func describesItself(c media.Codec) bool { return c == media.AC3 || c == media.EAC3 || c == media.MP3 }

// sameButRate tells whether g is f but for E-AC-3's data rate (the first 13 bits), which need not be constant.
func sameButRate(f, g media.Format) bool {
	return f.Codec == media.EAC3 && g.Codec == media.EAC3 && bytes.Equal(f.Config[2:], g.Config[2:])
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
		return nil, fmt.Errorf("more than %d tracks", maxTracks)
	}
	t := &track{kind: p.Kind, id: p.Track, index: -1}
	d.tracks = append(d.tracks, t)
	return t, nil
}

func (d *discovery) configure(t *track, p packet) error {
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
	f.Clock = media.Clock{Timescale: clockRate, Wrap: clockWrap}
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
	}
	t.format, t.known, d.changed = f, true, true
}

func (d *discovery) sample(t *track, s media.Sample) error {
	if d.announced {
		if d.changed {
			if err := d.announce(); err != nil {
				return err
			}
		}
		s.Track = t.index
		return d.feed.Write(s)
	}
	d.held = append(d.held, held{t, s})
	d.bytes += len(s.Data)
	if !d.ready() {
		return nil
	}
	return d.flush()
}

// ready tells whether to wait no longer.
func (d *discovery) ready() bool {
	var video, audio bool
	all := true
	for _, t := range d.tracks {
		video = video || t.known && t.kind == media.Video
		audio = audio || t.known && t.kind == media.Audio
		all = all && t.known
	}
	if all && (video && audio || video && d.only == media.Video || audio && d.only == media.Audio) {
		return true
	}
	if len(d.held) >= holdSamples || d.bytes >= holdBytes {
		return true
	}
	// Timestamps go modulo 2^32.
	span := int32(uint32(d.held[len(d.held)-1].sample.DTS) - uint32(d.held[0].sample.DTS))
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
		h.sample.Track = h.track.index
		if err := d.feed.Write(h.sample); err != nil {
			return err
		}
	}
	return nil
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
		t.index = next
		next++
	}
	formats := make([]media.Format, next)
	for _, t := range d.tracks {
		if t.index >= 0 {
			formats[t.index] = t.format
		}
	}
	d.announced, d.changed = true, false
	return d.feed.Start(formats)
}

// payload is the packet's frame as media.Sample has it.
func payload(p packet) []byte {
	// A temporal delimiter (AV1, 5.6) has no place in a sample; some encoders send it.
	if p.Codec == media.AV1 && len(p.Data) > 2 && p.Data[0] == 0x12 && p.Data[1] == 0 {
		return p.Data[2:]
	}
	return p.Data
}
