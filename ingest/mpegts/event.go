package mpegts

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"weir/internal/media"
)

// maxEarly is how many splices before any media are kept.
const maxEarly = 16

// splice hands over a section of SCTE-35. It stands beside the newest picture.
func (d *Demuxer) splice(section []byte) error {
	if section[0] != tableSCTE35 {
		return nil
	}
	e := d.at(media.Event{Scheme: media.SchemeSCTE35, Near: true, PTS: d.lead.pts, Data: bytes.Clone(section)})
	if !d.lead.ok {
		if len(d.early) < maxEarly {
			d.early = append(d.early, e)
		}
		return nil
	}
	return d.tracks.event(e)
}

// beside hands over what came before any media: it stands beside the first.
func (d *Demuxer) beside(t timestamps) error {
	d.lead = t
	early := d.early
	d.early = nil
	for _, e := range early {
		e.PTS = t.pts
		if err := d.tracks.event(e); err != nil {
			return err
		}
	}
	return nil
}

func (d *Demuxer) at(e media.Event) media.Event {
	e.Clock = media.Clock{Timescale: timescale, Wrap: timeWrap}
	return e
}

// tags hands over the ID3 tags of a PES (ID3v2.4, 3.1), each at its time.
func (d *Demuxer) tags(payload []byte, t timestamps) error {
	if !t.ok {
		t = d.lead
	}
	if !t.ok {
		d.feed.Dropped("an ID3 tag before any media")
		return nil
	}
	const head = 10
	for len(payload) >= head && bytes.HasPrefix(payload, []byte("ID3")) {
		n := head + (int(payload[6]&0x7f)<<21 | int(payload[7]&0x7f)<<14 | int(payload[8]&0x7f)<<7 | int(payload[9]&0x7f))
		if payload[5]&0x10 != 0 {
			n += head // a footer
		}
		if n > len(payload) {
			d.feed.Dropped("an ID3 tag is cut off")
			return nil
		}
		if err := d.tracks.event(d.at(media.Event{Scheme: media.SchemeID3, PTS: t.pts, Data: bytes.Clone(payload[:n])})); err != nil {
			return err
		}
		payload = payload[n:]
	}
	return nil
}

// nothing is why no track of a program could be announced.
func (a *announcer) nothing() error {
	var why []string
	for _, l := range a.lanes {
		if l.err != nil {
			why = append(why, l.stream.name+": "+l.err.Error())
		} else {
			why = append(why, l.stream.name+": no parameters of it came; it may be scrambled or damaged")
		}
	}
	return fmt.Errorf("%w: %s", ErrUnsupported, strings.Join(why, "; "))
}

// ShiftSplice is a section of SCTE-35 whose times are later by that many ticks of 90 kHz: its pts_adjustment grows (ANSI/SCTE 35, 9.6.1).
// What is no such section comes back as it is.
func ShiftSplice(section []byte, by media.Ticks) []byte {
	if len(section) < 14 || section[0] != tableSCTE35 {
		return section
	}
	s := bytes.Clone(section[:len(section)-4])
	at := (media.Ticks(s[4]&1)<<32 | media.Ticks(binary.BigEndian.Uint32(s[5:]))) + by
	s[4] = s[4]&^1 | byte(at>>32)&1
	binary.BigEndian.PutUint32(s[5:], uint32(at))
	return binary.BigEndian.AppendUint32(s, checksum(s))
}
