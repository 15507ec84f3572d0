package packager

import (
	"encoding/binary"
	"hash/crc32"
	"slices"

	"weir/internal/media"
	"weir/packager/moof"
)

const (
	maxMessages = 64 // of a track that wait for their chunk
	maxSchemes  = 16
	// oldMessage is for how long, in seconds, a message is of any use when its time has passed.
	oldMessage = 10
)

// scheme is that of messages which the media carries.
type scheme struct{ id, value string }

// message is an event that travels in the media of a track, before the chunk that has its time.
type message struct {
	at       media.Ticks // on the track's timeline
	duration uint32      // ticks; all ones: not known
	id       uint32
	scheme   scheme
	data     []byte
}

// carry gives an event to all tracks of the kind of the lead.
func (p *Packager) carry(e *media.Event, at media.Ticks) {
	g, kind := &p.agenda, p.pictures().Kind
	if p.run != nil {
		kind = p.run.lead.Kind
	}
	s := scheme{e.Scheme, e.Value}
	switch known := slices.Contains(g.schemes, s); {
	case !known && len(g.schemes) == maxSchemes:
		p.stats.DroppedEvents++
		return
	case !known:
		g.schemes = append(g.schemes, s)
		if p.run != nil && p.run.announced {
			p.announceScheme(s)
		}
	}
	m := message{id: e.ID, scheme: s, data: e.Data}
	if m.id == 0 {
		m.id = crc32.ChecksumIEEE(binary.BigEndian.AppendUint64(slices.Clone(e.Data), uint64(at)/1e6))
	}
	for _, t := range p.tracks {
		if t.Kind != kind {
			continue
		}
		m.at = media.Rescale(at, nanoscale, t.scale)
		m.duration = 1<<32 - 1
		if e.Duration >= 0 {
			m.duration = uint32(min(media.Rescale(e.Duration, e.Clock.Timescale, t.scale), 1<<32-2))
		}
		if len(t.messages) == maxMessages {
			t.messages = slices.Delete(t.messages, 0, 1)
			p.stats.DroppedEvents++
		}
		t.messages = append(t.messages, m)
	}
}

// due takes the messages that go before the chunk that ends at end: all but those for which a better one is about to come, within a second.
func (t *track) due(start, end media.Ticks) []message {
	if len(t.messages) == 0 {
		return nil
	}
	var due []message
	second := media.Ticks(t.scale)
	t.messages = slices.DeleteFunc(t.messages, func(m message) bool {
		if m.at >= end && m.at-end < second {
			return false
		}
		if start-m.at <= oldMessage*second {
			due = append(due, m)
		}
		return true
	})
	return due
}

// appendMessages writes event messages (`emsg`, version 1; ISO/IEC 23009-1, 5.10.3.3).
func appendMessages(b []byte, messages []message, timescale uint32) []byte {
	be := binary.BigEndian
	for i := range messages {
		m := &messages[i]
		b = moof.Box(b, 12+20+len(m.scheme.id)+1+len(m.scheme.value)+1+len(m.data), "emsg")
		b = be.AppendUint32(b, 1<<24)
		b = be.AppendUint32(b, timescale)
		b = be.AppendUint64(b, uint64(max(m.at, 0)))
		b = be.AppendUint32(b, m.duration)
		b = be.AppendUint32(b, m.id)
		b = append(append(b, m.scheme.id...), 0)
		b = append(append(b, m.scheme.value...), 0)
		b = append(b, m.data...)
	}
	return b
}
