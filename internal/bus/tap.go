package bus

import (
	"context"
	"sync"
	"time"
)

const (
	tapMessages = 64      // that a tap keeps of a channel
	tapBytes    = 4 << 20 // of their data; the newest message stays whatever its size
)

// tap hands what this process has stored on its embedded server to readers in the same process, so that media at the live
// edge does not go through the server a second time. It holds stored messages only, and a reader takes from it only those
// that follow in the stream on what it has read; for all else, it reads the stream.
//
// No message reaches the embedded server but from this process: whatever the stream gets is acknowledged to a writer here.
type tap struct {
	mu       sync.Mutex
	channels map[string]*tapped
}

// tapped is the newest messages of one channel's stream.
type tapped struct {
	readers int
	stream  int             // which of the channel's streams, one after the other, recent is of
	recent  []storedMessage // by sequence number, rising
	bytes   int
	changed chan struct{} // closed and replaced when a message comes, or the stream goes
}

// storedMessage is a message as the stream has it. Its data is not changed any more.
type storedMessage struct {
	sequence       uint64
	subject, value string // value is that of our header
	data           []byte
}

func newTap() *tap { return &tap{channels: map[string]*tapped{}} }

// open begins to keep the messages of a channel, until close.
func (t *tap) open(channel string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.channels[channel]
	if c == nil {
		c = &tapped{changed: make(chan struct{})}
		t.channels[channel] = c
	}
	c.readers++
}

func (t *tap) close(channel string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.channels[channel]
	if c.readers--; c.readers == 0 {
		delete(t.channels, channel)
	}
}

// put adds a message that the server has stored. Acknowledgements come in the order of the stream, but for those of messages that
// were sent again: these are left to the stream.
func (t *tap) put(channel string, m storedMessage) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.channels[channel]
	if c == nil {
		return
	}
	if n := len(c.recent); n > 0 && c.recent[n-1].sequence >= m.sequence {
		return
	}
	c.recent = append(c.recent, m)
	c.bytes += len(m.data)
	drop := 0
	for len(c.recent)-drop > 1 && (len(c.recent)-drop > tapMessages || c.bytes > tapBytes) {
		c.bytes -= len(c.recent[drop].data)
		c.recent[drop] = storedMessage{}
		drop++
	}
	c.recent = c.recent[drop:]
	c.wake()
}

// pass tells readers that the stream has, or may have, a message that put was not told of.
func (t *tap) pass(channel string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.channels[channel]; c != nil {
		c.recent, c.bytes = nil, 0
		c.wake()
	}
}

// reset forgets a channel's messages: its stream is gone, and the next one counts from the beginning.
func (t *tap) reset(channel string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.channels[channel]; c != nil {
		c.recent, c.bytes = nil, 0
		c.stream++
		c.wake()
	}
}

func (c *tapped) wake() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// stream tells which stream of an open channel is the present one.
func (t *tap) stream(channel string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.channels[channel].stream
}

// from is the messages of an open channel's stream from that sequence number on. False: there is none, and it cannot be told from
// here whether the stream has it. With no message and true, it has not, and changed tells when that may be otherwise.
func (t *tap) from(channel string, stream int, sequence uint64) (messages []storedMessage, changed <-chan struct{}, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.channels[channel]
	if c.stream != stream || len(c.recent) == 0 {
		return nil, nil, false
	}
	first, last := c.recent[0].sequence, c.recent[len(c.recent)-1].sequence
	if sequence < first || sequence > last+1 {
		return nil, nil, false
	}
	for _, m := range c.recent {
		if m.sequence < sequence {
			continue
		}
		if m.sequence != sequence+uint64(len(messages)) {
			break
		}
		messages = append(messages, m)
	}
	return messages, c.changed, len(messages) > 0 || sequence == last+1
}

// followTap hands over what this process stores, as long as it follows on what was read.
func (r *reader) followTap(ctx context.Context) error {
	for {
		messages, changed, ok := r.bus.tap.from(r.channel, r.stream, r.next)
		if !ok {
			return errUntapped
		}
		for _, m := range messages {
			if err := r.sink.take(ctx, m.subject, m.value, m.data); err != nil {
				return err
			}
			r.next = m.sequence + 1
			r.lag.pass(m.sequence, time.Now())
		}
		if len(messages) > 0 {
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
