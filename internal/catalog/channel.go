package catalog

import (
	"fmt"
	"log/slog"
	"time"
)

// What a channel has where neither file nor API says otherwise.
const (
	DefaultDVR     = 10 * time.Minute
	DefaultSegment = 2 * time.Second
	DefaultChunk   = 200 * time.Millisecond
)

// Channel is a channel's effective settings. It is a value: changing a copy changes nothing.
type Channel struct {
	ID       string        // matches ^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$
	Title    string        // for people; may be ""
	DVR      time.Duration // how much can be rewound
	Segment  time.Duration // how long a segment should be
	Chunk    time.Duration // how long a chunk should be; 0: one chunk a segment
	Source   string        // "file:PATH": a file that is looped; "": open for a push
	Key      string        `json:"-"` // what a publisher must know; "": anybody may publish. A secret: never logged
	FromFile bool          // the configuration file has a channel of this ID
	// Revision rises with every change that the API makes, and is the same in every process; 0: the API has set nothing.
	Revision uint64 `json:"-"`
}

// New is the channel of that ID with the default settings.
func New(id string) Channel {
	return Channel{ID: id, DVR: DefaultDVR, Segment: DefaultSegment, Chunk: DefaultChunk}
}

// String is a short form for people, without the key.
func (c Channel) String() string {
	return fmt.Sprintf("%s{title:%q dvr:%s segment:%s chunk:%s source:%q key:%s fromFile:%t}",
		c.ID, c.Title, c.DVR, c.Segment, c.Chunk, c.Source, hide(c.Key), c.FromFile)
}

// GoString is String, so that %#v keeps the key to itself too.
func (c Channel) GoString() string { return "catalog.Channel " + c.String() }

// LogValue has the settings as fields, without the key.
func (c Channel) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("id", c.ID),
		slog.String("title", c.Title),
		slog.String("dvr", c.DVR.String()),
		slog.String("segment", c.Segment.String()),
		slog.String("chunk", c.Chunk.String()),
		slog.String("source", c.Source),
		slog.Bool("hasKey", c.Key != ""),
	)
}

// hide tells whether there is a key, not which.
func hide(key string) string {
	if key == "" {
		return "none"
	}
	return "hidden"
}
