package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"weir/internal/media"

	"github.com/nats-io/nats.go"
)

const (
	ackTimeout = time.Second / 2        // without any acknowledgement, while some are awaited: ask whether the stream is there
	probeEvery = ackTimeout / 2         // in which it is asked again, and looked whether it has answered
	retryWait  = 250 * time.Millisecond // before sending again what the server has refused
)

// kick wakes the sender.
func (w *Writer) kick() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// send takes messages from the queue until ctx ends.
func (w *Writer) send(ctx context.Context) {
	watch := time.NewTicker(probeEvery)
	defer watch.Stop()
	quiet := silence{since: time.Now()}
	disturbed := w.bus.disturbance()
	var resumeAt time.Time // nothing is sent before
	later := time.NewTimer(0)
	defer later.Stop()
	for {
		if w.lease.sure() {
			if now := time.Now(); now.After(resumeAt) {
				if err := w.sendAll(); err != nil {
					w.log.Debug("bus: message was not sent", "error", err)
					resumeAt = now.Add(retryWait)
				}
			}
			if wait := w.tell(); wait > 0 {
				later.Reset(wait)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-w.lost:
			return
		case <-w.wake:
		case <-later.C:
		case <-disturbed:
			disturbed = w.bus.disturbance()
			w.again("connection was lost or came back")
			quiet.since = time.Now()
		case now := <-watch.C:
			w.watch(&quiet, now)
		}
		w.mu.Lock()
		if w.queue.refused {
			w.queue.refused = false
			w.queue.rewind()
			resumeAt = time.Now().Add(retryWait)
		}
		w.mu.Unlock()
	}
}

// again makes everything unacknowledged to be sent again.
func (w *Writer) again(why string) {
	w.mu.Lock()
	n, bytes := w.queue.len(), w.queue.bytes
	w.queue.rewind()
	w.queue.tellAgain()
	w.mu.Unlock()
	if n > 0 {
		w.log.Warn("bus: sending again what is not acknowledged", "reason", why, "messages", n, "bytes", bytes)
	}
}

// sendAll sends all that may be sent now. After an error the message stays to be sent.
func (w *Writer) sendAll() error {
	for w.lease.sure() {
		w.mu.Lock()
		if w.queue.refused {
			w.mu.Unlock()
			return nil
		}
		e, token, ok := w.queue.sendable()
		if !ok {
			w.mu.Unlock()
			return nil
		}
		m, err := w.compose(e)
		if err != nil {
			w.mu.Unlock()
			return err
		}
		again := e.attempts > 0
		w.queue.markSent(e)
		w.mu.Unlock()
		// Not under the lock: it may block while the server reads slowly.
		if err := w.ask(m, token); err != nil {
			w.mu.Lock()
			w.queue.rewind()
			w.mu.Unlock()
			return fmt.Errorf("publish %s: %w", m.Subject, err)
		}
		if again {
			w.mu.Lock()
			w.stats.Resent++
			w.mu.Unlock()
		}
	}
	return nil
}

// ask publishes a message whose acknowledgement is that of the entry with that token.
func (w *Writer) ask(m *nats.Msg, token uint64) error {
	m.Reply = w.inbox + strconv.FormatUint(token, 10)
	return w.bus.writeConn.PublishMsg(m)
}

// compose is an entry as a message. w.mu is held.
func (w *Writer) compose(e *entry) (*nats.Msg, error) {
	switch {
	case e.kind == recordEntry:
		return &nats.Msg{Subject: e.subject, Data: e.data}, nil
	case e.kind == endEntry && e.segment.lost:
		gap := e.end
		gap.Chunks, gap.Bytes, gap.Checksum, gap.Keys = 0, 0, 0, media.Keys{}
		value, err := endHeader(w.epoch, gap).encode(true)
		if err != nil {
			return nil, err
		}
		e.value = value
	}
	return newMsg(e.subject, e.value, e.data), nil
}

// onAck takes the server's answer to one message.
func (w *Writer) onAck(m *nats.Msg) {
	token, err := strconv.ParseUint(strings.TrimPrefix(m.Subject, w.inbox), 10, 64)
	if err != nil {
		return
	}
	sequence, duplicate, err := readAck(m)
	w.mu.Lock()
	defer w.mu.Unlock()
	e := w.queue.at(token)
	if e == nil || e.done {
		return
	}
	if duplicate {
		w.bus.tap.pass(w.channel)
	}
	switch {
	case duplicate && e.attempts <= 1 && e.kind != recordEntry && w.goesOn():
		// By the predecessor, who has not known of its end: it has made the same of the same feed.
		w.log.Info("bus: the writer before had stored this too", "subject", e.subject)
		w.queue.finish(e)
	case duplicate && e.attempts <= 1 && e.kind != recordEntry && !e.contested && w.lease.doubt():
		// Perhaps by one that has stood by, and has the lease now: that is to be known first.
		e.contested, e.attempts = true, 0
		w.queue.rewind()
	case duplicate && e.attempts <= 1 && e.kind != recordEntry:
		// Sent once only, and there already: by somebody who believes to be the writer. What is stored is not ours.
		w.log.Error("bus: another writer has stored under this number", "subject", e.subject)
		if e.kind == chunkEntry {
			w.drop(e.segment)
		} else {
			w.queue.finish(e)
		}
	case sequence > 0 || duplicate:
		if sequence > 0 && e.kind != recordEntry && w.bus.srv != nil {
			w.bus.tap.put(w.channel, storedMessage{sequence: sequence, subject: e.subject, value: e.value, data: e.data})
		}
		w.stats.StoredMessages++
		w.stats.StoredBytes += int64(len(e.data))
		w.queue.finish(e)
	case e.sent:
		w.log.Debug("bus: message was refused", "subject", e.subject, "error", err)
		w.queue.refused = true
	}
	w.kick()
}

// readAck is the place in the stream of a message that is stored now, or 0, and whether it was stored already. Otherwise the error
// says why not.
func readAck(m *nats.Msg) (sequence uint64, duplicate bool, err error) {
	if len(m.Data) == 0 {
		if m.Header.Get("Status") == "503" {
			return 0, false, nats.ErrNoResponders
		}
		return 0, false, errors.New("empty answer")
	}
	var r struct {
		Seq       uint64 `json:"seq"`
		Duplicate bool   `json:"duplicate"`
		Error     *struct {
			Code        int    `json:"err_code"`
			Description string `json:"description"`
		} `json:"error"`
	}
	if err := json.Unmarshal(m.Data, &r); err != nil {
		return 0, false, fmt.Errorf("answer: %w", err)
	}
	if e := r.Error; e != nil {
		return 0, isWrongSequence(e.Code), fmt.Errorf("%s (error %d)", e.Description, e.Code)
	}
	if r.Duplicate {
		return 0, true, nil
	}
	return r.Seq, false, nil
}
