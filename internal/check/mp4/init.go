package mp4

import (
	"fmt"
)

// Init is what an init segment says (CMAF 7.3.1).
type Init struct {
	Brands []string
	Tracks []Track
}

// Track is a track of an init segment.
type Track struct {
	ID        uint32
	Timescale uint32
	Handler   string // vide, soun, …
	Entry     string // type of the sample entry; that of the original format where it is encrypted
	Encrypted bool
	Codecs    string // RFC 6381, "" where it is not known how to tell
	Width     int    // of the sample entry, in pixels
	Height    int
	Rate      int   // of the sample entry, in Hz
	Shift     int64 // media time of the edit list: what is presented first; 0 where there is none
	LengthOf  int   // bytes of a NAL unit's length, 0 where the codec has none
	Transfer  int   // transfer characteristics of a colr box (ISO/IEC 23091-2), 0 where it is not told

	duration, size, flags uint32 // defaults of trex (8.8.3)
}

// Video tells that the track is video.
func (t *Track) Video() bool { return t.Handler == "vide" }

// Audio tells that the track is audio.
func (t *Track) Audio() bool { return t.Handler == "soun" }

// Has tells that one of the brands is there.
func (i *Init) Has(brand string) bool {
	for _, b := range i.Brands {
		if b == brand {
			return true
		}
	}
	return false
}

// track is that of an ID, nil where there is none.
func (i *Init) track(id uint32) *Track {
	for n := range i.Tracks {
		if i.Tracks[n].ID == id {
			return &i.Tracks[n]
		}
	}
	return nil
}

// ParseInit reads an init segment: ftyp and moov. Its errors wrap ErrBroken.
func ParseInit(data []byte) (*Init, error) {
	list, err := boxes(data, 0)
	if err != nil {
		return nil, err
	}
	var in Init
	var moov *Box
	for n := range list {
		switch list[n].Type {
		case "ftyp":
			in.Brands = brands(&list[n])
		case "moov":
			moov = &list[n]
		}
	}
	if moov == nil || in.Brands == nil {
		return nil, fmt.Errorf("%w: an init segment needs ftyp and moov", ErrBroken)
	}
	inside, err := moov.children(0)
	if err != nil {
		return nil, err
	}
	for n := range inside {
		if inside[n].Type != "trak" {
			continue
		}
		if len(in.Tracks) >= maxTracks {
			return nil, fmt.Errorf("%w: more than %d tracks", ErrBroken, maxTracks)
		}
		t, err := parseTrack(&inside[n])
		if err != nil {
			return nil, err
		}
		in.Tracks = append(in.Tracks, t)
	}
	if len(in.Tracks) == 0 {
		return nil, fmt.Errorf("%w: moov has no track", ErrBroken)
	}
	if mvex, err := moov.find("mvex"); err == nil {
		in.defaults(mvex)
	}
	return &in, nil
}

// defaults reads the trex boxes.
func (i *Init) defaults(mvex *Box) {
	list, _ := mvex.children(0)
	for n := range list {
		if list[n].Type != "trex" {
			continue
		}
		r := reader{b: list[n].body}
		r.full()
		if t := i.track(r.u32()); t != nil {
			r.skip(4)
			t.duration, t.size, t.flags = r.u32(), r.u32(), r.u32()
		}
	}
}

// parseTrack reads a trak.
func parseTrack(trak *Box) (Track, error) {
	var t Track
	tkhd, err := trak.find("tkhd")
	if err != nil {
		return t, err
	}
	r := reader{b: tkhd.body}
	version, _ := r.full()
	r.skip(8 * (1 + min(version, 1)))
	t.ID = r.u32()
	mdhd, err := trak.find("mdia", "mdhd")
	if err != nil {
		return t, err
	}
	r = reader{b: mdhd.body}
	version, _ = r.full()
	r.skip(8 * (1 + min(version, 1)))
	t.Timescale = r.u32()
	hdlr, err := trak.find("mdia", "hdlr")
	if err != nil {
		return t, err
	}
	r = reader{b: hdlr.body}
	r.skip(8)
	t.Handler = string(r.bytes(4))
	if t.Timescale == 0 || r.short {
		return t, fmt.Errorf("%w: track %d has no timescale or no handler", ErrBroken, t.ID)
	}
	stsd, err := trak.find("mdia", "minf", "stbl", "stsd")
	if err != nil {
		return t, err
	}
	entries, err := stsd.children(8)
	if err != nil {
		return t, err
	}
	if len(entries) == 0 {
		return t, fmt.Errorf("%w: track %d has no sample entry", ErrBroken, t.ID)
	}
	t.entry(&entries[0])
	if elst, err := trak.find("edts", "elst"); err == nil {
		t.edits(elst)
	}
	return t, nil
}

// edits finds where the presentation begins (8.6.6): empty edits do not count.
func (t *Track) edits(elst *Box) {
	r := reader{b: elst.body}
	version, _ := r.full()
	for n := min(r.u32(), 16); n > 0 && !r.short; n-- {
		r.word(version == 1)
		at := int64(r.word(version == 1))
		if version == 0 {
			at = int64(int32(at))
		}
		r.skip(4)
		if at >= 0 && !r.short {
			t.Shift = at
			return
		}
	}
}
