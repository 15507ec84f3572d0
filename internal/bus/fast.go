package bus

import (
	"context"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"
)

// The fast path: where NATS is outside, readers listen to a channel's messages as they are published, beside what the stream hands over. A
// change of its leader stops the stream for seconds, and the live edge not: what comes by this way is handed over at once, if it is what comes
// next of its track, and the stream's copy of it is skipped. What the stream says settles it: see settle.go.
//
// Published messages are those of the stream, whether or not it takes them, and, on subjects of their own, what a writer keeps back until the stream
// has what is before it:
//
//	weir.edge.CHANNEL.TRACK.SEGMENT.CHUNK[.PART]   as weir.live.…, and nowhere stored
//	weir.edge.CHANNEL.TRACK.SEGMENT.end
//
// Runs, targets and signals come from the stream and its records only: the first chunk of a run is never taken from here.
const fastRoot = "weir.edge."

// fastMessages is how many published messages wait for a reader that is busy with the stream. Those over it are lost here: the stream has them.
const fastMessages = 256

// isFast tells whether the fast path is there: an embedded server has no leader that changes, and its tap is as quick.
func (b *Bus) isFast() bool { return b.srv == nil && !b.cfg.NoFastPath }

// listen begins to take from the fast path, until ctx ends. The function that it gives has to be called then.
func (r *reader) listen(ctx context.Context) (stop func()) {
	if !r.bus.isFast() {
		return func() {}
	}
	published := make(chan *nats.Msg, fastMessages)
	var subs []*nats.Subscription
	for _, root := range []string{subjectRoot, fastRoot} {
		// Into one channel, so that the order in which they were published stays.
		sub, err := r.bus.readConn.ChanSubscribe(root+r.channel+".>", published)
		if err != nil {
			r.log.Warn("bus: there is no fast path: the live edge is that of the stream", "error", err)
			continue
		}
		subs = append(subs, sub)
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case m := <-published:
				if r.live.Load() {
					r.sink.offer(m.Subject, m.Header.Get(headerName), m.Data)
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() {
		for _, sub := range subs {
			_ = sub.Unsubscribe() // it goes with the connection too
		}
		cancel()
		<-done
	}
}

// offer takes a published message, if it is what comes next of its track.
func (s *sink) offer(subject, value string, data []byte) {
	if rest, ok := strings.CutPrefix(subject, fastRoot); ok {
		subject = subjectRoot + rest
	}
	a, err := parseSubject(s.channel, subject)
	if err != nil {
		return // it is counted when it comes from the stream
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.fast.tracks[a.Track]
	if t == nil || !t.known || !t.awaits(a) || len(t.unsettled) >= maxUnsettled {
		return // most often it has been taken already, and is published once more
	}
	m, err := decodeMessage(s.channel, subject, value, data)
	if err != nil {
		s.malformed(subject, err)
		return
	}
	if m.Epoch < max(s.epoch, s.fast.epoch) {
		s.counters.stale.Add(1)
		return
	}
	timescale, known := s.knownTrack(&m)
	if m.Run != t.run || !known || timescale != m.Timescale {
		return
	}
	if m.End {
		if m.Chunks != t.next || !t.so.known || m.Bytes != t.so.bytes || m.Checksum != t.so.sum || s.target == 0 {
			return // a gap, or one of a successor: the stream tells what it is
		}
		s.fast.taken(t, &m, nil)
		s.end(m.end())
		s.counters.fast.Add(1)
		return
	}
	if m.Part >= 0 {
		if data, err = s.fast.parts.add(&m); err != nil || data == nil {
			return
		}
		if m.Key > len(data) {
			s.malformed(subject, fmt.Errorf("%w: key frame of %d bytes in a chunk of %d", ErrMalformed, m.Key, len(data)))
			return
		}
	}
	s.fast.taken(t, &m, data)
	s.handler.Chunk(m.chunk(data))
	s.counters.fast.Add(1)
}
