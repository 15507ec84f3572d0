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
	ErrAddress        = errors.New("this address may not publish")
	ErrRefused        = errors.New("refused by on_publish")
	ErrTaken          = errors.New("channel is taken by another feed")
	ErrRendition      = errors.New("unknown rendition")
	ErrInput          = errors.New("unknown input")
	ErrLadder         = errors.New("the channel's ladder cannot be made")
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
	Rendition string // one of several feeds that bring the same in other qualities, or other languages; "": the only one
	Input     string // which of the channel's inputs the feed is; "": the first one
	Key       string // a secret: it is neither printed nor logged
	Protocol  string // for people: rtmp, file, …
	Remote    string // address of the publisher, HOST:PORT; for people: path of the file, or URL
	// Source tells that we fetch the feed ourselves, as the channel's settings want: nobody is asked for an address, nor the hook.
	Source bool
	// Ladder tells that the feed is made of the channel's own one, by its ladder: its timestamps are those of that one.
	Ladder bool
	// Transport is how the connection does, where the protocol knows that; it may be nil, and may be called by any goroutine, also after
	// the feed has ended.
	Transport func() Transport
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
	if p.Input != "" {
		v = append(v, slog.String("input", p.Input))
	}
	return slog.GroupValue(v...)
}

// String is a short form for people, without the key.
func (p Publish) String() string {
	name := p.Channel
	if p.Rendition != "" {
		name += "/" + p.Rendition
	}
	if p.Input != "" {
		name += "?input=" + p.Input
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

// Feed is a feed that was admitted. Start, Write and Event are for one goroutine; the other methods may be called from any.
type Feed interface {
	// Start announces the tracks, before the first sample and whenever they change. Every error is final: the feed has ended.
	Start(formats []media.Format) error
	// Write hands over a sample of the tracks announced last. It takes over s.Data. Every error is final.
	Write(s media.Sample) error
	// Event hands over something timed that is no media, in its place among the samples. It takes over e.Data. An event that cannot
	// be used is dropped and counted: every error is final, as that of Write is, and never of the event's making.
	Event(e media.Event) error
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
