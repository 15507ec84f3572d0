package ingest

import (
	"context"
	"errors"
	"log/slog"

	"weir/internal/media"
)

// What Open answers when it refuses, and what a feed that the server ended says.
var (
	ErrUnknownChannel = errors.New("unknown channel")
	ErrKey            = errors.New("wrong or missing key")
	ErrTaken          = errors.New("channel is taken by another feed")
	ErrRendition      = errors.New("renditions are not supported")
	ErrFull           = errors.New("too many feeds")
	ErrClosing        = errors.New("server is shutting down")
	ErrDeleted        = errors.New("channel was deleted")
	ErrLost           = errors.New("channel was taken over by another server")
	ErrFormat         = errors.New("track cannot be packaged")
	ErrLimit          = errors.New("limit exceeded")
	ErrEnded          = errors.New("feed has ended")
	ErrInternal       = errors.New("internal error")
)

// Publish is what a feed asks for.
type Publish struct {
	Channel   string
	Rendition string // "": the only one
	Key       string // a secret: it is neither printed nor logged
	Protocol  string // for people: rtmp, file, …
	Remote    string // for people: address of the publisher, or path of the file
}

// LogValue has everything but the key.
func (p Publish) LogValue() slog.Value {
	v := []slog.Attr{
		slog.String("channel", p.Channel),
		slog.String("protocol", p.Protocol),
		slog.String("remote", p.Remote),
	}
	if p.Rendition != "" {
		v = append(v, slog.String("rendition", p.Rendition))
	}
	return slog.GroupValue(v...)
}

// String is a short form for people, without the key.
func (p Publish) String() string {
	name := p.Channel
	if p.Rendition != "" {
		name += "/" + p.Rendition
	}
	return p.Protocol + " " + name + " from " + p.Remote
}

// GoString is String, so that %#v keeps the key to itself too.
func (p Publish) GoString() string { return "ingest.Publish " + p.String() }

// Opener is what an adapter needs of the server.
type Opener interface {
	// Open admits a feed or says why not, with one of the errors above. ctx bounds the opening only.
	Open(ctx context.Context, p Publish) (Feed, error)
}

// Feed is a feed that was admitted. Start and Write are for one goroutine; the other methods may be called from any.
type Feed interface {
	// Start announces the tracks, before the first sample and whenever they change. Every error is final: the feed has ended.
	Start(formats []media.Format) error
	// Write hands over a sample of the tracks announced last. It takes over s.Data. Every error is final.
	Write(s media.Sample) error
	// Dropped counts a sample that the adapter had to leave out, and why, in words for the operator.
	Dropped(why string)
	// Done is closed when the server wants the publisher gone, and when the feed was closed.
	Done() <-chan struct{}
	// Err says why, once Done is closed; nil before, and after Close(nil).
	Err() error
	// Close ends the feed: what is held goes out, the channel becomes free. reason is what ended it, nil for the publisher's own
	// wish. Only the first call does anything, and its reason stands unless the server had one before.
	Close(reason error)
}
