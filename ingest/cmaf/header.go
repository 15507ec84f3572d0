package cmaf

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"

	"weir/internal/isobmff"
	"weir/internal/media"
	"weir/packager"
)

const maxTracks = 16 // of a header

// role is what becomes of a track's samples.
type role int

const (
	isMedia role = iota
	isEvents
	isLeftOut
)

// defaults are those of a track's samples (ISO/IEC 14496-12, 8.8.3).
type defaults struct{ duration, size, flags uint32 }

// header is a CMAF header (ISO/IEC 23000-19, 7.3.1): what a moov says. Several tracks in it are against CMAF, and taken all the same.
type header struct {
	raw    []byte // body of the moov
	tracks []headerTrack
}

// headerTrack is a track as its header has it. It is immutable.
type headerTrack struct {
	id       uint32
	role     role
	entry    string       // type of its sample entry
	format   media.Format // of media; without Config where that is to come in band
	scale    uint32
	shift    media.Ticks // by the edit list: what to add to the times of samples
	defaults defaults
}

// track is that of an ID, nil where there is none.
func (h *header) track(id uint32) *headerTrack {
	for i := range h.tracks {
		if h.tracks[i].id == id {
			return &h.tracks[i]
		}
	}
	return nil
}

// parseHeader reads the body of a moov, which it keeps.
func parseHeader(moov []byte) (*header, error) {
	h := &header{raw: moov}
	mvhd := fields{b: isobmff.Child(moov, "mvhd")}
	version, _ := mvhd.full()
	mvhd.bytes(8 << min(version, 1))
	movie := mvhd.u32()
	traks := isobmff.Children(moov, "trak")
	if mvhd.short || movie == 0 || len(traks) == 0 || len(traks) > maxTracks {
		return nil, fmt.Errorf("%w: header with %d tracks", errMalformed, len(traks))
	}
	for _, trak := range traks {
		t, err := parseTrack(trak, movie)
		if err != nil {
			return nil, err
		}
		if h.track(t.id) != nil {
			return nil, fmt.Errorf("%w: header with track %d twice", errMalformed, t.id)
		}
		h.tracks = append(h.tracks, t)
	}
	for name, trex := range isobmff.Boxes(isobmff.Child(moov, "mvex")) {
		r := fields{b: trex}
		r.full()
		t := h.track(r.u32())
		if name != "trex" || t == nil {
			continue
		}
		r.bytes(4)
		t.defaults = defaults{r.u32(), r.u32(), r.u32()}
	}
	return h, nil
}

// parseTrack reads a trak (ISO/IEC 14496-12, 8.3.1).
func parseTrack(trak []byte, movie uint32) (headerTrack, error) {
	var t headerTrack
	tkhd := fields{b: isobmff.Child(trak, "tkhd")}
	version, _ := tkhd.full()
	tkhd.bytes(8 << min(version, 1))
	t.id = tkhd.u32()
	mdia := isobmff.Child(trak, "mdia")
	mdhd := fields{b: isobmff.Child(mdia, "mdhd")}
	version, _ = mdhd.full()
	mdhd.bytes(8 << min(version, 1))
	t.scale = mdhd.u32()
	mdhd.bytes(4 << min(version, 1))
	packed := uint16(mdhd.uint(2))
	hdlr := fields{b: isobmff.Child(mdia, "hdlr")}
	hdlr.bytes(8)
	handler := string(hdlr.bytes(4))
	stbl := isobmff.Child(mdia, "minf", "stbl")
	stsd := isobmff.Child(stbl, "stsd")
	if tkhd.short || mdhd.short || hdlr.short || len(stsd) < 16 || t.scale == 0 || t.scale > 1e9 {
		return t, fmt.Errorf("%w: track %d of the header lacks a part", errMalformed, t.id)
	}
	t.entry = string(stsd[12:16])
	t.shift = editShift(isobmff.Child(trak, "edts", "elst"), t.scale, movie)
	if handler == "meta" {
		t.role = isLeftOut
		if t.entry == "evte" || t.entry == "urim" {
			t.role = isEvents
		}
		return t, nil
	}
	var err error
	if t.format, err = isobmff.Format(handler, stbl); errors.Is(err, isobmff.ErrNoMedia) {
		t.format, err = isobmff.TextFormat(handler, stbl)
	}
	switch {
	case errors.Is(err, isobmff.ErrNoMedia):
		t.role = isLeftOut
		return t, nil
	case errors.Is(err, isobmff.ErrUnsupported):
		return t, fmt.Errorf("%w: track %d: %w", errUnsupported, t.id, err)
	case err != nil:
		return t, fmt.Errorf("%w: track %d: %w", errMalformed, t.id, err)
	}
	t.format.Config = bytes.Clone(t.format.Config)
	t.format.Clock = media.Clock{Timescale: t.scale, Grid: true}
	t.format.Language = language(isobmff.Child(mdia, "elng"), packed)
	if handler == "vide" {
		t.format.Rotation = isobmff.Rotation(isobmff.Child(trak, "tkhd"))
	}
	if _, err := packager.Describe(t.format); err != nil {
		if t.format.Codec.Kind() == media.Text {
			t.role = isLeftOut // it is no reason to refuse what it belongs to: images, for one
			return t, nil
		}
		if !t.inBand() || !errors.Is(err, packager.ErrConfig) {
			return t, fmt.Errorf("%w: track %d: %w", errUnsupported, t.id, err)
		}
		t.format.Config = nil
	}
	return t, nil
}

// inBand tells whether parameter sets may stand in samples, and change there (ISO/IEC 14496-15, 5.4.2.1 and 8.4.1.1).
func (t *headerTrack) inBand() bool { return t.entry == "avc3" || t.entry == "hev1" }

// tagged is what a language tag consists of.
var tagged = regexp.MustCompile(`^[0-9A-Za-z]+(-[0-9A-Za-z]+)*$`)

// language is BCP 47 of an elng's body, or of the three letters of an mdhd (ISO/IEC 14496-12, 8.4.2.3 and 8.4.6); "" where not known.
func language(elng []byte, packed uint16) string {
	r := fields{b: elng}
	r.full()
	if tag := r.text(); !r.short && len(tag) <= 64 && tagged.MatchString(tag) {
		return tag
	}
	var l [3]byte
	for i := range l {
		l[i] = byte(packed>>(10-5*i)&31) + 0x60
		if l[i] < 'a' || l[i] > 'z' {
			return ""
		}
	}
	switch s := string(l[:]); s {
	case "und", "mis", "zxx":
		return ""
	default:
		return s
	}
}

// editShift is what an edit list adds to the times of samples (ISO/IEC 14496-12, 8.6.6): the time that is presented first goes to 0,
// behind an empty edit. What follows is left out.
func editShift(elst []byte, scale, movie uint32) (shift media.Ticks) {
	if elst == nil {
		return 0
	}
	r := fields{b: elst}
	version, _ := r.full()
	for range min(r.u32(), 8) {
		duration := media.Ticks(min(r.word(version == 1), 1<<53))
		at := int64(r.word(version == 1))
		if version == 0 {
			at = int64(int32(at))
		}
		r.bytes(4)
		if r.short {
			return 0
		}
		if at >= 0 {
			return shift - media.Ticks(min(at, maxTime))
		}
		shift += media.Rescale(duration, movie, scale)
	}
	return shift
}
