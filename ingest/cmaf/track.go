package cmaf

import (
	"cmp"
	"hash/crc32"
	"slices"
	"time"

	"weir/ingest"
	"weir/internal/media"
)

const (
	nanoscale = uint32(time.Second)
	// repeatWithin is how far back a sender may go and be taken to send again what it has sent: beyond, its clock has jumped.
	repeatWithin = 20 * time.Second
	maxSent      = 4096 // samples of a track that are remembered
	// pause is how long nothing comes between two bursts of a sender that sends whole segments.
	pause  = 100 * time.Millisecond
	bursts = 4 // that are remembered
)

// waiting is a sample that has not been handed over yet.
type waiting struct {
	media.Sample
	ns     media.Ticks // decoding time
	came   time.Time
	format *media.Format // of this sample and those behind it, where it has changed
}

// track is a media track of a session. The session's lock guards it.
type track struct {
	name   string
	key    string       // what finds it: the source's name, and the track's ID where a source has several
	format media.Format // of what comes
	queued media.Format // of the newest sample in the queue
	index  int          // among the formats that were announced; -1: it was not
	sets   parameters
	queue  []waiting
	bytes  int // of the queue

	seen    bool
	last    media.Ticks // newest decoding time
	reached media.Ticks // ns: where its newest sample ends
	ended   bool        // by lmsg
	behind  bool        // nobody waits for it
	fresh   bool        // a header came, and no new sample since
	sent    []sent      // the newest samples, oldest first

	came      time.Time // of the newest sample
	burstFrom media.Ticks
	bursts    [bursts]time.Duration
}

// sent is a sample that came: what tells it from another one.
type sent struct {
	dts media.Ticks
	sum uint32
}

// sum is of what a sample is known by.
func sum(data []byte) uint32 { return crc32.ChecksumIEEE(data) }

// left tells why a sample is left out; "": it is not. A sender that comes back sends its last segment again, and a redundant one sends all
// again. But one that has begun anew, with its header, and comes with other samples for the same times is no repetition.
func (t *track) left(dts media.Ticks, data []byte) (why string) {
	if !t.seen || dts > t.last {
		t.fresh = false
		return ""
	}
	if t.last-dts > media.FromDuration(repeatWithin, t.format.Clock.Timescale) {
		return ""
	}
	i, found := slices.BinarySearchFunc(t.sent, dts, func(s sent, dts media.Ticks) int { return cmp.Compare(s.dts, dts) })
	if found && t.sent[i].sum == sum(data) {
		return "sent before"
	}
	if t.fresh {
		t.fresh = false
		return ""
	}
	return "decoding times that do not rise"
}

// add queues a sample that has come; burst is how much media the sender sends at once.
func (t *track) add(p place, data []byte, now time.Time) {
	w := waiting{came: now}
	w.Sample = media.Sample{DTS: p.dts, PTS: p.pts, Data: data, Sync: ingest.SyncSample(t.format.Codec, p.sync, data)}
	if t.format.Codec.Kind() == media.Text {
		w.Duration = media.Ticks(p.duration)
	}
	scale := t.format.Clock.Timescale
	w.ns = media.Rescale(p.dts, scale, nanoscale)
	if p.track.inBand() && w.Sync && t.format.Codec.Kind() == media.Video {
		t.format = t.sets.updated(t.format, data)
	}
	if !t.format.Equal(t.queued) {
		t.queued = t.format
		f := t.format
		w.format = &f
	}
	t.queue = append(t.queue, w)
	t.bytes += len(data)
	if t.seen && p.dts < t.last { // another clock from here on
		t.sent, t.burstFrom, t.came = nil, w.ns, now
	}
	if len(t.sent) == maxSent {
		t.sent = append(t.sent[:0], t.sent[maxSent/2:]...)
	}
	t.sent = append(t.sent, sent{p.dts, sum(data)})
	if !t.seen || now.Sub(t.came) > pause {
		copy(t.bursts[1:], t.bursts[:bursts-1])
		t.burstFrom = w.ns
	}
	t.seen, t.last, t.came, t.ended = true, p.dts, now, false
	t.reached = w.ns + media.Rescale(media.Ticks(p.duration), scale, nanoscale)
	t.bursts[0] = time.Duration(t.reached - t.burstFrom)
}

// backdate says of the samples that are held when they would have come from a sender that holds nothing back itself: each as long before the one
// behind it as it lasts, or when it came, if that was earlier. Of a segment that is sent as a whole only the end is as new as can be; a feed
// begins with the first of it, and what is right about all of it must be known from there on.
func (t *track) backdate() {
	const most = media.Ticks(10 * time.Second) // between two samples: more is a jump of the clock
	for i := len(t.queue) - 1; i >= 0; i-- {
		w := &t.queue[i]
		w.Arrived = w.came
		if i+1 == len(t.queue) || t.format.Codec.Kind() == media.Text {
			continue
		}
		next := &t.queue[i+1]
		if d := next.ns - w.ns; d > 0 && d <= most {
			if at := next.Arrived.Add(-time.Duration(d)); at.Before(w.Arrived) {
				w.Arrived = at
			}
		}
	}
}

// burst is the largest of the last ones.
func (t *track) burst() time.Duration { return slices.Max(t.bursts[:]) }

// take takes the first sample off the queue; there must be one.
func (t *track) take() waiting {
	w := t.queue[0]
	t.queue[0] = waiting{}
	if t.queue = t.queue[1:]; len(t.queue) == 0 {
		t.queue = nil
	}
	t.bytes -= len(w.Data)
	return w
}

// complete tells whether a format has its configuration: where parameter sets stand in samples, these bring it.
func complete(f media.Format) bool { return f.Config != nil || f.Codec.Kind() != media.Video }

// follows takes a header of the track over that is another one than before. What is queued keeps the format that it came with.
func (t *track) follows(h *headerTrack) {
	if h.scale != t.format.Clock.Timescale {
		t.seen, t.sent = false, nil
	}
	t.format, t.sets = h.format, inConfig(h.format.Codec, h.format.Config)
}
