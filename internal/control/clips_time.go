package control

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Instant is a point in time as a client writes it: ISO 8601 with a time zone, or Unix seconds with or without a fraction, as text or
// as a number.
type Instant struct{ text string }

// UnmarshalJSON implements json.Unmarshaler. What a text means is looked at later, so that its field can be named.
func (i *Instant) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &i.text)
	}
	i.text = string(b)
	return nil
}

// Schema implements huma.SchemaProvider.
func (Instant) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		OneOf: []*huma.Schema{{Type: huma.TypeString}, {Type: huma.TypeNumber}}, Description: "ISO 8601 with a time zone, or Unix seconds",
		Examples: []any{"2026-11-21T20:15:30Z", 1795292130.5},
	}
}

var errInstant = errors.New("must be a time like 2026-11-21T20:15:30.5Z, with a time zone, or Unix seconds like 1795292130.5")

// maxSeconds is more than any time that a window can have.
const maxSeconds = 1e11

func (i Instant) time() (time.Time, error) {
	if len(i.text) > 64 {
		return time.Time{}, errInstant
	}
	// ISO 8601 in its extended and its basic form. A fraction may follow the seconds.
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "20060102T150405Z0700"} {
		if t, err := time.Parse(layout, i.text); err == nil {
			return t, nil
		}
	}
	whole, fraction, _ := strings.Cut(i.text, ".")
	seconds, err := strconv.ParseUint(whole, 10, 64)
	if err != nil || seconds > maxSeconds || strings.Trim(fraction, "0123456789") != "" {
		return time.Time{}, errInstant
	}
	nanos, err := strconv.Atoi((fraction + "000000000")[:9])
	if err != nil {
		return time.Time{}, errInstant
	}
	return time.Unix(int64(seconds), int64(nanos)).UTC(), nil
}
