package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"

	"weir/internal/media"
)

// takeover finds out what a channel's predecessors have left and closes what they left open.
type takeover struct {
	bus     *Bus
	channel string
	log     *slog.Logger
	epoch   uint64
	resume  Resume
}

// run does it. epoch is the lease's revision.
func (t *takeover) run(ctx context.Context, epoch uint64) error {
	if err := t.read(ctx, epoch); err != nil {
		return err
	}
	if err := t.closeLast(ctx); err != nil {
		return err
	}
	return t.bus.putState(ctx, t.channel, t.state())
}

// read reads what the predecessors have recorded.
func (t *takeover) read(ctx context.Context, epoch uint64) error {
	var s state
	if err := t.bus.jsonRecord(ctx, stateKey(t.channel), &s); err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	inits, err := t.bus.lastInits(ctx, t.channel)
	if err != nil {
		return err
	}
	// The bucket's revisions may have begun again, if somebody removed it. Epochs must not.
	t.epoch = max(epoch, s.Epoch+1)
	t.resume = Resume{Segment: s.Segment, Run: s.Run, End: s.End, Target: s.Target, Inits: inits}
	if err := t.findTarget(ctx); err != nil {
		return err
	}
	return t.readRates(ctx)
}

// findTarget reads the target duration where the state does not have it. The other way round it is recorded anew: no packager
// tells what it has inherited, and readers list nothing without it.
func (t *takeover) findTarget(ctx context.Context) error {
	d, err := t.bus.target(ctx, t.channel)
	missing := errors.Is(err, ErrNotFound) || errors.Is(err, ErrMalformed)
	switch {
	case err != nil && !missing:
		return err
	case t.resume.Target == 0:
		t.resume.Target = d
	case missing:
		value, err := json.Marshal(target{t.resume.Target})
		if err != nil {
			return err
		}
		return t.bus.put(ctx, &nats.Msg{Subject: recordSubject + targetKey(t.channel), Data: value})
	}
	return nil
}

// forgetTarget lets the target duration be fixed anew: the stream is empty, so that no window has media any more, and the
// channel's settings or its encoder may be others.
func (t *takeover) forgetTarget(ctx context.Context) error {
	if t.resume.Target == 0 {
		return nil
	}
	t.resume.Target = 0
	return t.bus.purgeRecords(ctx, targetKey(t.channel))
}

func (t *takeover) state() state {
	r := t.resume
	return state{Segment: r.Segment, Run: r.Run, End: r.End, Target: r.Target, Epoch: t.epoch}
}

// closeLast completes the rows of the newest run that the stream has, and takes its ends into the resume state.
func (t *takeover) closeLast(ctx context.Context) error {
	newest, err := t.bus.lastMessage(ctx, t.channel, subjectRoot+t.channel+".>")
	if errors.Is(err, ErrNotFound) {
		return t.forgetTarget(ctx)
	}
	if errors.Is(err, ErrMalformed) && t.resume.Run > 0 && t.resume.Segment > 0 {
		// It is nobody's. What the last writer recorded tells where to look.
		t.log.Warn("bus: the stream's newest message is not understood", "error", err)
		newest = message{address: address{Segment: t.resume.Segment - 1}, header: header{Run: t.resume.Run - 1}}
	} else if errors.Is(err, ErrMalformed) {
		return nil
	} else if err != nil {
		return err
	}
	t.epoch = max(t.epoch, newest.Epoch+1)
	// The state runs ahead of the stream: it is stored before the row or run that it speaks of has any media. And the newest
	// message may be of a writer that did not know of its end, so that the state is right.
	ids := []uint64{newest.Run}
	if t.resume.Run > newest.Run+1 {
		ids = []uint64{t.resume.Run - 1, newest.Run}
	}
	used := max(t.resume.Segment, 1) - 1
	for _, id := range ids {
		run, _, err := t.bus.run(ctx, t.channel, id)
		if errors.Is(err, ErrNotFound) || errors.Is(err, ErrMalformed) {
			t.log.Warn("bus: a run is not known any more; its segments are not closed", "run", id, "error", err)
			continue
		}
		if err != nil {
			return err
		}
		c := closing{bus: t.bus, channel: t.channel, log: t.log, epoch: t.epoch, run: run, used: used, rates: t.resume.Rates}
		found, err := c.closeRows(ctx)
		if err != nil {
			return err
		}
		if found {
			t.resume.Segment, t.resume.Run = c.last+1, id+1
			if !c.end.Before(t.resume.End) {
				t.resume.End, t.resume.Shift = c.end, c.shift
			}
			return nil
		}
	}
	// Nothing could be closed: at least no number is used twice.
	t.resume.Segment = max(t.resume.Segment, newest.Segment+1)
	t.resume.Run = max(t.resume.Run, newest.Run+1)
	return nil
}

// readRates takes what was measured of each track from the newest end that the stream has of it, so that rates go on.
func (t *takeover) readRates(ctx context.Context) error {
	t.resume.Rates = map[string]media.Rate{}
	for track := range t.resume.Inits {
		m, err := t.bus.lastMessage(ctx, t.channel, subjectRoot+t.channel+"."+track+".*."+endToken)
		if err = notThere(err); errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return fmt.Errorf("rate of track %s: %w", track, err)
		}
		if m.Rate != (media.Rate{}) {
			t.resume.Rates[track] = m.Rate
		}
	}
	return nil
}

// target is the channel's recorded target duration, or ErrNotFound.
func (b *Bus) target(ctx context.Context, channel string) (time.Duration, error) {
	var d target
	if err := b.jsonRecord(ctx, targetKey(channel), &d); err != nil {
		return 0, err
	}
	if d.Duration <= 0 || d.Duration > time.Hour {
		return 0, fmt.Errorf("target duration %s: %w", d.Duration, ErrMalformed)
	}
	return d.Duration, nil
}
