package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// maxDuplicates is how long the server remembers message IDs. It reads all messages of that time when it starts.
const maxDuplicates = time.Minute

func streamName(channel string) string { return "weir-live-" + channel }

// SetChannel makes the channel's stream, or changes how long it keeps messages. A shorter time takes effect at once.
func (b *Bus) SetChannel(ctx context.Context, channel string, maxAge time.Duration) error {
	if err := errors.Join(checkChannel(channel), b.mayWrite(channel)); err != nil {
		return err
	}
	if maxAge < time.Second {
		return fmt.Errorf("channel %s: messages are to be kept for %s, at least 1s is needed", channel, maxAge)
	}
	cfg := jetstream.StreamConfig{
		Name:       streamName(channel),
		Subjects:   []string{subjectRoot + channel + ".>"},
		Storage:    jetstream.FileStorage,
		Retention:  jetstream.LimitsPolicy,
		Discard:    jetstream.DiscardOld,
		MaxAge:     maxAge,
		Duplicates: min(maxDuplicates, maxAge),
		Replicas:   b.cfg.Replicas,
		// No subject has more than one message anyhow. Told so, the server takes blocks of 4 MiB in place of 8, and keeps
		// one or two of them in memory for each channel.
		MaxMsgsPerSubject: 1,
		AllowDirect:       true,
	}
	var s jetstream.Stream
	err := insist(ctx, func(ctx context.Context) (err error) {
		s, err = b.makeStream(ctx, cfg, time.Time{})
		return err
	})
	if err != nil {
		return fmt.Errorf("channel %s: make or change stream %s: %w", channel, streamName(channel), err)
	}
	return b.setIndex(ctx, channel, maxAge, s.CachedInfo().Created)
}

// DeleteChannel removes the channel's stream and all that is recorded of it: should the channel come again, its numbers
// begin again. A channel that is not there is no error. While it has a writer, here or elsewhere, the error is ErrTaken and
// nothing is removed: the writer would put the end of its work into the stream that follows.
func (b *Bus) DeleteChannel(ctx context.Context, channel string) error {
	if err := errors.Join(checkChannel(channel), b.mayWrite(channel)); err != nil {
		return err
	}
	if err := b.reserve(channel); err != nil {
		return err
	}
	defer b.forget(channel)
	ctx, cancel := context.WithTimeout(ctx, 2*requestTimeout)
	defer cancel()
	l, err := b.takeLease(ctx, channel, nil)
	if err != nil {
		return err
	}
	err = b.removeChannel(ctx, channel)
	rctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
	defer cancel()
	return errors.Join(err, l.release(rctx))
}

// removeChannel takes the stream last: a process that dies in between leaves one that Channels tells of.
func (b *Bus) removeChannel(ctx context.Context, channel string) error {
	if err := b.purgeRecords(ctx, channel+".>"); err != nil {
		return fmt.Errorf("channel %s: %w", channel, err)
	}
	if err := b.removeIndex(ctx, channel); err != nil {
		return err
	}
	if err := b.js.DeleteStream(ctx, streamName(channel)); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("channel %s: delete stream: %w", channel, err)
	}
	b.tap.reset(channel)
	return nil
}

// Channels are all that have a stream, in no order.
func (b *Bus) Channels(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*requestTimeout)
	defer cancel()
	names := b.js.StreamNames(ctx, jetstream.WithStreamListSubject(subjectRoot+">"))
	var all []string
	for name := range names.Name() {
		if channel, ok := strings.CutPrefix(name, streamName("")); ok && checkChannel(channel) == nil {
			all = append(all, channel)
		}
	}
	if err := names.Err(); err != nil {
		return nil, fmt.Errorf("list the channels' streams: %w", err)
	}
	return all, nil
}
