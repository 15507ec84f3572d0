package vod

import (
	"bytes"
	"errors"
	"fmt"

	"weir/internal/elementary"
	"weir/internal/media"
)

const (
	// maxGarbage is how many bytes that are no frames are passed over at one place.
	maxGarbage = 1 << 20
	// Frames that must follow one another for the first of them to be believed: behind garbage, and where a file should begin.
	chainInGarbage, chainAtStart = 5, 2
)

// errNoFrames: there is nothing that is known as music.
var errNoFrames = fmt.Errorf("%w: there are no frames", ErrFile)

// readFrames reads MPEG audio or ADTS: frames that tell their size, one behind the other, all of one format. A frame is believed to be one
// where others like it follow. What is no frame is passed over: tags, the rest of a frame that was cut off, garbage before, behind and, as
// decoders do it, between frames.
func (m *music) readFrames(s *stream, each eachFrame) error {
	start := s.at
	framer, format, err := findFrames(s)
	if err != nil {
		return err
	}
	m.garbage = s.at - start
	m.format = format
	for first := true; ; first = false {
		b, err := s.peek(framer.Most())
		if err != nil {
			return err
		}
		f, err := framer.Next(b)
		if !goesOn(format, f, err) {
			again, garbage, err := findAgain(s, format)
			m.garbage += garbage
			if err != nil || !again {
				return err
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("%w: at byte %d: %w", ErrFile, s.at, err)
		}
		tag := false
		if first && format.Codec == media.MP3 {
			m.priming, m.padding, tag = mp3Tag(b[:f.Size])
		}
		if !tag {
			header := f.Size - len(f.Payload[0])
			if err := each(s.at+int64(header), f.Size-header, f.Samples); err != nil {
				return err
			}
		}
		if err := s.skip(int64(f.Size)); err != nil {
			return err
		}
	}
}

// findFrames goes to the next frame that is followed by others like it.
func findFrames(s *stream) (elementary.Framer, media.Format, error) {
	framers := []elementary.Framer{elementary.MPEGAudio{}, &elementary.ADTS{}}
	start := s.at
	var refused error // what stands at the very start cannot be packaged
	for {
		b, err := s.peek(streamBuffer)
		if err != nil {
			return nil, media.Format{}, err
		}
		limit := len(b)
		if limit == streamBuffer {
			limit /= 2 // the rest is for looking ahead
		}
		for at := 0; at < limit; at++ {
			next := bytes.IndexByte(b[at:limit], 0xff)
			if next < 0 {
				break
			}
			at += next
			need := chainInGarbage
			atStart := s.at+int64(at) == start
			if atStart {
				need = chainAtStart
			}
			for _, framer := range framers {
				f, err := framer.Next(b[at:])
				if atStart && errors.Is(err, elementary.ErrUnsupported) {
					refused = err
				}
				format := formatOf(f)
				if chain(framer, format, b[at:], need) {
					return framer, format, s.skip(int64(at))
				}
			}
		}
		if err := s.skip(int64(limit)); err != nil {
			return nil, media.Format{}, err
		}
		if s.left() > 0 && s.at-start < maxGarbage {
			continue
		}
		if refused != nil {
			return nil, media.Format{}, fmt.Errorf("%w: at byte %d: %w", ErrFile, start, refused)
		}
		return nil, media.Format{}, errNoFrames
	}
}

// findAgain goes to where frames of that format go on, and tells whether they do, and how many bytes are nothing that is known. Frames of
// another format are an error.
func findAgain(s *stream, was media.Format) (again bool, garbage int64, err error) {
	if err := s.skipID3(); err != nil && !errors.Is(err, ErrFile) {
		return false, 0, err
	}
	b, err := s.peek(16)
	if err != nil || len(b) == 0 || isTail(b) {
		return false, 0, err
	}
	at := s.at
	_, format, err := findFrames(s)
	switch {
	case errors.Is(err, ErrFile): // there is nothing but garbage
		return false, s.size - at, nil
	case err != nil:
		return false, 0, err
	case !sameMusic(format, was):
		return false, 0, fmt.Errorf("%w: at byte %d it changes from %s of %d Hz to %s of %d Hz, or its channels change: a track has one format",
			ErrFile, at, was.Codec, was.Clock.Timescale, format.Codec, format.Clock.Timescale)
	}
	return true, s.at - at, nil
}

// chain tells whether b begins with so many frames of that format, or with fewer that reach to the end of the music.
func chain(framer elementary.Framer, format media.Format, b []byte, need int) bool {
	for i := range need {
		f, err := framer.Next(b)
		if !goesOn(format, f, err) {
			return i > 0 && (len(b) == 0 || isTail(b))
		}
		b = b[f.Size:]
	}
	return true
}

// goesOn tells whether there is a frame that goes on with those of a format. One that cannot be packaged may.
func goesOn(format media.Format, f elementary.Frame, err error) bool {
	if f.Samples == 0 || err != nil && !errors.Is(err, elementary.ErrUnsupported) {
		return false
	}
	return sameMusic(formatOf(f), format)
}

// sameMusic tells whether one file may have frames of both formats. MPEG audio may go from one channel to two: decoders do as the first
// frame has it.
func sameMusic(a, b media.Format) bool {
	return a.Codec == b.Codec && a.Clock == b.Clock && bytes.Equal(a.Config, b.Config)
}

// formatOf is all that a frame says of its format.
func formatOf(f elementary.Frame) media.Format {
	format := f.Format
	format.Config = bytes.Clone(format.Config)
	format.Clock.Timescale = uint32(f.Rate)
	return format
}
