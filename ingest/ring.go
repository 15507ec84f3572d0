package ingest

import (
	"maps"
	"slices"
	"time"

	"weir/internal/bus"
	"weir/internal/media"
	"weir/packager"
)

const (
	// maxRing bounds what is held of the feeds of a channel that another server writes, in bytes. A writer that takes the channel over sends it at
	// once: it must not be more than the bus keeps for it, beside what comes meanwhile.
	maxRing = bus.DefaultBacklog / 4 * 3
	// opBytes is what holding a call takes beside its data.
	opBytes = 256
	// ringSpare is by how much more is held than what the rows take that are gone on with: it may take so long until that has to be done. Where a
	// partition takes the writer, a leader is elected within 10 s, another round may be needed, and the lease of a writer ends after 15 s.
	ringSpare = 24 * time.Second
	// maxRingGOP bounds what is made of the feed's GOPs.
	maxRingGOP = 30 * time.Second
)

// packs is what a session puts the samples on air into: a packager, or what is held while another server writes the channel.
type packs interface {
	Start(formats []media.Format, now time.Time) error
	Leave(track int, now time.Time) error
	Write(s media.Sample, now time.Time) error
	Event(e media.Event, now time.Time) error
	Flush(now time.Time) error
	Stats() packager.Stats
}

// ring holds the newest of what a packager would have got, so that one can go on with what another server's packager has made.
type ring struct {
	segment time.Duration
	formats []media.Format // that held before the first of ops
	left    map[int]bool   // tracks of these that nobody brings
	ops     []op
	bytes   int
	tracks  []media.Format // that hold now
	lead    int            // place of the track that tells where GOPs begin, -1: there is none
	key     time.Time      // when the newest GOP began to come
	gop     time.Duration  // the longest lately
	cut     uint64         // samples that were let go before their time, for the bytes, and not told yet
	short   bool           // that happens lately
}

// op is a call of one of the methods of packs.
type op struct {
	at      time.Time
	formats []media.Format // Start
	leave   int            // Leave, less one
	sample  media.Sample   // Write
	event   *media.Event   // Event
}

func newRing(segment time.Duration) *ring {
	return &ring{segment: segment, left: make(map[int]bool), lead: -1}
}

// Start announces tracks.
func (r *ring) Start(formats []media.Format, now time.Time) error {
	r.tracks = slices.Clone(formats)
	r.lead = slices.IndexFunc(formats, func(f media.Format) bool { return f.Codec.Kind() == media.Video })
	r.add(op{at: now, formats: r.tracks}, now)
	return nil
}

// Leave says that nobody brings a track any more.
func (r *ring) Leave(track int, now time.Time) error {
	r.add(op{at: now, leave: track + 1}, now)
	return nil
}

// Write takes a sample.
func (r *ring) Write(s media.Sample, now time.Time) error {
	if s.Track == r.lead && s.Sync {
		if !r.key.IsZero() {
			r.gop = min(max(r.gop-r.gop/8, now.Sub(r.key)), maxRingGOP)
		}
		r.key = now
	}
	r.add(op{at: now, sample: s}, now)
	return nil
}

// Event takes an event.
func (r *ring) Event(e media.Event, now time.Time) error {
	r.add(op{at: now, event: &e}, now)
	return nil
}

// Flush ends the feed: what comes then goes on with nothing of it.
func (r *ring) Flush(time.Time) error {
	*r = *newRing(r.segment)
	return nil
}

// Stats are those of a packager that has made nothing.
func (r *ring) Stats() packager.Stats { return packager.Stats{} }

// keep is for how long things are held: two rows and a GOP, and the time until it is known that they are needed.
func (r *ring) keep() time.Duration { return 2*max(r.segment, r.gop) + r.gop + ringSpare }

// warm tells whether two rows and a GOP are held.
func (r *ring) warm(now time.Time) bool {
	return len(r.ops) > 0 && r.held(now) >= 2*max(r.segment, r.gop)+r.gop
}

func (r *ring) add(o op, now time.Time) {
	r.ops = append(r.ops, o)
	r.bytes += o.size()
	n := 0
	for before := now.Add(-r.keep()); n < len(r.ops)-1 && (r.bytes > maxRing || r.ops[n].at.Before(before)); n++ {
		if !r.ops[n].at.Before(before) {
			r.cut++
			r.short = true
		}
		r.forget(&r.ops[n])
	}
	r.ops = r.ops[n:]
	r.short = r.short && r.bytes > maxRing/4*3
}

// forget takes the oldest away.
func (r *ring) forget(o *op) {
	r.bytes -= o.size()
	switch {
	case o.formats != nil:
		r.formats = o.formats
		clear(r.left)
	case o.leave > 0:
		r.left[o.leave-1] = true
	case o.event == nil:
		delete(r.left, o.sample.Track)
	}
	*o = op{}
}

func (o *op) size() int {
	if o.event != nil {
		return opBytes + len(o.event.Data)
	}
	return opBytes + len(o.sample.Data)
}

// held is how long a part of the feed is held.
func (r *ring) held(now time.Time) time.Duration {
	if len(r.ops) == 0 {
		return 0
	}
	return now.Sub(r.ops[0].at)
}

// replay gives a packager what is held: of samples and events those that came after that time.
func (r *ring) replay(p packs, after time.Time) error {
	if len(r.ops) == 0 {
		return nil
	}
	if r.formats != nil {
		at := r.ops[0].at
		if err := p.Start(r.formats, at); err != nil {
			return err
		}
		for _, track := range slices.Sorted(maps.Keys(r.left)) {
			if err := p.Leave(track, at); err != nil {
				return err
			}
		}
	}
	for i := range r.ops {
		var err error
		switch o := &r.ops[i]; {
		case o.formats != nil:
			err = p.Start(o.formats, o.at)
		case o.leave > 0:
			err = p.Leave(o.leave-1, o.at)
		case !o.at.After(after):
		case o.event != nil:
			err = p.Event(*o.event, o.at)
		default:
			err = p.Write(o.sample, o.at)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
