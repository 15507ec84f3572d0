package source

import (
	"context"
	"errors"
	"log/slog"

	"weir/ingest"
)

// ErrRefused is a sender that does not want us: it is tried again less often, for somebody has to mend that.
var ErrRefused = errors.New("the sender refused")

// Kind is how sources of one kind are fetched.
type Kind struct {
	Area string                // in the log
	Is   func(url string) bool // whether a source is of the kind
	// Run fetches a source until ctx ends (its error is of no interest then) or something else does, which is the error. It is called again then.
	Run func(ctx context.Context, j Job) error

	Failed, Panicked string // what the log says of a Run that has ended, and of one that panicked
	Passphrase       bool   // the channel's one is needed: a source starts anew when it changes
}

// Source is what a feed is fetched from.
type Source struct {
	Channel    string
	Input      string // of the channel, that names the source; "": the channel itself does
	URL        string // may have secrets: catalog.HideSource
	Key        string // a secret
	Passphrase string // the channel's, where the kind needs it; a secret
}

// Job is the fetching of a source.
type Job struct {
	Source
	Ingest ingest.Opener
	Log    *slog.Logger
}

// Open asks for the feed. protocol, remote and transport are as in ingest.Publish.
func (j Job) Open(ctx context.Context, protocol, remote string, transport func() ingest.Transport) (ingest.Feed, error) {
	return j.Ingest.Open(ctx, ingest.Publish{
		Channel: j.Channel, Input: j.Input, Key: j.Key, Protocol: protocol, Remote: remote, Source: true, Transport: transport,
	})
}
