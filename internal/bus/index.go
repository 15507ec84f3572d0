package bus

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// indexFrom is from which max_age on a channel has an index: a second stream, which the server itself fills with the ends and signals of the first.
// It is no mirror of it, for mirrors answer direct gets in its place. To find these in the channel's stream the server reads all of its media.
const indexFrom = 15 * time.Minute

// sourceHeader is where the server says where in which stream a message of an index stands.
const sourceHeader = "Nats-Stream-Source"

func indexName(channel string) string { return "weir-index-" + channel }

// allEnds and allSignals are the subjects of everything but media.
func allEnds(channel string) string    { return subjectRoot + channel + ".*.*." + endToken }
func allSignals(channel string) string { return subjectRoot + channel + "." + signalTrack + ".>" }

// setIndex makes or changes the index of a channel whose stream was made then, or removes it where none is needed. It goes on from where it is, and a new one
// from the oldest message of the stream. An index of a stream that is gone is made anew: it would wait for the numbers that it knows.
func (b *Bus) setIndex(ctx context.Context, channel string, maxAge time.Duration, made time.Time) error {
	if maxAge < indexFrom {
		return b.removeIndex(ctx, channel)
	}
	cfg := jetstream.StreamConfig{
		Name: indexName(channel),
		Sources: []*jetstream.StreamSource{ // of two patterns in one the server would look through all subjects for each block of the stream
			{Name: streamName(channel), FilterSubject: allEnds(channel)},
			{Name: streamName(channel), FilterSubject: allSignals(channel)},
		},
		Storage:   jetstream.FileStorage,
		Retention: jetstream.LimitsPolicy,
		Discard:   jetstream.DiscardOld,
		MaxAge:    maxAge,
		Replicas:  b.cfg.Replicas,
	}
	err := insist(ctx, func(ctx context.Context) error {
		_, err := b.makeStream(ctx, cfg, made)
		return err
	})
	if err != nil {
		return fmt.Errorf("channel %s: make or change stream %s: %w", channel, indexName(channel), err)
	}
	return nil
}

func (b *Bus) removeIndex(ctx context.Context, channel string) error {
	if err := b.js.DeleteStream(ctx, indexName(channel)); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("channel %s: delete stream %s: %w", channel, indexName(channel), err)
	}
	return nil
}

// source is the stream that is read now: the index of a stream that was made then, where there is one and it is wanted; else the stream itself.
func (r *reader) source(ctx context.Context, s jetstream.Stream, made time.Time) (jetstream.Stream, error) {
	if !r.index {
		return s, nil
	}
	index, err := r.bus.readJS.Stream(ctx, indexName(r.channel))
	if errors.Is(err, jetstream.ErrStreamNotFound) || err == nil && index.CachedInfo().Created.Before(made) { // it is of a stream that is gone
		r.index = false
		for i := range r.then {
			r.then[i].index = false
		}
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find index: %w", err)
	}
	return index, nil
}

// start is where reading begins in the stream that is read now. An index has numbers of its own, rising with those of the channel's stream for each of the two
// patterns by itself.
func (r *reader) start() uint64 {
	if r.index {
		return 1
	}
	return r.next
}

// sequence is where the message that meta is of stands in the channel's stream. An index says it in a header: the stream's name, the number, and more.
func (r *reader) sequence(meta *jetstream.MsgMetadata, h nats.Header) (uint64, error) {
	if !r.index {
		return meta.Sequence.Stream, nil
	}
	_, rest, _ := strings.Cut(h.Get(sourceHeader), " ")
	s, _, _ := strings.Cut(rest, " ")
	n, err := number(s, math.MaxUint64)
	if err != nil {
		return 0, fmt.Errorf("index: message %d: %w", meta.Sequence.Stream, err)
	}
	return n, nil
}
