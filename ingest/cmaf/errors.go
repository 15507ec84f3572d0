package cmaf

import (
	"errors"
	"fmt"
	"net/http"

	"weir/ingest"
)

// What is wrong with a request. The words around them are for the broadcaster.
var (
	errMalformed   = errors.New("malformed CMAF")                          // 400
	errNotCMAF     = errors.New("this is not CMAF")                        // 415
	errUnsupported = errors.New("track cannot be packaged")                // 415
	errNoHeader    = errors.New("the CMAF header of the track is missing") // 412
	errPath        = errors.New("the path names no track")                 // 403
	errNoFeed      = errors.New("nothing is being pushed to the channel")  // 404
	errOvertaken   = errors.New("another request for the same track goes on in its place")
	errAsked       = errors.New("the channel wants a key") // 401
	errIdle        = errors.New("nothing received")
)

// refusal is what a sender is told of an error (DASH-IF Live Media Ingest 1.2, common requirements, failure behaviors): the status, and
// words that say what to mend.
func refusal(channel string, err error) (status int, words string) {
	switch {
	case errors.Is(err, errPath):
		return http.StatusForbidden, "the path names no track: push to /cmaf/CHANNEL/Streams(TRACK.cmfv) or /cmaf/CHANNEL/TRACK/SEGMENT.m4s"
	case errors.Is(err, errAsked):
		return http.StatusUnauthorized, err.Error()
	case errors.Is(err, ingest.ErrKey):
		return http.StatusForbidden, fmt.Sprintf("wrong or missing key for channel %q: add ?key=KEY, or send it as the password", channel)
	case errors.Is(err, ingest.ErrAddress), errors.Is(err, ingest.ErrRefused):
		return http.StatusForbidden, fmt.Sprintf("channel %q: %v", channel, err)
	case errors.Is(err, ingest.ErrUnknownChannel):
		return http.StatusNotFound, fmt.Sprintf("there is no channel %q: check the path, or create the channel", channel)
	case errors.Is(err, ingest.ErrDeleted):
		return http.StatusNotFound, "the channel was deleted"
	case errors.Is(err, errNoFeed):
		return http.StatusNotFound, err.Error()
	case errors.Is(err, ingest.ErrTaken):
		return http.StatusConflict, fmt.Sprintf("channel %q is taken: another feed is on air, stop it first or wait until it has ended", channel)
	case errors.Is(err, errOvertaken):
		return http.StatusConflict, err.Error()
	case errors.Is(err, errNoHeader):
		return http.StatusPreconditionFailed, err.Error() + ": send it first, before any segment"
	case errors.Is(err, errNotCMAF):
		return http.StatusUnsupportedMediaType, err.Error() + ": push fragmented MP4, a header (ftyp, moov) and then segments (moof, mdat)"
	case errors.Is(err, errUnsupported), errors.Is(err, ingest.ErrFormat):
		return http.StatusUnsupportedMediaType, err.Error()
	case errors.Is(err, errMalformed), errors.Is(err, errIdle):
		return http.StatusBadRequest, err.Error()
	case errors.Is(err, ingest.ErrLimit):
		return http.StatusBadRequest, "feed refused: " + err.Error()
	case errors.Is(err, ingest.ErrFull):
		return http.StatusServiceUnavailable, "the server has as many feeds as it can take: try again later"
	case errors.Is(err, ingest.ErrClosing):
		return http.StatusServiceUnavailable, "the server is shutting down: try again later"
	case errors.Is(err, ingest.ErrLost):
		return http.StatusServiceUnavailable, "another server has taken over the channel"
	case errors.Is(err, ingest.ErrInternal):
		return http.StatusInternalServerError, "internal error: see the server's log"
	case errors.Is(err, ingest.ErrEnded):
		return http.StatusServiceUnavailable, "the feed has ended: begin again with the header"
	}
	return http.StatusServiceUnavailable, "the server cannot take the feed at the moment: try again later"
}
