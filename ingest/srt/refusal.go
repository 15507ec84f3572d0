package srt

import (
	"errors"

	gosrt "github.com/datarhei/gosrt"

	"weir/ingest"
)

// Rejection codes of SRT Access Control that gosrt has not, or has with another number.
const (
	rejectConflict gosrt.RejectionReason = 1409 // SRT_REJX_CONFLICT
	rejectMedia    gosrt.RejectionReason = 1415 // SRT_REJX_NOTSUP_MEDIA
)

// refusal is why a caller is sent away: the code is for its program, the reason for our log.
type refusal struct {
	code   gosrt.RejectionReason
	reason string
}

func (r *refusal) Error() string { return r.reason }

// codeOf is the rejection code for what Open answered.
func codeOf(err error) gosrt.RejectionReason {
	var r *refusal
	switch {
	case errors.As(err, &r):
		return r.code
	case errors.Is(err, ingest.ErrKey):
		return gosrt.REJX_UNAUTHORIZED
	case errors.Is(err, ingest.ErrAddress), errors.Is(err, ingest.ErrRefused):
		return gosrt.REJX_FORBIDDEN
	case errors.Is(err, ingest.ErrUnknownChannel), errors.Is(err, ingest.ErrRendition), errors.Is(err, ingest.ErrInput), errors.Is(err, ingest.ErrDeleted):
		return gosrt.REJX_NOTFOUND
	case errors.Is(err, ingest.ErrTaken), errors.Is(err, ingest.ErrLost):
		return rejectConflict
	case errors.Is(err, ingest.ErrFull):
		return gosrt.REJX_OVERLOAD
	case errors.Is(err, ingest.ErrClosing):
		return gosrt.REJX_DOWN
	}
	return gosrt.REJX_ISE
}
