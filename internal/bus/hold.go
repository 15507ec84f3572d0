package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// holdRoot begins the subject on which the writer of a channel answers those who stand by for it. Nothing of it is stored.
const holdRoot = "weir.hold."

// askTimeout is how long a writer has to answer.
const askTimeout = 500 * time.Millisecond

// maxQuestion bounds what is asked, and what is answered, in bytes.
const maxQuestion = 1 << 10

// ErrNoAnswer says that the writer of a channel does not answer, though the bus is there.
var ErrNoAnswer = errors.New("the channel's writer does not answer")

// Want is what one that stands by wants of a writer.
type Want string

// What may be wanted.
const (
	News Want = ""      // how it does
	Turn Want = "turn"  // the channel: the writer is to let go of it
	Rest Want = "leave" // nothing any more: it does not stand by any longer
)

// question is what one that stands by asks a writer.
type question struct {
	By    string `json:"by"` // instance
	Want  Want   `json:"want,omitempty"`
	Ready bool   `json:"ready,omitempty"` // it holds enough to go on in the middle of a row
}

// Answer is what the writer of a channel says to one that stands by.
type Answer struct {
	Instance string        `json:"instance"`
	Epoch    uint64        `json:"epoch"`
	Quiet    time.Duration `json:"quiet"`            // since its feed has brought it anything to write; nanoseconds
	Leaves   bool          `json:"leaves,omitempty"` // it leaves what it has not finished to those who stand by
}

// Hold is a hold on a channel's lease at one moment.
type Hold struct {
	Instance string
	Since    time.Time
	nonce    string
	revision uint64
}

// Same tells whether it is one hold, which was at most renewed between.
func (h Hold) Same(o Hold) bool {
	return h.Instance == o.Instance && h.nonce == o.nonce && h.Since.Equal(o.Since)
}

// Holder tells who has the channel's lease. The error is ErrNotFound where nobody has.
func (b *Bus) Holder(ctx context.Context, channel string) (Hold, error) {
	if err := checkChannel(channel); err != nil {
		return Hold{}, err
	}
	m, err := b.last(ctx, "KV_"+leaseBucketName, "$KV."+leaseBucketName+"."+channel)
	if err == nil && m.Header.Get("KV-Operation") != "" {
		err = ErrNotFound
	}
	if err != nil {
		return Hold{}, fmt.Errorf("channel %s: lease: %w", channel, err)
	}
	var h holder
	if err := json.Unmarshal(m.Data, &h); err != nil {
		return Hold{}, fmt.Errorf("channel %s: lease: %w: %w", channel, ErrMalformed, err)
	}
	return Hold{Instance: h.Instance, Since: h.Since, nonce: h.Nonce, revision: m.Seq}, nil
}

// Ask asks the channel's writer how it does, and what is wanted of it; ready says that this process could go on in its place. The error is ErrNoAnswer where nobody answers.
func (b *Bus) Ask(ctx context.Context, channel string, want Want, ready bool) (Answer, error) {
	if err := checkChannel(channel); err != nil {
		return Answer{}, err
	}
	value, err := json.Marshal(question{By: b.cfg.Instance, Want: want, Ready: ready})
	if err != nil {
		return Answer{}, err
	}
	if !b.nc.IsConnected() {
		return Answer{}, fmt.Errorf("channel %s: ask its writer: %w", channel, nats.ErrDisconnected)
	}
	disturbed := b.disturbance()
	actx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	reply, err := b.nc.RequestWithContext(actx, holdRoot+channel, value)
	if err != nil && isClosed(disturbed) { // the question or its answer may have gone with the connection
		return Answer{}, fmt.Errorf("channel %s: ask its writer: %w: %w", channel, nats.ErrDisconnected, err)
	}
	if errors.Is(err, nats.ErrNoResponders) || errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil && b.nc.IsConnected() {
		err = fmt.Errorf("%w: %w", ErrNoAnswer, err)
	}
	var a Answer
	if err == nil && len(reply.Data) > maxQuestion {
		err = fmt.Errorf("%w: an answer of %d bytes", ErrMalformed, len(reply.Data))
	}
	if err == nil {
		err = json.Unmarshal(reply.Data, &a)
	}
	if err != nil {
		return Answer{}, fmt.Errorf("channel %s: ask its writer: %w", channel, err)
	}
	return a, nil
}

// Disturbed is closed when a connection is lost next, or comes back: who has not answered before may have had no question.
func (b *Bus) Disturbed() <-chan struct{} { return b.disturbance() }

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// Share lets others stand by for the channel: the writer answers them, and sends nothing while one of them may have taken its place without
// its knowledge, as it was stopped or cut off for a while.
func (w *Writer) Share() error {
	w.lease.share(w.kick)
	sub, err := w.bus.nc.Subscribe(holdRoot+w.channel, w.answer)
	if err != nil {
		return fmt.Errorf("channel %s: answer those who stand by: %w", w.channel, err)
	}
	w.wg.Go(func() {
		<-w.ctx.Done()
		_ = sub.Unsubscribe() // it goes with the connection too
	})
	return nil
}

// answer is called for each question.
func (w *Writer) answer(m *nats.Msg) {
	var q question
	if len(m.Data) > maxQuestion || json.Unmarshal(m.Data, &q) != nil || w.usable() != nil {
		return
	}
	now := time.Now()
	w.mu.Lock()
	switch {
	case q.Want != Rest && q.Ready:
		w.follower, w.followed = q.By, now
	case w.follower == q.By:
		w.followed = time.Time{}
	}
	a := Answer{Leaves: w.leaves, Instance: w.bus.cfg.Instance, Epoch: w.epoch, Quiet: max(0, time.Duration(now.UnixNano()-w.fed.Load()))}
	w.mu.Unlock()
	value, err := json.Marshal(a)
	if err == nil {
		err = m.Respond(value)
	}
	if err != nil {
		w.log.Debug("bus: one that stands by was not answered", "error", err)
	}
	if q.Want == Turn {
		w.yieldOnce.Do(func() { close(w.yield) })
	}
}

// Fed says that the channel's feed has brought something: those who stand by are told how long ago that was.
func (w *Writer) Fed() { w.fed.Store(time.Now().UnixNano()) }

// Yield is closed when one that stands by wants the channel.
func (w *Writer) Yield() <-chan struct{} { return w.yield }

// Follower is who stands by for the channel and is ready, "" where nobody has asked for a while.
func (w *Writer) Follower() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.followedBy()
}

// followedBy is Follower. w.mu is held.
func (w *Writer) followedBy() string {
	if w.followed.IsZero() || time.Since(w.followed) > followerGone {
		return ""
	}
	return w.follower
}

// Leave is said before Close where somebody stands by, which then finishes what the writer has not: it gives the follower's name, "" where there is
// none.
func (w *Writer) Leave() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	by := w.followedBy() // it cannot say that it goes before it is told
	w.leaves = by != ""
	return by
}

// followerGone is after what time one that stood by and does not ask any more is taken to be gone.
const followerGone = 2 * time.Second
