package packager

import (
	"fmt"
	"slices"
	"time"

	"weir/internal/media"
)

// Start announces a feed's tracks, or that they changed. Equal formats are nothing new. Tracks that only come in addition leave the
// others as they are: they join at a border, in a new run. Whatever else changes of the tracks that are on air ends the run: the next
// begins with the next sync sample of the new format, on the same clock. The error wraps ErrUnsupported or ErrConfig, and then the
// formats before still hold.
func (p *Packager) Start(formats []media.Format, now time.Time) error {
	if p.err != nil {
		return p.err
	}
	if len(formats) == 0 || len(formats) > maxFormats {
		return fmt.Errorf("start feed: %d tracks, not 1…%d: %w", len(formats), maxFormats, ErrUnsupported)
	}
	tracks, kept, err := p.tracksOf(formats)
	if err != nil {
		return err
	}
	if slices.Equal(tracks, p.tracks) {
		return nil
	}
	if !kept {
		if tracks, err = newTracks(formats); err != nil {
			return err
		}
		if err := p.finish(now); err != nil {
			return err
		}
	}
	p.drop(Clock, len(p.jump)) // held samples name tracks by places that have changed
	p.jump, p.far = nil, 0
	for _, t := range tracks {
		if p.feed.anchored && !slices.Contains(p.tracks, t) {
			t.anchor(&p.feed)
		}
	}
	p.tracks = tracks
	if p.feed.anchored && !kept {
		p.feed.first = p.feed.newest // nobody is late yet
	}
	if p.join != nil && p.run == nil {
		return p.fail(p.enter())
	}
	return nil
}

// tracksOf are the tracks of the formats: those that stay what they were, and new ones. It is true where no other one that is on air, or
// has samples waiting, goes away.
func (p *Packager) tracksOf(formats []media.Format) (tracks []*track, kept bool, err error) {
	if tracks, err = newTracks(formats); err != nil {
		return nil, false, err
	}
	kept = len(p.tracks) > 0
	for _, old := range p.tracks {
		i := slices.IndexFunc(tracks, func(t *track) bool { return t.Name == old.Name && t.format.Equal(old.format) })
		if i >= 0 {
			tracks[i] = old
		} else if old.cut != nil || old.queue.len() > 0 {
			kept = false
		}
	}
	return tracks, kept, nil
}

func newTracks(formats []media.Format) ([]*track, error) {
	tracks := make([]*track, len(formats))
	ordinal := make(map[media.Kind]int)
	names := make(map[string]bool)
	for i, f := range formats {
		t, err := newTrack(f)
		if err != nil {
			return nil, fmt.Errorf("start feed: track %d: %w", i, err)
		}
		ordinal[t.Kind]++
		if t.Name = f.Name; t.Name == "" {
			t.Name = fmt.Sprintf("%c%d", t.Kind[0], ordinal[t.Kind])
		}
		if names[t.Name] {
			return nil, fmt.Errorf("start feed: track %d: name %s is there twice: %w", i, t.Name, ErrConfig)
		}
		names[t.Name] = true
		tracks[i] = t
	}
	return tracks, nil
}
