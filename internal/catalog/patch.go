package catalog

import (
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// Patch is a change of some settings of a channel: what is nil stays as it is.
type Patch struct {
	Title   *string
	DVR     *time.Duration
	Segment *time.Duration
	Chunk   *time.Duration
	Source  *string
	Key     *string // a secret: never logged

	Passphrase *string // a secret: never logged
	Allow      *Addresses
	Renditions *Names
	Ladder     *Ladder
	Inputs     *Inputs
	Silence    *time.Duration // Channel.Switch
	Back       *time.Duration
	Captions   *Captions
	Subtitles  *Languages
	Redundant  *bool
	Groups     *Names
}

// Apply is c with what p sets.
func (p Patch) Apply(c Channel) Channel {
	set(&c.Title, p.Title)
	set(&c.DVR, p.DVR)
	set(&c.Segment, p.Segment)
	set(&c.Chunk, p.Chunk)
	set(&c.Source, p.Source)
	set(&c.Key, p.Key)
	set(&c.Passphrase, p.Passphrase)
	set(&c.Allow, p.Allow)
	set(&c.Renditions, p.Renditions)
	set(&c.Ladder, p.Ladder)
	set(&c.Inputs, p.Inputs)
	set(&c.Switch.Silence, p.Silence)
	set(&c.Switch.Back, p.Back)
	set(&c.Captions, p.Captions)
	set(&c.Subtitles, p.Subtitles)
	set(&c.Redundant, p.Redundant)
	set(&c.Groups, p.Groups)
	return c
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// merge is p overlaid with what next sets.
func (p Patch) merge(next Patch) Patch {
	over(&p.Title, next.Title)
	over(&p.DVR, next.DVR)
	over(&p.Segment, next.Segment)
	over(&p.Chunk, next.Chunk)
	over(&p.Source, next.Source)
	over(&p.Key, next.Key)
	over(&p.Passphrase, next.Passphrase)
	over(&p.Allow, next.Allow)
	over(&p.Renditions, next.Renditions)
	over(&p.Ladder, next.Ladder)
	over(&p.Inputs, next.Inputs)
	over(&p.Silence, next.Silence)
	over(&p.Back, next.Back)
	over(&p.Captions, next.Captions)
	over(&p.Subtitles, next.Subtitles)
	over(&p.Redundant, next.Redundant)
	over(&p.Groups, next.Groups)
	return p
}

func over[T any](to **T, from *T) {
	if from != nil {
		*to = from
	}
}

// equal tells whether both set the same to the same.
func (p Patch) equal(q Patch) bool {
	return same(p.Title, q.Title) && same(p.DVR, q.DVR) && same(p.Segment, q.Segment) &&
		same(p.Chunk, q.Chunk) && same(p.Source, q.Source) && same(p.Key, q.Key) &&
		same(p.Passphrase, q.Passphrase) && same(p.Allow, q.Allow) &&
		same(p.Renditions, q.Renditions) && same(p.Inputs, q.Inputs) && same(p.Silence, q.Silence) && same(p.Back, q.Back) &&
		same(p.Ladder, q.Ladder) && same(p.Captions, q.Captions) && same(p.Subtitles, q.Subtitles) && same(p.Redundant, q.Redundant) &&
		same(p.Groups, q.Groups)
}

func same[T comparable](a, b *T) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// String is a short form for people: what is set, without secrets.
func (p Patch) String() string {
	var parts []string
	for _, a := range p.attrs() {
		v := a.Value.String()
		if a.Key == "title" || a.Key == "source" {
			v = strconv.Quote(v)
		}
		parts = append(parts, a.Key+":"+v)
	}
	return "{" + strings.Join(parts, " ") + "}"
}

// GoString is String, so that %#v keeps the secrets to itself too.
func (p Patch) GoString() string { return "catalog.Patch " + p.String() }

// LogValue has what is set as fields, without secrets.
func (p Patch) LogValue() slog.Value { return slog.GroupValue(p.attrs()...) }

func (p Patch) attrs() []slog.Attr {
	var as []slog.Attr
	text := func(name string, s *string) {
		if s != nil {
			as = append(as, slog.String(name, *s))
		}
	}
	span := func(name string, d *time.Duration) {
		if d != nil {
			as = append(as, slog.String(name, d.String()))
		}
	}
	text("title", p.Title)
	span("dvr", p.DVR)
	span("segment", p.Segment)
	span("chunk", p.Chunk)
	if p.Source != nil {
		as = append(as, slog.String("source", HideSource(*p.Source)))
	}
	if p.Key != nil {
		as = append(as, slog.String("key", hide(*p.Key)))
	}
	if p.Passphrase != nil {
		as = append(as, slog.String("passphrase", hide(*p.Passphrase)))
	}
	text("allow", (*string)(p.Allow))
	text("renditions", (*string)(p.Renditions))
	text("ladder", (*string)(p.Ladder))
	if p.Inputs != nil {
		as = append(as, slog.String("inputs", p.Inputs.String()))
	}
	span("silence", p.Silence)
	span("back", p.Back)
	text("captions", (*string)(p.Captions))
	text("subtitles", (*string)(p.Subtitles))
	text("groups", (*string)(p.Groups))
	if p.Redundant != nil {
		as = append(as, slog.Bool("redundant", *p.Redundant))
	}
	return as
}
