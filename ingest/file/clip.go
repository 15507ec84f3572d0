package file

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/Eyevinn/mp4ff/mp4"

	"weir/internal/isobmff"
	"weir/internal/media"
)

// clip is an MP4 file that can be played: the index of its samples, on a common timeline that begins at 0.
type clip struct {
	r      io.ReaderAt
	tracks []*track
	// length is that of the loop, in ticks of clock: all of every track, rounded up to a whole tick of the leading one.
	length media.Ticks
	clock  uint32
}

// newClip indexes the file of that size. Tracks that are no media are left out, and so are those without samples.
func newClip(r io.ReaderAt, size int64) (*clip, error) {
	x := &index{size: size}
	var moov *mp4.MoovBox
	var bad error // of the file's end, after what can be played
	offset := int64(0)
	for n := 0; offset < size; n++ {
		if n >= maxBoxes {
			return nil, fmt.Errorf("%w: more than %d boxes", ErrFile, maxBoxes)
		}
		s, err := nextBox(r, offset, size)
		if err != nil {
			bad = err
			break
		}
		switch s.name {
		case "moov":
			if moov != nil {
				return nil, fmt.Errorf("%w: a second moov at %d", ErrFile, offset)
			}
			var raw []byte
			if moov, raw, err = decode[*mp4.MoovBox](r, s); err != nil {
				return nil, err
			}
			if err := x.moov(moov, raw[s.header:]); err != nil {
				return nil, err
			}
		case "moof":
			if moov == nil {
				return nil, fmt.Errorf("%w: moof at %d before moov", ErrFile, offset)
			}
			moof, _, err := decode[*mp4.MoofBox](r, s)
			if err != nil {
				return nil, err
			}
			if err := x.moof(moof, moov.Mvex, s.offset); err != nil {
				return nil, err
			}
		}
		offset += s.size
	}
	if moov == nil {
		return nil, errors.Join(fmt.Errorf("%w: no moov box: not an MP4 file, or it was not finished", ErrFile), bad)
	}
	c := &clip{r: r}
	for _, t := range x.tracks {
		t.apply()
		if len(t.samples) > 0 {
			c.tracks = append(c.tracks, t)
		}
	}
	if len(c.tracks) == 0 {
		return nil, errors.Join(fmt.Errorf("%w: no track has samples", ErrFile), bad)
	}
	return c, c.align()
}

// moov reads the tracks, and the samples that it lists itself. raw is its body.
func (x *index) moov(moov *mp4.MoovBox, raw []byte) error {
	if moov.Mvhd == nil || moov.Mvhd.Timescale == 0 {
		return fmt.Errorf("%w: movie without a timescale", ErrFile)
	}
	traks := isobmff.Children(raw, "trak")
	if len(traks) != len(moov.Traks) || len(traks) > 64 {
		return fmt.Errorf("%w: %d tracks", ErrFile, len(traks))
	}
	for i, trak := range moov.Traks {
		if trak.Tkhd == nil || trak.Mdia == nil || trak.Mdia.Mdhd == nil || trak.Mdia.Hdlr == nil || trak.Mdia.Minf == nil || trak.Mdia.Minf.Stbl == nil {
			return fmt.Errorf("%w: track %d lacks a header", ErrFile, i+1)
		}
		stbl := isobmff.Child(traks[i], "mdia", "minf", "stbl")
		f, err := isobmff.Format(trak.Mdia.Hdlr.HandlerType, stbl)
		if errors.Is(err, isobmff.ErrNoMedia) {
			continue
		}
		id := trak.Tkhd.TrackID
		if err != nil {
			return fmt.Errorf("%w: track %d: %w", ErrFile, id, err)
		}
		scale := trak.Mdia.Mdhd.Timescale
		if scale == 0 || scale > 1e9 {
			return fmt.Errorf("%w: track %d has a timescale of %d", ErrFile, id, scale)
		}
		f.Clock = media.Clock{Timescale: scale}
		f.Language = language(trak)
		t := &track{id: id, format: f, edit: readEdit(trak, scale, moov.Mvhd.Timescale)}
		if err := x.progressive(t, trak.Mdia.Minf.Stbl); err != nil {
			return err
		}
		x.tracks = append(x.tracks, t)
	}
	return nil
}

// language is a track's, as BCP 47 has it. The three letters of an mdhd are taken as they are.
func language(trak *mp4.TrakBox) string {
	if trak.Mdia.Elng != nil && trak.Mdia.Elng.Language != "" {
		return trak.Mdia.Elng.Language
	}
	l := trak.Mdia.Mdhd.GetLanguage()
	for _, c := range l {
		if c < 'a' || c > 'z' {
			return ""
		}
	}
	if l == "und" || l == "mis" || l == "zxx" {
		return ""
	}
	return l
}

// readEdit reads a track's edit list.
func readEdit(trak *mp4.TrakBox, scale, movie uint32) edit {
	e := noEdit()
	if trak.Edts == nil {
		return e
	}
	for _, elst := range trak.Edts.Elst {
		for _, entry := range elst.Entries {
			d := media.Ticks(min(entry.SegmentDuration, 1<<53))
			if entry.MediaTime < 0 {
				e.delay += int64(media.Rescale(d, movie, scale))
				continue
			}
			e.start = min(entry.MediaTime, maxTime)
			if d > 0 {
				// A movie's ticks are coarse: what reaches beyond by less than one of them is rounding.
				e.end = e.start + int64(media.RescaleDown(d, movie, scale))
				if coarse := int64(media.RescaleUp(1, movie, scale)); coarse > 1 {
					e.end -= coarse - 1
				}
			}
			return e
		}
	}
	return e
}

// align moves all tracks so that the earliest presentation is at 0, and finds the length of the loop.
func (c *clip) align() error {
	lead := c.tracks[0]
	for _, t := range c.tracks {
		if t.format.Codec.Kind() == media.Video {
			lead = t
			break
		}
	}
	const nano = 1_000_000_000
	origin := media.Ticks(math.MaxInt64)
	for _, t := range c.tracks {
		start, _, _ := t.bounds()
		origin = min(origin, media.Rescale(media.Ticks(start), t.format.Clock.Timescale, nano))
	}
	c.clock = lead.format.Clock.Timescale
	for _, t := range c.tracks {
		scale := t.format.Clock.Timescale
		shift := int64(media.Rescale(origin, nano, scale))
		for i := range t.samples {
			t.samples[i].dts -= shift
		}
		t.next -= shift
		_, end, decoding := t.bounds()
		c.length = max(c.length, media.RescaleUp(media.Ticks(max(end, decoding)), scale, c.clock))
	}
	if c.length <= 0 || c.length.Seconds(c.clock) > 30*24*3600 {
		return fmt.Errorf("%w: a duration of %.3f s", ErrFile, c.length.Seconds(c.clock))
	}
	return nil
}

// formats are what a feed announces.
func (c *clip) formats() []media.Format {
	all := make([]media.Format, len(c.tracks))
	for i, t := range c.tracks {
		all[i] = t.format
	}
	return all
}

// String is for people.
func (c *clip) String() string {
	names := make([]string, len(c.tracks))
	for i, t := range c.tracks {
		names[i] = t.format.String()
	}
	return fmt.Sprintf("%s, %.3f s", strings.Join(names, " + "), c.length.Seconds(c.clock))
}
