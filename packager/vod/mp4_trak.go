package vod

import (
	"encoding/binary"
	"errors"
	"fmt"

	"weir/internal/isobmff"
	"weir/internal/media"
	"weir/packager"
)

// maxScale is the largest timescale that is taken.
const maxScale = 1_000_000_000

// trak is a track of an MP4 file while it is read.
type trak struct {
	Track
	name    string // in errors
	edit    edit
	samples *builder
	next    int64 // decoding time of the next sample of a fragment
	listed  bool  // moov lists samples of it itself
}

// words is a track's place in errors: what is wrong with the file as a whole.
func (t *trak) errorf(format string, args ...any) error {
	return fmt.Errorf("%w: %s: %w", ErrFile, t.name, fmt.Errorf(format, args...))
}

// trak reads a track's headers, and the samples of its sample table.
func (m *movie) trak(body []byte) error {
	t := &trak{name: fmt.Sprintf("track %d", len(m.traks)+1)}
	mdia := isobmff.Child(body, "mdia")
	tkhd, mdhd, hdlr := isobmff.Child(body, "tkhd"), isobmff.Child(mdia, "mdhd"), isobmff.Child(mdia, "hdlr")
	if len(tkhd) < 24 || len(mdhd) < 24 || len(hdlr) < 12 {
		return t.errorf("no whole tkhd, mdhd and hdlr")
	}
	be := binary.BigEndian
	t.ID = be.Uint32(tkhd[12:])
	if tkhd[0] == 1 {
		t.ID = be.Uint32(tkhd[20:])
	}
	t.name = fmt.Sprintf("track %d", t.ID)
	for _, other := range m.traks {
		if other.ID == t.ID {
			return t.errorf("two tracks have that ID")
		}
	}
	t.samples = newBuilder(m.w.f.Size(), t.name)
	m.traks = append(m.traks, t)

	scale, letters := be.Uint32(mdhd[12:]), mdhd[20:]
	if mdhd[0] == 1 {
		if len(mdhd) < 34 {
			return t.errorf("mdhd is cut off")
		}
		scale, letters = be.Uint32(mdhd[20:]), mdhd[32:]
	}
	handler := string(hdlr[8:12])
	stbl := isobmff.Child(mdia, "minf", "stbl")
	err := t.describe(handler, stbl, scale, language(be.Uint16(letters), isobmff.Child(mdia, "elng")), isobmff.Rotation(tkhd))
	switch {
	case err == nil:
	case errors.Is(err, isobmff.ErrMalformed), errors.Is(err, packager.ErrConfig):
		return t.errorf("%w", err)
	default:
		t.Why = err.Error()
		return nil
	}
	if t.edit, err = readEdit(isobmff.Child(body, "edts", "elst"), scale, m.scale); err != nil {
		if isFile(err) {
			return t.errorf("%w", err)
		}
		t.Why = err.Error()
		return nil
	}
	t.Edits = t.edit.words(scale)
	if m.fragmented {
		t.edit.end = noEnd // fragments go on behind it (ISO/IEC 14496-12, 8.6.6)
	}
	return t.sampleTable(stbl)
}

// describe finds out what the track is. An error that is neither isobmff.ErrMalformed nor packager.ErrConfig tells why it does not play.
func (t *trak) describe(handler string, stbl []byte, scale uint32, language string, rotation int) error {
	if scale == 0 || scale > maxScale {
		return fmt.Errorf("%w: timescale of %d", isobmff.ErrMalformed, scale)
	}
	var err error
	switch handler {
	case "vide":
		t.Kind = media.Video
	case "soun":
		t.Kind = media.Audio
	case "text", "subt", "sbtl":
		t.Kind = media.Text
	default:
		t.Format = media.Format{Clock: media.Clock{Timescale: scale}, Language: language}
		return fmt.Errorf("it is a %q track: neither video, audio nor subtitles", handler)
	}
	if t.Kind == media.Text {
		t.Format, err = isobmff.TextFormat(handler, stbl)
	} else {
		t.Format, err = isobmff.Format(handler, stbl)
	}
	t.Format.Clock, t.Format.Language = media.Clock{Timescale: scale}, language
	if t.Kind == media.Video {
		t.Format.Rotation = rotation
	}
	t.Format.Config = append([]byte(nil), t.Format.Config...) // not the moov that it lies in
	switch {
	case errors.Is(err, isobmff.ErrNoMedia):
		return fmt.Errorf("subtitles of the format %q", entryName(stbl))
	case err != nil:
		return err
	}
	_, err = packager.Describe(t.Format)
	return err
}

// entryName is the four-character code of the first sample entry.
func entryName(stbl []byte) string {
	stsd := isobmff.Child(stbl, "stsd")
	if len(stsd) < 16 {
		return ""
	}
	return string(stsd[12:16])
}

// language is a track's, as BCP 47 has it: that of elng, else the three letters of mdhd as they are (ISO/IEC 14496-12, 8.4.2 and 8.4.6).
func language(packed uint16, elng []byte) string {
	if len(elng) > 4 {
		tag := elng[4:]
		for i, c := range tag {
			if c == 0 {
				tag = tag[:i]
				break
			}
		}
		if media.IsLanguage(string(tag)) {
			return string(tag)
		}
	}
	l := string([]byte{byte(packed>>10&31) + 0x60, byte(packed>>5&31) + 0x60, byte(packed&31) + 0x60})
	if l == "und" || l == "mis" || l == "zxx" || !media.IsLanguage(l) {
		return ""
	}
	return l
}

// finish is the track when all of the file was read.
func (t *trak) finish(m *movie) (*Track, error) {
	if t.Why != "" {
		return &t.Track, nil
	}
	t.Samples = t.samples.done()
	if err := t.cut(m.w.f.Size()); err != nil {
		return nil, err
	}
	if t.Samples.Len() == 0 {
		t.Why = "it has no samples"
		return &t.Track, nil
	}
	st := t.Samples.Stats()
	t.Shift = t.edit.delay - t.edit.start
	t.Start = max(st.First+t.Shift, t.edit.delay)
	t.End = st.Last + t.Shift
	if t.edit.end != noEnd && st.Last-t.edit.end > t.edit.loose { // else the media knows better where it ends
		t.End = min(t.End, t.edit.end+t.Shift)
	}
	if t.End <= t.Start {
		t.Why = "its edit list leaves nothing of it"
	}
	return &t.Track, nil
}

// isFile tells whether the file is to blame for an error.
func isFile(err error) bool { return errors.Is(err, ErrFile) }
