package clip

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrNotFound says that there is no such clip.
	ErrNotFound = errors.New("no such clip")
	// ErrChannel says that there is no such channel.
	ErrChannel = errors.New("no such channel")
	// ErrFull says that there is no room for a clip: on the disk, or because there are too many.
	ErrFull = errors.New("no room for another clip")
	// ErrBusy says that too many clips are being made.
	ErrBusy = errors.New("too many clips are being made, try again later")
	// ErrLocked says that another process keeps its clips in the directory.
	ErrLocked = errors.New("another process keeps its clips there")
	// ErrDamaged says that a clip on the disk is not what was written.
	ErrDamaged = errors.New("damaged clip")
)

// FieldError says what is wrong with a request.
type FieldError struct{ Field, Problem string }

// Error implements error.
func (e *FieldError) Error() string { return e.Field + ": " + e.Problem }

// RangeError says that a stretch is not, or not wholly, in the window. Its times are by the wall clock, as players are told them;
// both are zero where the window is empty.
type RangeError struct {
	Channel        string
	Oldest, Newest time.Time
	Problem        string
}

// Error implements error.
func (e *RangeError) Error() string {
	if e.Oldest.IsZero() {
		return fmt.Sprintf("channel %s: %s: its window is empty", e.Channel, e.Problem)
	}
	return fmt.Sprintf("channel %s: %s: its window has %s to %s", e.Channel, e.Problem, stamp(e.Oldest), stamp(e.Newest))
}

// stamp is a time as people and programs read it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
