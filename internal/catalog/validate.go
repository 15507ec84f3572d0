package catalog

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of a channel's settings.
const (
	MinSegment     = 500 * time.Millisecond
	MaxSegment     = 10 * time.Second
	MinChunk       = 50 * time.Millisecond // a chunk of 0 is allowed too; at most the segment
	MinDVRSegments = 6                     // the DVR is at least so many segments
	MaxDVR         = 7 * 24 * time.Hour
	MaxTitle       = 200  // bytes
	MaxKey         = 200  // bytes
	MaxSource      = 1024 // bytes
	MaxID          = 64   // bytes
)

// FieldError tells which setting is wrong and why, for the operator who wrote it. It is an ErrInvalid.
type FieldError struct {
	Field   string // key of the setting as in the file and the API; "id" for the channel's ID
	Problem string // the value, what is wrong with it, what is allowed
}

// Error is one line.
func (e *FieldError) Error() string { return e.Field + ": " + e.Problem }

// Unwrap makes every FieldError an ErrInvalid.
func (e *FieldError) Unwrap() error { return ErrInvalid }

func invalid(field, format string, args ...any) error {
	return &FieldError{Field: field, Problem: fmt.Sprintf(format, args...)}
}

// Validate finds the first setting of c that is out of bounds: a *FieldError, or nil. The key's value is never part of it.
func (c Channel) Validate() error {
	if err := ValidateID(c.ID); err != nil {
		return err
	}
	if err := validateText("title", c.Title, MaxTitle); err != nil {
		return err
	}
	if c.Segment < MinSegment || c.Segment > MaxSegment {
		return invalid("segment", "%s is out of bounds, must be from %s to %s", c.Segment, MinSegment, MaxSegment)
	}
	if c.Chunk != 0 && (c.Chunk < MinChunk || c.Chunk > c.Segment) {
		return invalid("chunk", "%s is out of bounds, must be 0 (one chunk a segment) or from %s to the segment's %s",
			c.Chunk, MinChunk, c.Segment)
	}
	if shortest := MinDVRSegments * c.Segment; c.DVR < shortest || c.DVR > MaxDVR {
		return invalid("dvr", "%s is out of bounds, must be from %s (%d segments of %s) to %s",
			c.DVR, shortest, MinDVRSegments, c.Segment, MaxDVR)
	}
	if err := validateSource(c.Source); err != nil {
		return err
	}
	if err := ValidatePassphrase(c.Passphrase); err != nil {
		return invalid("passphrase", "%s", err)
	}
	if err := validateAddresses("allow", c.Allow); err != nil {
		return err
	}
	if err := c.validateFeeds(); err != nil {
		return err
	}
	if err := c.validateLadder(); err != nil {
		return err
	}
	if err := c.validateTexts(); err != nil {
		return err
	}
	return validateKey(c.Key)
}

// ValidateID tells whether a channel may have that ID: it becomes part of URLs and of NATS subjects.
func ValidateID(id string) error {
	if id == "" || len(id) > MaxID {
		return invalid("id", "%.70q must have 1 to %d characters", id, MaxID)
	}
	for i, r := range []byte(id) {
		alnum := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		if !alnum && (i == 0 || r != '_' && r != '-') {
			return invalid("id", "%q must be letters, digits, _ and - only, and start with a letter or a digit", id)
		}
	}
	return nil
}

// validateText wants printable text of at most limit bytes.
func validateText(field, s string, limit int) error {
	if len(s) > limit {
		return invalid(field, "has %d bytes, must have at most %d", len(s), limit)
	}
	if !utf8.ValidString(s) {
		return invalid(field, "%q must be valid UTF-8", s)
	}
	if i := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
		return invalid(field, "%q must be printable: byte %d is not", s, i)
	}
	return nil
}

// noKey are the characters that a key cannot have: publishers write it into a URL.
const noKey = `"#%&/?\`

// validateKey wants printable ASCII that stands for itself in a URL's query.
func validateKey(key string) error {
	if len(key) > MaxKey {
		return invalid("key", "has %d characters, must have at most %d", len(key), MaxKey)
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' || strings.IndexByte(noKey, key[i]) >= 0 {
			return invalid("key", "must be printable ASCII without spaces and %s, for it goes into a URL: character %d is not", noKey, i+1)
		}
	}
	return nil
}
