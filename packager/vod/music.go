package vod

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"weir/internal/media"
	"weir/packager"
)

// maxMusic is the largest music file that is indexed: all of it must be read for that.
const maxMusic = 2 << 30

// music is what is known of a music file but for where its frames lie.
type music struct {
	format media.Format
	// priming and padding are how many samples of the first and of the last frames are the encoder's, and not of the music.
	priming, padding int64
	samples          int64 // of all frames
	garbage          int64 // bytes that are neither frames nor tags
}

// eachFrame takes the frames of a music file as they are found: size bytes at offset, samples long. An error ends the reading.
type eachFrame func(offset int64, size, samples int) error

// readMusic indexes a music file: FLAC, MPEG audio of layer II and III, AAC in ADTS, by its content. The frames themselves say where
// they end, so that all of the file is read, once: its beginning, which has been read, and the rest in one range.
func readMusic(w *window) (*Index, error) {
	size := w.f.Size()
	if size > maxMusic {
		return nil, fmt.Errorf("%w: it is no MP4; as a music file, %d bytes are more than %d", ErrFile, size, int64(maxMusic))
	}
	head, err := w.bytes(0, min(size, firstRange), 0)
	if err != nil {
		return nil, err
	}
	all, rest := io.Reader(bytes.NewReader(head)), io.NopCloser(bytes.NewReader(nil))
	if n := int64(len(head)); n < size {
		if rest, err = w.f.Open(w.ctx, n, size-n); err != nil {
			return nil, fmt.Errorf("read %d bytes at %d: %w", size-n, n, err)
		}
		all = io.MultiReader(all, rest)
	}
	sum := sha256.New()
	_ = binary.Write(sum, binary.BigEndian, size) // a hash takes all
	b := newBuilder(size, "track 1")
	var m music
	err = m.scan(newStream(io.TeeReader(all, sum), size), func(offset int64, size, samples int) error {
		s := Sample{Offset: offset, Size: uint32(size), DTS: m.samples, Duration: uint32(samples), Sync: true}
		m.samples += int64(samples)
		return b.add(s)
	})
	if err = errors.Join(err, rest.Close()); err != nil {
		return nil, err
	}
	if m.samples == 0 {
		return nil, fmt.Errorf("%w: there is no frame in it", ErrFile)
	}
	if m.priming+m.padding >= m.samples { // a tag that is not of these frames
		m.priming, m.padding = 0, 0
	}
	t := &Track{
		ID: 1, Kind: media.Audio, Format: m.format, Samples: b.done(),
		Shift: -m.priming, End: m.samples - m.priming - m.padding,
	}
	if m.priming+m.padding > 0 {
		e := edit{listed: true, start: m.priming, end: m.samples - m.padding}
		t.Edits = e.words(m.format.Clock.Timescale) + " (LAME's tag)"
	}
	// Frames of nothing but padding are left out.
	if t.Samples, err = t.Samples.part(0, t.Samples.Find(m.samples-m.padding), size, "track 1"); err != nil {
		return nil, err
	}
	if _, err := packager.Describe(m.format); err != nil {
		t.Why = err.Error()
	}
	x := &Index{Container: containerOf(m.format.Codec), Tracks: []*Track{t}}
	if m.garbage > 0 {
		x.Problem = fmt.Sprintf("%d bytes are neither frames nor tags: they are passed over", m.garbage)
	}
	sum.Sum(x.sum[:0])
	return x, nil
}

func containerOf(c media.Codec) string {
	switch c {
	case media.FLAC:
		return "FLAC"
	case media.AAC:
		return "ADTS"
	}
	return "MPEG audio"
}

// scan finds the frames of a music file, and what else is known of it but how many samples it has.
func (m *music) scan(s *stream, each eachFrame) error {
	if err := s.skipID3(); err != nil {
		return err
	}
	b, err := s.peek(4)
	if err != nil {
		return err
	}
	if string(b) == "fLaC" {
		m.format, err = readFLAC(s, each)
		return err
	}
	return m.readFrames(s, each)
}
