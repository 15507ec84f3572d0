package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"weir/internal/media"
)

// Joiner is a Handler that begins with the newest media.
type Joiner interface {
	Handler
	// Stored is End of a segment whose chunks are not handed over, but can be read back by Bus.Segment.
	Stored(e media.SegmentEnd)
}

const (
	// tailTargets is for how many target durations before the newest segment media is handed over: what low-latency players are told of parts,
	// and where players begin.
	tailTargets = 4
	tailLeast   = 6  // segments
	tailMost    = 64 // likewise: they may be short
	tailGaps    = 8  // segments without any message that are got over
)

// errIndexed is how following ends where all has been read that is read without its media.
var errIndexed = errors.New("what is older has been read")

// Join is Read for who wants the newest media first: of all that is older than a few segments it hands over everything but media, and only then, from
// there on, all. So a window of days is known within a moment, and the live edge is served at once.
func (b *Bus) Join(ctx context.Context, channel string, h Joiner) error {
	return b.read(ctx, &reader{channel: channel, joining: joining{joiner: h}}, h)
}

// joining is how far a reader has come that hands over no media of what is old.
type joining struct {
	joiner Joiner // nil: it hands over all
	least  uint64 // segments before it are Stored
	tail   uint64 // sequence number from which on all is read
	broken uint64 // segments before it may have lost some of their media already, and are left out
	stretch
	then []stretch // that are read before the tail
}

// stretch is what of a stream is read without its media: nothing where only is "". It is of one pattern of subjects at a time: for two the server compares all
// subjects of the stream with both at the end of each of its blocks, which takes longer than to read the blocks.
type stretch struct {
	only     string // subjects
	index    bool   // of the channel's index, for what that has
	from, to uint64 // sequence numbers, to is behind the last
}

// indexing tells that media is not read yet.
func (r *reader) indexing() bool { return r.only != "" }

// indexed ends a stretch; whole tells that one behind it was seen. Else an index may lag: what it may lack is looked for in the channel's stream.
func (r *reader) indexed(whole bool) error {
	if r.index && !whole {
		r.then = append([]stretch{{only: r.only, from: min(r.next, r.to), to: r.to}}, r.then...)
	}
	if len(r.then) == 0 {
		r.stretch, r.next = stretch{}, r.tail
		r.sink.resume()
		return errIndexed
	}
	r.stretch, r.then = r.then[0], r.then[1:]
	r.next = r.from
	r.sink.again()
	return errIndexed
}

// plan decides from where on a stream is read that the reader has not seen before.
func (r *reader) plan(ctx context.Context, first, last uint64) error {
	r.joining = joining{joiner: r.joiner}
	if r.joiner == nil || last < first || last == 0 {
		return nil
	}
	newest, err := r.bus.lastMessage(ctx, r.channel, subjectRoot+r.channel+".*.*."+endToken)
	if errors.Is(notThere(err), ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for the newest segment: %w", err)
	}
	oldest, err := r.oldest(ctx, ">")
	if err != nil || oldest.Segment+tailLeast > newest.Segment {
		return err
	}
	rows := r.rows(ctx, newest.end())
	if newest.Segment-oldest.Segment < rows+2 {
		return nil
	}
	from := newest.Segment + 1 - rows
	for range tailGaps {
		m, err := r.oldest(ctx, fmt.Sprintf("*.%d.>", from))
		if errors.Is(err, ErrNotFound) {
			from--
			continue
		}
		if err != nil {
			return err
		}
		r.least, r.tail = from, m.sequence
		if first > 1 { // what has gone may have been of tracks that are ahead of the oldest message
			r.broken = oldest.Segment + 2
		}
		r.stretch = stretch{only: allEnds(r.channel), index: true, from: first, to: m.sequence}
		_, err = r.bus.last(ctx, streamName(r.channel), allSignals(r.channel))
		if errors.Is(notThere(err), ErrNotFound) { // most often: a consumer for them would be made in vain
			return nil
		}
		if err != nil {
			return fmt.Errorf("look for signals: %w", err)
		}
		r.then = []stretch{{only: allSignals(r.channel), index: true, from: first, to: m.sequence}}
		return nil
	}
	return nil
}

// rows is how many segments are read with their media.
func (r *reader) rows(ctx context.Context, newest media.SegmentEnd) uint64 {
	target, each := 2*time.Second, newest.Duration.Duration(newest.Timescale)
	if d, err := r.bus.target(ctx, r.channel); err == nil {
		target = d
	}
	if each <= 0 {
		each = target
	}
	return uint64(min(max((tailTargets*target+each-1)/each, tailLeast), tailMost))
}

// place is where a message stands.
type place struct {
	address
	sequence uint64
}

// oldest is the place of the oldest message of the channel's stream under a pattern. ErrNotFound: there is none.
func (r *reader) oldest(ctx context.Context, pattern string) (place, error) {
	m, err := r.bus.ask(ctx, streamName(r.channel), map[string]any{"seq": 1, "next_by_subj": subjectRoot + r.channel + "." + pattern})
	if err != nil {
		return place{}, err
	}
	a, err := parseSubject(r.channel, m.Subject)
	return place{a, m.Seq}, err
}
