package packager

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"weir/internal/media"
)

// Bounds on subtitles that are pushed beside a feed.
const (
	maxPushed     = 8 // languages
	maxLines      = 1000
	maxLineBytes  = 4 << 10 // of one, altogether
	maxLinesBytes = 1 << 20 // of a language, of those that no row has taken
	maxLineAhead  = 10 * time.Minute
	maxLineLasts  = time.Hour
	maxTogether   = 8   // cues on the screen at one time
	maxTextPieces = 256 // samples of a segment
	// sameLine is how far apart, in 1/90000 s, the times of a cue may be that comes twice: it may come by the wall clock and by the feed's.
	sameLine = 90 * 20
)

// ErrNotOnAir is what Subtitles gives where the feed has no clock yet that cues could be placed on.
var ErrNotOnAir = errors.New("channel is not on air yet")

// ErrSubtitles is wrapped by errors about subtitles that are over a limit.
var ErrSubtitles = errors.New("subtitles exceed a limit")

// pushed is the script of a language that is pushed beside the feed: cues, on the track's timeline. Nobody waits for them: what a row
// has is what is known when it closes.
type pushed struct {
	cues  []placed // by start, then as they came
	bytes int
	next  uint32 // source ID of the next cue
}

// placed is a cue on the timeline. It is what goes into the box too, so equal cues that come twice are one.
type placed struct {
	from, to media.Ticks
	source   uint32
	id       string
	body     []byte // of its VTTCueBox, but for the source ID
}

func (*pushed) awaits(media.Ticks) bool { return false }

// Subtitles places cues that were pushed beside the feed on the channel timeline. A language that the open run lacks begins a new run at the
// next border. A cue that is known is not taken twice, and one with the ID of another takes its place, as far as that has not gone out. What is
// in the past is left out. The error is ErrNotOnAir, it wraps ErrSubtitles, or it is the output's.
func (p *Packager) Subtitles(s media.Subtitles, now time.Time) error {
	if p.err != nil {
		return p.err
	}
	if !p.feed.anchored {
		return ErrNotOnAir
	}
	t, err := p.pushedTrack(s.Language)
	if err != nil {
		return err
	}
	script := t.script.(*pushed) //nolint:forcetypeassert // it is made with it
	origin := p.origin(&s)
	least := p.feed.newest - media.Ticks(p.segmentDuration())
	if t.cut != nil {
		least = t.ns(t.cut.start)
	}
	for i := range s.Lines {
		from, to := origin+media.Ticks(s.Lines[i].Start), origin+media.Ticks(s.Lines[i].End)
		if to <= least {
			p.stats.LateLines++
			continue
		}
		if time.Duration(from-media.Ticks(now.UnixNano())) > maxLineAhead || to-from > media.Ticks(maxLineLasts) {
			return fmt.Errorf("%w: cue %d begins more than %v ahead, or lasts longer than %v", ErrSubtitles, i+1, maxLineAhead, maxLineLasts)
		}
		c := placed{
			from: media.Rescale(from, nanoscale, t.scale), to: media.Rescale(to, nanoscale, t.scale), id: s.Lines[i].ID, body: cueBody(&s.Lines[i]),
		}
		if err := script.place(c); err != nil {
			return err
		}
	}
	return nil
}

// Languages are languages (BCP 47) that will be pushed beside the feed: every run from now on has tracks for them. Others come to be there
// with their first push. The error wraps ErrConfig or ErrSubtitles.
func (p *Packager) Languages(tags []string) error {
	for _, tag := range tags {
		if _, err := p.pushedTrack(tag); err != nil {
			return err
		}
	}
	return nil
}

// origin is where the times of s count from, in nanoseconds on the channel timeline.
func (p *Packager) origin(s *media.Subtitles) media.Ticks {
	if !s.Stamped {
		return media.Ticks(s.Origin.UnixNano()) - media.Ticks(p.wall.applied)
	}
	const scale = 90000
	clock := trackClock{source: media.Clock{Timescale: scale, Wrap: 1 << 33}}
	source := clock.unroll(s.Stamp, p.feed.sourceTime(scale))
	return p.feed.at + media.Rescale(source-media.Rescale(p.feed.source, p.feed.scale, scale), scale, nanoscale)
}

// pushedTrack is the track of a language.
func (p *Packager) pushedTrack(language string) (*track, error) {
	for _, t := range p.pushed {
		if strings.EqualFold(t.Language, language) {
			return t, nil
		}
	}
	if len(p.pushed) >= maxPushed {
		return nil, fmt.Errorf("%w: %d languages are pushed already", ErrSubtitles, maxPushed)
	}
	t, err := newTrack(media.Format{Codec: media.WVTT, Clock: media.Clock{Timescale: videoTimescale}, Language: language})
	if err != nil {
		return nil, fmt.Errorf("subtitles: %w", err)
	}
	t.told, t.script = nil, &pushed{}
	p.pushed = append(p.pushed, t)
	return t, nil
}

// besides are the tracks that are pushed beside the feed, with names that those of the feed do not have.
func (p *Packager) besides() []*track {
	n := 0
	for _, t := range p.pushed {
		for n++; slices.ContainsFunc(p.tracks, func(o *track) bool { return o.Name == textName(n) }); n++ {
		}
		t.Name = textName(n)
	}
	return p.pushed
}

func textName(n int) string { return fmt.Sprintf("%c%d", media.Text[0], n) }

// lacksText tells whether there is a text track that the run does not have.
func (r *run) lacksText() bool {
	absent := func(t *track) bool { return t.Kind == media.Text && t.cut == nil }
	return slices.ContainsFunc(r.p.pushed, absent) || slices.ContainsFunc(r.p.tracks, absent)
}

func (s *pushed) place(c placed) error {
	if len(c.body) > maxLineBytes {
		return fmt.Errorf("%w: a cue of %d bytes", ErrSubtitles, len(c.body))
	}
	s.cues = slices.DeleteFunc(s.cues, func(o placed) bool {
		same := c.id != "" && o.id == c.id || string(o.body) == string(c.body) && distance(o.from, c.from) <= sameLine && distance(o.to, c.to) <= sameLine
		if same {
			s.bytes -= len(o.body)
		}
		return same
	})
	if len(s.cues) >= maxLines || s.bytes+len(c.body) > maxLinesBytes {
		return fmt.Errorf("%w: more than %d cues or %d bytes are waiting", ErrSubtitles, maxLines, maxLinesBytes)
	}
	c.source = s.next
	s.next++
	at, _ := slices.BinarySearchFunc(s.cues, c, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.from, b.from), -1) // behind those that begin with it
	})
	s.cues = slices.Insert(s.cues, at, c)
	s.bytes += len(c.body)
	return nil
}

func (s *pushed) cut(from, to media.Ticks) []timed {
	edges := []media.Ticks{from}
	for i := range s.cues {
		for _, at := range []media.Ticks{s.cues[i].from, s.cues[i].to} {
			if at > from && at < to {
				edges = append(edges, at)
			}
		}
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)
	edges = append(edges[:min(len(edges), maxTextPieces)], to)
	var out []timed
	for i := range len(edges) - 1 {
		if a, b := edges[i], edges[i+1]; a < b {
			out = append(out, timed{dts: a, pts: a, pos: a, duration: b - a, sync: true, data: s.sample(a)})
		}
	}
	s.cues = slices.DeleteFunc(s.cues, func(c placed) bool {
		if c.to <= to {
			s.bytes -= len(c.body)
		}
		return c.to <= to
	})
	return out
}

// sample is what is on the screen at that point.
func (s *pushed) sample(at media.Ticks) []byte {
	var data []byte
	n := 0
	for i := range s.cues {
		if c := &s.cues[i]; c.from <= at && at < c.to && n < maxTogether {
			n++
			data = box(data, 8+12+len(c.body), "vttc")
			data = box(data, 12, "vsid") // the same in all samples that the cue is cut over
			data = binary.BigEndian.AppendUint32(data, c.source)
			data = append(data, c.body...)
		}
	}
	if n == 0 {
		return emptyWVTT
	}
	return data
}

// cueBody is what is in a cue's VTTCueBox behind its source ID (ISO/IEC 14496-30, 5.6).
func cueBody(c *media.Line) []byte {
	var b []byte
	add := func(name, value string) {
		if value != "" {
			b = append(box(b, 8+len(value), name), value...)
		}
	}
	add("iden", c.ID)
	add("sttg", c.Settings)
	return append(box(b, 8+len(c.Text), "payl"), c.Text...)
}
