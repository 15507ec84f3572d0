package bus

import (
	"context"
	"errors"
)

// errIndexed is how following ends where all that was to be read has been.
var errIndexed = errors.New("all that was there has been read")

// Index hands over what a channel's stream has of everything but media, from the oldest message on: runs, the ends of segments, and signals, in
// the stream's order; then CaughtUp, and it returns. So who reads it knows a window of days within a moment, and may get its media by Segment. next
// is the sequence number behind what was there. Otherwise it is as Read is: it waits for the stream, and gets over lost connections.
func (b *Bus) Index(ctx context.Context, channel string, h Handler) (next uint64, err error) {
	r := &reader{channel: channel, only: []string{
		subjectRoot + channel + ".*.*." + endToken,
		subjectRoot + channel + "." + signalTrack + ".>",
	}}
	if err := b.read(ctx, r, h); err != nil {
		return 0, err
	}
	return r.join + 1, nil
}

// indexed tells that an Index has all that it is to read.
func (r *reader) indexed() bool { return r.only != nil && r.caughtUp }
