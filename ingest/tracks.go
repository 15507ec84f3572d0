package ingest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"weir/internal/media"
	"weir/packager"
)

// slot is a track of the channel. It stays when its feed goes, so that the feed finds its track again.
type slot struct {
	format  media.Format // with the track's name, where it has one
	owner   string       // rendition that brought it first
	ordinal int          // place among the tracks of its kind in that rendition
	from    *feed        // who brings its samples now; nil: nobody
	index   int          // of the feed's formats
}

// arrange decides which track of which feed on air becomes which track of the channel, and tells the packager.
func (s *session) arrange(now time.Time) error {
	group := s.group()
	if len(group) == 1 && group[0].publish.Rendition == "" && s.channel.Ladder == "" {
		f := group[0]
		s.slots = make([]slot, len(f.formats))
		for i, format := range f.formats {
			s.slots[i] = slot{format: format, from: f, index: i}
		}
	} else {
		s.share(group)
	}
	for len(s.slots) > maxTracks { // what nobody brings any more makes room
		i := slices.IndexFunc(s.slots, func(l slot) bool { return l.from == nil })
		if i < 0 {
			return fmt.Errorf("%w: %d tracks of all renditions together, %d are taken", ErrLimit, len(s.slots), maxTracks)
		}
		s.slots = slices.Delete(s.slots, i, i+1)
	}
	formats := make([]media.Format, len(s.slots))
	for _, f := range group {
		f.places, f.spared = slices.Repeat([]int{-1}, len(f.formats)), len(f.formats)
	}
	for i, l := range s.slots {
		formats[i] = l.format
		if l.from != nil {
			l.from.places[l.index] = i
			l.from.spared--
		}
	}
	if err := s.packager.Start(formats, now); err != nil {
		err = fmt.Errorf("channel %s: start: %w", s.channel.ID, err)
		if errors.Is(err, packager.ErrUnsupported) || errors.Is(err, packager.ErrConfig) {
			return err
		}
		return &shared{err}
	}
	for i, l := range s.slots {
		if l.from != nil {
			continue
		}
		if err := s.packager.Leave(i, now); err != nil {
			return &shared{fmt.Errorf("channel %s: package: %w", s.channel.ID, err)}
		}
	}
	return nil
}

// maxTracks is how many tracks a channel may have: what the packager takes.
const maxTracks = 16

// share gives each track of the group a slot. Sound and text that are the same in several renditions are taken from one of them.
func (s *session) share(group []*feed) {
	taken := make(map[*feed][]bool)
	for _, f := range group {
		taken[f] = make([]bool, len(f.formats))
	}
	for i := range s.slots { // who brings a track goes on with it
		l := &s.slots[i]
		if t := taken[l.from]; l.from == nil || t == nil || l.index >= len(t) || !same(l.format, l.from.formats[l.index]) {
			l.from = nil
			continue
		}
		taken[l.from][l.index] = true
	}
	for _, f := range group {
		ordinals := make(map[media.Kind]int)
		for i, format := range f.formats {
			kind := format.Codec.Kind()
			ordinal := ordinals[kind]
			ordinals[kind]++
			if taken[f][i] || s.hides(f, format) {
				continue
			}
			owned, alike := -1, -1
			for k, l := range s.slots {
				if l.format.Codec.Kind() != kind {
					continue
				}
				if l.owner == f.publish.Rendition && l.ordinal == ordinal && l.from == nil {
					owned = k
				}
				if kind != media.Video && same(l.format, format) && alike < 0 && !bringsTwo(f, i) {
					alike = k
				}
			}
			switch {
			case alike >= 0 && s.slots[alike].from != nil: // another rendition brings it
				continue
			case alike >= 0:
				owned = alike
			case owned < 0:
				s.slots = append(s.slots, slot{owner: f.publish.Rendition, ordinal: ordinal})
				owned = len(s.slots) - 1
				format.Name = s.trackName(kind, f.publish.Rendition, ordinal)
			}
			l := &s.slots[owned]
			format.Name = cmp.Or(l.format.Name, format.Name)
			l.format, l.from, l.index = format, f, i
		}
	}
	slices.SortStableFunc(s.slots, func(a, b slot) int {
		return cmp.Or(cmp.Compare(rank(a.format.Codec.Kind()), rank(b.format.Codec.Kind())), cmp.Compare(number(a.format.Name), number(b.format.Name)))
	})
}

// hides tells whether a track is only there to make others of it.
func (s *session) hides(f *feed, format media.Format) bool {
	return s.channel.Ladder != "" && !s.channel.Ladder.KeepsSource() && !f.publish.Ladder && format.Codec.Kind() == media.Video
}

// bringsTwo tells whether the feed has a track before that one that is the same by its format: then both are wanted.
func bringsTwo(f *feed, i int) bool {
	return slices.ContainsFunc(f.formats[:i], func(other media.Format) bool { return same(other, f.formats[i]) })
}

// same tells whether two tracks are the same by their formats; names do not count.
func same(a, b media.Format) bool {
	return a.Codec == b.Codec && bytes.Equal(a.Config, b.Config) && a.Clock == b.Clock && a.Language == b.Language &&
		a.SampleRate == b.SampleRate && a.Channels == b.Channels
}

func rank(k media.Kind) int {
	return slices.Index([]media.Kind{media.Video, media.Audio, media.Text}, k)
}

// number is that in a track's name.
func number(name string) int {
	n, _ := strconv.Atoi(name[min(1, len(name)):])
	return n
}

// trackName is what a new track is called: pictures by the place of their rendition, all else by the first number that is free.
func (s *session) trackName(kind media.Kind, rendition string, ordinal int) string {
	used := make(map[string]bool)
	for _, l := range s.slots {
		used[l.format.Name] = true
	}
	n := 1
	if kind == media.Video {
		n = s.rung(rendition)
		if name := fmt.Sprintf("%c%d", kind[0], n); ordinal == 0 && !used[name] {
			return name
		}
		n = maxRenditions + 1
	}
	for used[fmt.Sprintf("%c%d", kind[0], n)] {
		n++
	}
	return fmt.Sprintf("%c%d", kind[0], n)
}

// rung is the rendition's place, counted from 1: as the channel's settings have it, else by arrival; one that is back has its old one.
func (s *session) rung(rendition string) int {
	if i := slices.Index(s.channel.Renditions.List(), rendition); i >= 0 {
		return i + 1
	}
	if rendition == "" {
		return 1
	}
	if i := slices.Index(s.channel.Ladder.Names(), rendition); i >= 0 && s.channel.Ladder.KeepsSource() {
		return i + 2
	} else if i >= 0 {
		return i + 1
	}
	if n, ok := s.rungs[rendition]; ok {
		return n
	}
	n, known := s.remembered[rendition]
	for free := 1; !known; free++ {
		known = !holds(s.rungs, free) && !holds(s.remembered, free)
		n = free
	}
	s.rungs[rendition] = n
	return n
}

func holds(rungs map[string]int, n int) bool {
	for _, v := range rungs {
		if v == n {
			return true
		}
	}
	return false
}

// group are the feeds that are on air, by their rungs.
func (s *session) group() []*feed {
	var group []*feed
	for _, m := range s.members {
		if m.onAir {
			group = append(group, m)
		}
	}
	slices.SortStableFunc(group, func(a, b *feed) int { return cmp.Compare(s.rung(a.publish.Rendition), s.rung(b.publish.Rendition)) })
	return group
}

// voice is whose events count: they come with every rendition. Its clock is the session's.
func (s *session) voice() *feed {
	for _, f := range s.group() {
		if f.clock.offset == 0 {
			return f
		}
	}
	return nil
}
