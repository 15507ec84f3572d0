package packager

import (
	"cmp"
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
	maxTogether   = 8        // cues on the screen at one time
	maxTextPieces = 256      // samples of a segment
	maxPieceBytes = 16 << 20 // of a segment: more than those have together
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
	cues  []Cue // by start, then as they came
	bytes int
	next  uint32 // source ID of the next cue
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
		c := Cue{
			From: media.Rescale(from, nanoscale, t.scale), To: media.Rescale(to, nanoscale, t.scale), id: s.Lines[i].ID, Body: CueBody(&s.Lines[i]),
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

func (s *pushed) place(c Cue) error {
	if len(c.Body) > maxLineBytes {
		return fmt.Errorf("%w: a cue of %d bytes", ErrSubtitles, len(c.Body))
	}
	s.cues = slices.DeleteFunc(s.cues, func(o Cue) bool {
		same := c.id != "" && o.id == c.id || string(o.Body) == string(c.Body) && distance(o.From, c.From) <= sameLine && distance(o.To, c.To) <= sameLine
		if same {
			s.bytes -= len(o.Body)
		}
		return same
	})
	if len(s.cues) >= maxLines || s.bytes+len(c.Body) > maxLinesBytes {
		return fmt.Errorf("%w: more than %d cues or %d bytes are waiting", ErrSubtitles, maxLines, maxLinesBytes)
	}
	c.Source = s.next
	s.next++
	at, _ := slices.BinarySearchFunc(s.cues, c, func(a, b Cue) int {
		return cmp.Or(cmp.Compare(a.From, b.From), -1) // behind those that begin with it
	})
	s.cues = slices.Insert(s.cues, at, c)
	s.bytes += len(c.Body)
	return nil
}

func (s *pushed) cut(from, to media.Ticks) []timed {
	out := cutCues(s.cues, from, to, crowd{together: maxTogether, pieces: maxTextPieces, bytes: maxPieceBytes})
	s.cues = slices.DeleteFunc(s.cues, func(c Cue) bool {
		if c.To <= to {
			s.bytes -= len(c.Body)
		}
		return c.To <= to
	})
	return out
}
