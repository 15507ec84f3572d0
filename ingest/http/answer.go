package http

import (
	"errors"
	"fmt"
	"net/http"

	"weir/ingest"
	"weir/ingest/mpegts"
)

// answer is the status and the words for why a feed was refused or has ended; the words say what to mend.
func answer(channel string, err error) (status int, words string) {
	switch {
	case errors.Is(err, ingest.ErrUnknownChannel):
		return http.StatusNotFound, fmt.Sprintf("there is no channel %q: check the address, or create the channel", shorten(channel))
	case errors.Is(err, ingest.ErrKey):
		return http.StatusForbidden, fmt.Sprintf("wrong or missing key for channel %q: add ?key=KEY, or Authorization: Bearer KEY", shorten(channel))
	case errors.Is(err, ingest.ErrAddress), errors.Is(err, ingest.ErrRefused):
		return http.StatusForbidden, err.Error()
	case errors.Is(err, ingest.ErrTaken):
		return http.StatusConflict, fmt.Sprintf("channel %q is taken: another feed is on air, stop it first or wait until it has ended", shorten(channel))
	case errors.Is(err, ingest.ErrRendition), errors.Is(err, ingest.ErrInput):
		return http.StatusNotFound, err.Error()
	case errors.Is(err, ingest.ErrLost):
		return http.StatusConflict, "another server has taken over the channel"
	case errors.Is(err, ingest.ErrDeleted):
		return http.StatusNotFound, "the channel was deleted"
	case errors.Is(err, ingest.ErrFull):
		return http.StatusServiceUnavailable, "the server has as many feeds as it can take: try again later"
	case errors.Is(err, ingest.ErrClosing):
		return http.StatusServiceUnavailable, "the server is shutting down: try again later"
	case errors.Is(err, mpegts.ErrNoTS), errors.Is(err, mpegts.ErrUnsupported), errors.Is(err, ingest.ErrFormat):
		return http.StatusUnsupportedMediaType, err.Error()
	case errors.Is(err, ingest.ErrLimit):
		return http.StatusRequestEntityTooLarge, err.Error()
	case errors.Is(err, errIdle):
		return http.StatusRequestTimeout, err.Error()
	case errors.Is(err, ingest.ErrInternal):
		return http.StatusInternalServerError, "internal error: see the server's log"
	}
	return http.StatusServiceUnavailable, "the server cannot take the feed at the moment: try again later"
}

// shorten bounds what a stranger's name takes in a message.
func shorten(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
