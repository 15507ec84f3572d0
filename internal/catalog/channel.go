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
	ID      string        // matches ^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$
	Title   string        // for people; may be ""
	DVR     time.Duration // how much can be rewound
	Segment time.Duration // how long a segment should be
	Chunk   time.Duration // how long a chunk should be; 0: one chunk a segment
	Source  string        // "file:PATH": a file that is looped; "srt://HOST:PORT": a sender that is called; "udp://…", "http://…", "file:….ts": transport streams; "": open for a push. May have secrets: HideSource
	Key     string        `json:"-"` // what a publisher must know; "": anybody may publish. A secret: never logged
	// Passphrase is what SRT encrypts the channel's feed with (AES); "": the one of all channels, if there is one. A secret: never logged
	Passphrase string    `json:"-"`
	Allow      Addresses // where publishers may come from; "": from anywhere
	// Renditions are the names of those that are to come as feeds of their own, the first as track v1; "": whatever comes.
	Renditions Names
	Ladder     Ladder // renditions that are made of the feed; "": none
	Inputs     Inputs // of which one is on air; "": there is one
	Switch     Switch // between them
	Captions   Captions
	Subtitles  Languages // of subtitles that are pushed; a channel has them from the beginning of a feed. Others come with their first push
	// Redundant: several processes may get the channel's feed. One writes it; the others stand by and take its place.
	Redundant bool
	// Groups are the names of groups of edges which alone serve the channel; "": all edges do.
	Groups   Names
	FromFile bool // the configuration file has a channel of this ID
	// Revision rises with every change that the API makes, and is the same in every process; 0: the API has set nothing.
	Revision uint64 `json:"-"`
}

// New is the channel of that ID with the default settings.
func New(id string) Channel {
	return Channel{
		ID: id, DVR: DefaultDVR, Segment: DefaultSegment, Chunk: DefaultChunk,
		Switch: Switch{Silence: DefaultSilence, Back: DefaultBack},
	}
}

func (c Channel) equal(o Channel) bool { return c == o }

func (c Channel) revised(revision uint64) Channel {
	c.Revision = revision
	return c
}

// String is a short form for people, without its secrets.
func (c Channel) String() string {
	return fmt.Sprintf("%s{title:%q dvr:%s segment:%s chunk:%s source:%q key:%s passphrase:%s allow:%q renditions:%q ladder:%q inputs:%s silence:%s back:%s captions:%q subtitles:%q redundant:%t groups:%q fromFile:%t}",
		c.ID, c.Title, c.DVR, c.Segment, c.Chunk, HideSource(c.Source), hide(c.Key), hide(c.Passphrase), c.Allow,
		c.Renditions, c.Ladder, c.Inputs, c.Switch.Silence, c.Switch.Back, c.Captions, c.Subtitles, c.Redundant, c.Groups, c.FromFile)
}

// GoString is String, so that %#v keeps the secrets to itself too.
func (c Channel) GoString() string { return "catalog.Channel " + c.String() }

// LogValue has the settings as fields, without its secrets.
func (c Channel) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("id", c.ID),
		slog.String("title", c.Title),
		slog.String("dvr", c.DVR.String()),
		slog.String("segment", c.Segment.String()),
		slog.String("chunk", c.Chunk.String()),
		slog.String("source", HideSource(c.Source)),
		slog.Bool("hasKey", c.Key != ""),
		slog.Bool("hasPassphrase", c.Passphrase != ""),
		slog.String("allow", string(c.Allow)),
		slog.String("renditions", string(c.Renditions)),
		slog.String("ladder", string(c.Ladder)),
		slog.String("inputs", c.Inputs.String()),
		slog.String("silence", c.Switch.Silence.String()),
		slog.String("back", c.Switch.Back.String()),
		slog.String("captions", string(c.Captions)),
		slog.String("subtitles", string(c.Subtitles)),
		slog.Bool("redundant", c.Redundant),
		slog.String("groups", string(c.Groups)),
	)
}

// hide tells whether there is a key or a passphrase, not which.
func hide(key string) string {
	if key == "" {
		return "none"
	}
	return "hidden"
}
