package whip

import (
	"log/slog"
	"time"

	"weir/ingest"
	"weir/internal/media"
)

const (
	videoSlots = 2048 // packets: 2 s of 10 Mbit/s
	audioSlots = 128
	videoWait  = 600 * time.Millisecond // by default
	audioWait  = 150 * time.Millisecond

	reportWait = 5 * time.Second  // for the first sender reports of all tracks
	soloWait   = 10 * time.Second // for a key frame, before sound begins alone
	countMost  = 1000             // lost packets that are counted one by one
)

// inlet is one track of the publisher.
type inlet struct {
	kind  media.Kind
	begun bool   // packets are read
	ssrc  uint32 // of them
	queue *reorder
	clock line

	on     bool // it is in the feed
	index  int  // there
	format media.Format
	last   int64 // timestamp of the last sample, on the feed's clock
	end    int64 // sound: where it ends

	frames     framer     // video
	parameters parameters // video
	broken     bool       // video: nothing can be decoded until a key frame comes
}

// intake makes samples of packets and hands them to the feed. One goroutine owns it.
type intake struct {
	feed    ingest.Feed
	log     *slog.Logger
	inlets  []*inlet // video first
	lead    *inlet   // whose clock is the feed's; nil: the tracks are not placed yet
	started bool
	first   time.Time // when the first packet came
	base    media.Ticks
	keys    keyframes
	wanted  bool // a key frame is to be asked for
}

// waits is how long a missing packet is waited for.
type waits struct{ video, audio time.Duration }

func newIntake(feed ingest.Feed, segment time.Duration, w waits, o offer, log *slog.Logger) *intake {
	t := &intake{feed: feed, log: log, keys: keyframes{segment: segment}}
	if o.video != nil {
		t.inlets = append(t.inlets, &inlet{
			kind: media.Video, queue: newReorder(videoSlots, w.video), clock: line{rate: pictureRate}, broken: true,
			format: media.Format{Codec: media.AVC, Clock: media.Clock{Timescale: pictureRate}},
		})
	}
	if o.audio != nil {
		t.inlets = append(t.inlets, &inlet{
			kind: media.Audio, queue: newReorder(audioSlots, w.audio), clock: line{rate: soundRate}, format: soundFormat(),
		})
	}
	return t
}

// inlet is the track of that kind, or nil.
func (t *intake) inlet(kind media.Kind) *inlet {
	for _, in := range t.inlets {
		if in.kind == kind {
			return in
		}
	}
	return nil
}

// packet takes one that came at now. Every error is the feed's, and final.
func (t *intake) packet(kind media.Kind, p packet, now time.Time) error {
	in := t.inlet(kind)
	if in == nil {
		return nil
	}
	if t.first.IsZero() {
		t.first = now
	}
	in.queue.push(p, now)
	return t.drain(in, now)
}

// tick does what time alone brings about.
func (t *intake) tick(now time.Time) error {
	t.settle(now)
	for _, in := range t.inlets {
		if err := t.drain(in, now); err != nil {
			return err
		}
	}
	return nil
}

// drain takes the packets that are in order.
func (t *intake) drain(in *inlet, now time.Time) error {
	for {
		p, lost, ok := in.queue.pop(now)
		if !ok {
			return nil
		}
		stamp := in.clock.came(p.time, now)
		if t.lead == nil {
			t.settle(now) // a track that is alone begins with its first packet
		}
		var err error
		if in.kind == media.Video {
			in.broken = in.broken || lost > 0
			in.frames.push(p.payload, stamp, p.marker, lost > 0, func(f frame) {
				if err == nil {
					err = t.picture(in, f, now)
				}
			})
		} else {
			err = t.sound(in, p.payload, stamp, lost, now)
		}
		if err != nil {
			return err
		}
	}
}

// reported takes a sender report.
func (t *intake) reported(kind media.Kind, r senderReport) {
	in := t.inlet(kind)
	if in == nil {
		return
	}
	in.clock.reported(r.ntp, r.time)
	if t.lead == nil || in == t.lead || !in.clock.placed {
		return
	}
	if by := in.clock.follow(&t.lead.clock); by != 0 {
		t.log.Info("a track was moved to where its sender reports place it", "kind", in.kind, "by", by)
	}
}

// settle places the tracks on the feed's clock: once all have sent reports, or have had the time to.
func (t *intake) settle(now time.Time) {
	if t.first.IsZero() {
		return
	}
	late := now.Sub(t.first) >= reportWait
	if t.lead == nil {
		for _, in := range t.inlets {
			if !late && (!in.clock.seen || len(t.inlets) > 1 && !in.clock.report.ok) {
				return
			}
		}
		for _, in := range t.inlets {
			if in.clock.seen && t.lead == nil {
				t.lead = in
				in.clock.lead()
			}
		}
	}
	if t.lead == nil {
		return
	}
	for _, in := range t.inlets {
		if in.clock.seen && !in.clock.placed && (late || in.clock.report.ok) {
			in.clock.place(&t.lead.clock)
			t.log.Debug("track placed", "kind", in.kind, "by reports", !in.clock.guess)
		}
	}
}

// announce puts a track into the feed, or says that its format has changed. Sound that is placed goes along with the first picture.
func (t *intake) announce(in *inlet) error {
	in.on = true
	var formats []media.Format
	for _, other := range t.inlets {
		if other.kind == media.Audio && other.clock.placed {
			other.on = true
		}
		if other.on {
			other.index = len(formats)
			formats = append(formats, other.format)
		}
	}
	return t.feed.Start(formats)
}

// write hands a sample to the feed; at is on its clock.
func (t *intake) write(in *inlet, at int64, sync bool, data []byte, now time.Time) error {
	if !t.started {
		t.started = true
		t.base = media.FromTime(now, pictureRate) - media.Rescale(media.Ticks(at), in.clock.rate, pictureRate)
	}
	return t.feed.Write(media.Sample{Track: in.index, PTS: media.Ticks(at), DTS: media.Ticks(at), Sync: sync, Data: data})
}

// dropped counts what is left out of a feed that has begun.
func (t *intake) dropped(why string) {
	if t.started {
		t.feed.Dropped(why)
	}
}
