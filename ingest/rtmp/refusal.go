package rtmp

import (
	"errors"
	"fmt"

	"weir/ingest"
)

// Status codes of RTMP (RTMP 1.0, 7.2.2; NetStatusEvent). Encoders show the description, some the code alone.
const (
	codeConnected   = "NetConnection.Connect.Success"
	codeBadApp      = "NetConnection.Connect.InvalidApp"
	codeRejected    = "NetConnection.Connect.Rejected"
	codeClosed      = "NetConnection.Connect.Closed"
	codeReconnect   = "NetConnection.Connect.ReconnectRequest"
	codeCallFailed  = "NetConnection.Call.Failed"
	codePublished   = "NetStream.Publish.Start"
	codeBadName     = "NetStream.Publish.BadName"
	codeDenied      = "NetStream.Publish.Denied"
	codeUnpublished = "NetStream.Unpublish.Success"
	codeNoStream    = "NetStream.Play.StreamNotFound"
	codeFailed      = "NetStream.Failed"
)

// refusal is why a client is sent away: what it is told, in words that say what to mend.
type refusal struct {
	code        string
	description string
	cause       error // for the log; may be nil
}

func (r *refusal) Error() string {
	if r.cause != nil {
		return r.cause.Error()
	}
	return r.description
}

func (r *refusal) Unwrap() error { return r.cause }

// refuse turns what Open answered for a into a refusal.
func refuse(a address, err error) *refusal {
	r := &refusal{cause: err}
	switch {
	case errors.Is(err, ingest.ErrUnknownChannel):
		r.code, r.description = codeBadName, fmt.Sprintf("there is no channel %q: check the stream name, or create the channel", shorten(a.Channel))
	case errors.Is(err, ingest.ErrKey):
		r.code, r.description = codeDenied, fmt.Sprintf("wrong or missing key for channel %q: publish to %s/%[1]s?key=KEY", shorten(a.Channel), application)
	case errors.Is(err, ingest.ErrTaken):
		r.code, r.description = codeBadName, fmt.Sprintf("channel %q is taken: another feed is on air, stop it first or wait until it has ended", shorten(a.Channel))
	case errors.Is(err, ingest.ErrRendition):
		r.code, r.description = codeBadName, fmt.Sprintf("channel %q does not take rendition %q: %s", shorten(a.Channel), shorten(a.Rendition), shorten(err.Error()))
	case errors.Is(err, ingest.ErrInput):
		r.code, r.description = codeBadName, fmt.Sprintf("channel %q has no input %q: leave out ?input=, or check the channel's inputs", shorten(a.Channel), shorten(a.Input))
	case errors.Is(err, ingest.ErrAddress), errors.Is(err, ingest.ErrRefused):
		r.code, r.description = codeDenied, fmt.Sprintf("channel %q: %s", shorten(a.Channel), shorten(err.Error()))
	case errors.Is(err, ingest.ErrFull):
		r.code, r.description = codeFailed, "the server has as many feeds as it can take: try again later"
	case errors.Is(err, ingest.ErrClosing):
		r.code, r.description = codeFailed, "the server is shutting down: try again later"
	default:
		r.code, r.description = codeFailed, "the server cannot take the feed at the moment: try again later"
	}
	return r
}

// ended is what the publisher of a running feed is told when the server ends it.
func ended(err error) (level, code, description string) {
	switch {
	case err == nil, errors.Is(err, ingest.ErrClosing):
		return "status", codeUnpublished, "the server is shutting down"
	case errors.Is(err, ingest.ErrDeleted):
		return "error", codeBadName, "the channel was deleted"
	case errors.Is(err, ingest.ErrLost):
		return "error", codeFailed, "another server has taken over the channel"
	case errors.Is(err, ingest.ErrInternal):
		return "error", codeFailed, "internal error: see the server's log"
	}
	return "error", codeFailed, "feed refused: " + err.Error()
}

// shorten bounds what a stranger's name takes in a message.
func shorten(s string) string {
	const most = 120
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
