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
}

// Apply is c with what p sets.
func (p Patch) Apply(c Channel) Channel {
	set(&c.Title, p.Title)
	set(&c.DVR, p.DVR)
	set(&c.Segment, p.Segment)
	set(&c.Chunk, p.Chunk)
	set(&c.Source, p.Source)
	set(&c.Key, p.Key)
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
		same(p.Chunk, q.Chunk) && same(p.Source, q.Source) && same(p.Key, q.Key)
}

func same[T comparable](a, b *T) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// String is a short form for people: what is set, without the key.
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

// GoString is String, so that %#v keeps the key to itself too.
func (p Patch) GoString() string { return "catalog.Patch " + p.String() }

// LogValue has what is set as fields, without the key.
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
	text("source", p.Source)
	if p.Key != nil {
		as = append(as, slog.String("key", hide(*p.Key)))
	}
	return as
}
