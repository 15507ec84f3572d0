package vod

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"weir/internal/media"
)

// noEnd is the end of an edit that goes on to the end of the media.
const noEnd = math.MaxInt64

// Edits that are not one stretch of the media would need it twice, or with a hole, and so another timeline.
var errEdits = errors.New("its edit list has several stretches of the media: only a delay and one stretch can be packaged")

// edit is what an edit list says of where a track's media goes (ISO/IEC 14496-12, 8.6.6). Times are in ticks of the track.
type edit struct {
	listed bool
	delay  int64 // nothing is presented before it
	start  int64 // composition time that is presented then
	end    int64 // composition time that is not presented any more, or noEnd
	loose  int64 // what a movie's ticks are coarser than the track's: less than that beyond the end is rounding
}

// readEdit reads the body of an elst. Errors that do not wrap ErrFile are about what is not supported.
func readEdit(elst []byte, scale, movie uint32) (edit, error) {
	e := edit{end: noEnd}
	if elst == nil {
		return e, nil
	}
	if len(elst) < 8 {
		return e, fmt.Errorf("%w: elst is cut off", ErrFile)
	}
	be := binary.BigEndian
	count, size := int64(be.Uint32(elst[4:])), int64(12)
	if elst[0] == 1 {
		size = 20
	}
	rest := elst[8:]
	if count*size > int64(len(rest)) {
		return e, fmt.Errorf("%w: elst of %d entries has %d bytes", ErrFile, count, len(rest))
	}
	begun := false
	for ; count > 0; count-- {
		length, from, rate := uint64(be.Uint32(rest)), int64(int32(be.Uint32(rest[4:]))), rest[8:12]
		if size == 20 {
			length, from, rate = be.Uint64(rest), int64(be.Uint64(rest[8:])), rest[16:20]
		}
		rest = rest[size:]
		if length > maxTime || from > maxTime || from < -1 {
			return e, fmt.Errorf("%w: edit of %d ticks at %d", ErrFile, length, from)
		}
		if from >= 0 && be.Uint16(rate) != 1 {
			return e, errors.New("its edit list plays at another speed")
		}
		e.listed = true
		ticks := int64(media.RescaleDown(media.Ticks(length), movie, scale))
		switch {
		case from < 0 && !begun:
			e.delay += ticks
		case from < 0: // nothing behind the end is anything
			continue
		case begun && (e.end == noEnd || from < e.end-e.loose || from > e.end+e.loose):
			return e, errEdits
		case begun:
			e.end = from + ticks
		default:
			begun, e.start = true, from
			e.loose = max(int64(media.RescaleUp(1, movie, scale)), 1)
			if length > 0 {
				e.end = from + ticks
			}
		}
		if e.delay > maxTime {
			return e, fmt.Errorf("%w: edit of %d ticks", ErrFile, e.delay)
		}
	}
	return e, nil
}

// words say what the edit does.
func (e *edit) words(scale uint32) string {
	if !e.listed {
		return ""
	}
	seconds := func(t int64) string {
		return media.Ticks(t).Duration(scale).Round(time.Microsecond).String()
	}
	s := ""
	if e.delay > 0 {
		s = "begins " + seconds(e.delay) + " late"
	}
	if e.start > 0 {
		if s != "" {
			s += ", "
		}
		s += "presented from " + seconds(e.start) + " of the media on"
	}
	if e.end != noEnd {
		if s != "" {
			s += ", "
		}
		s += "for " + seconds(e.end-e.start)
	}
	return s
}

// cut leaves out the samples that nothing presented needs: those before the last sync sample at or before the stretch, and those at the end
// that begin behind it.
func (t *trak) cut(size int64) error {
	from, to := 0, t.Samples.Len()
	if to == 0 || t.edit.start <= t.Samples.stats.First && t.edit.end >= t.Samples.stats.Last {
		return nil
	}
	if t.edit.start > t.Samples.stats.First {
		early := t.warmUp()
		for i, s := range t.Samples.Samples(0, to) {
			if s.Sync && s.PTS() <= t.edit.start-early {
				from = i
			}
			if s.DTS > t.edit.start+int64(maxCTS) {
				break
			}
		}
	}
	if t.edit.end != noEnd {
		last := from
		for i, s := range t.Samples.Samples(from, to) {
			if s.PTS() <= t.edit.end-t.edit.loose {
				last = i + 1
			}
		}
		to = last
	}
	var err error
	t.Samples, err = t.Samples.part(from, to, size, t.name)
	return err
}
