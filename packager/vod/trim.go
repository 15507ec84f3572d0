package vod

import (
	"fmt"
	"time"

	"weir/internal/media"
	"weir/packager"
)

// leadIn is how long before what is presented decoding must begin where nothing better is known: encoders' delays are shorter.
const leadIn = 500 * time.Millisecond

// warmUp is how many ticks before what is presented a track's decoding must begin, at the latest, for what is presented to come out right. It
// is no longer than it must be: players that do not cut it off play it.
func (t *Track) warmUp() int64 {
	frame := int64(0)
	for _, s := range t.Samples.Samples(0, 1) {
		frame = int64(s.Duration)
	}
	ticks := func(d time.Duration) int64 { return int64(media.FromDuration(d, t.Format.Clock.Timescale)) }
	switch {
	case t.Kind != media.Audio, t.Format.Codec == media.FLAC:
		return 0
	case t.Format.Codec == media.AAC && frame > 0:
		if d, err := packager.Describe(t.Format); err == nil && d.Codecs == "mp4a.40.2" { // without SBR, blocks overlap with the one before
			return frame
		}
	case t.Format.Codec == media.Opus: // RFC 7845, 4.6
		return ticks(80 * time.Millisecond)
	}
	return ticks(leadIn) // MP3: frames have their bits in those before
}

// begins is where the presentation of a track begins in segments. Where an edit list begins between two sync samples, that is the one before:
// players show what they are given to decode, or else nothing up to the next one.
func (t *Track) begins() int64 {
	if t.Kind != media.Video {
		return t.Start
	}
	return min(t.Start, t.Samples.Stats().First+t.Shift)
}

// part is samples from ≤ i < to of a table of a track of that name, of a file of that size.
func (t *Table) part(from, to int, size int64, name string) (Table, error) {
	if from == 0 && to == t.count {
		return *t, nil
	}
	b := newBuilder(size, name)
	for _, s := range t.Samples(from, to) {
		if err := b.add(s); err != nil {
			return Table{}, err
		}
	}
	return b.done(), nil
}

// presentLater has players drop what comes before the music, by an edit list: it is before 0 on their timelines.
func (c *column) presentLater() error {
	if c.Kind != media.Audio {
		return nil
	}
	st := c.of.Samples.Stats()
	if c.early = max(0, -c.time(st.First), -c.decoded(st.Start)); c.early == 0 {
		return nil
	}
	var err error
	if c.header, err = packager.HeaderFrom(c.format, c.early); err != nil {
		return fmt.Errorf("%w: track %s: %w", ErrFile, c.Name, err)
	}
	return nil
}
