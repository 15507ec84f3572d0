package whip

import (
	"errors"
	"net/http"

	"weir/ingest"
)

// refused is what a publisher is told when the server does not admit its feed.
func refused(channel string, err error) *refusal {
	channel = shorten(channel)
	switch {
	case errors.Is(err, ingest.ErrUnknownChannel):
		return refuse(http.StatusNotFound, "there is no channel %q: check the address, or create the channel", channel)
	case errors.Is(err, ingest.ErrKey):
		return refuse(http.StatusUnauthorized, "wrong or missing key for channel %q: send it as a Bearer token", channel)
	case errors.Is(err, ingest.ErrAddress), errors.Is(err, ingest.ErrRefused):
		return refuse(http.StatusForbidden, "channel %q: %s", channel, shorten(err.Error()))
	case errors.Is(err, ingest.ErrTaken):
		return refuse(http.StatusConflict, "channel %q is taken: another feed is on air, stop it first or wait until it has ended", channel)
	case errors.Is(err, ingest.ErrRendition):
		return refuse(http.StatusNotFound, "channel %q does not take this rendition: %s", channel, shorten(err.Error()))
	case errors.Is(err, ingest.ErrFull):
		return refuse(http.StatusServiceUnavailable, "the server has as many feeds as it can take: try again later")
	case errors.Is(err, ingest.ErrClosing):
		return refuse(http.StatusServiceUnavailable, "the server is shutting down: try again later")
	case errors.Is(err, ingest.ErrLimit), errors.Is(err, ingest.ErrFormat):
		return refuse(http.StatusForbidden, "channel %q does not take the feed: %s", channel, shorten(err.Error()))
	}
	return refuse(http.StatusServiceUnavailable, "the server cannot take the feed at the moment: try again later")
}

// shorten bounds what a stranger's words take in a message.
func shorten(s string) string {
	const most = 120
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
