package dash

import (
	"cmp"
	"encoding/base64"
	"hash/crc32"
	"slices"
	"time"

	"github.com/Eyevinn/dash-mpd/mpd"

	"weir/internal/media"
)

const (
	// eventScale is the timescale of EventStreams: that of SCTE-35.
	eventScale = 90000
	// eventSpare is how long an event stays when nothing listed has to do with it any more: its ends and those of segments are rounded.
	eventSpare = time.Second
)

// event is one splice_info_section with the instant at which it takes effect.
type event struct {
	at      time.Time // on the channel timeline
	lasts   time.Duration
	id      uint32
	section []byte
}

// eventsOf are the sections of a signal. Each has a number that follows from the signal's ID: it is the same on every edge.
func eventsOf(s *media.Signal) []event {
	var all []event
	add := func(at time.Time, lasts time.Duration, what string, section []byte) {
		if len(section) > 0 {
			all = append(all, event{at, lasts, crc32.ChecksumIEEE([]byte(s.ID + what)), section})
		}
	}
	add(s.Start, cmp.Or(s.Planned, s.Duration), " out", s.Out)
	add(s.Start, s.Planned, " command", s.Command)
	add(s.Start.Add(s.Duration), 0, " in", s.In)
	return all
}

// signals are those that the MPD tells of.
func (b *builder) signals() []*media.Signal {
	rows := b.window.Rows
	oldest, newest := rows.At(0), rows.At(rows.Len()-1)
	var all []*media.Signal
	for i := range b.window.Signals {
		s := &b.window.Signals[i]
		end, known := s.End()
		if s.InBand || s.Canceled || s.Row > newest.Number || known && end.Add(eventSpare).Before(oldest.Start) ||
			b.window.Ended && !s.Start.Before(newest.End()) {
			continue
		}
		all = append(all, s)
	}
	return all
}

// eventStreams are the EventStreams of the Period of cut[i] (ANSI/SCTE 214-1, 6.7): sections that take effect in it, those from before the first Period that is
// listed, and, in the last, those to come. Times are of the Period's timeline, as presentationTimeOffset has it.
func (b *builder) eventStreams(cut []stretch, i int) []*mpd.EventStreamType {
	var events []event
	for _, s := range b.signals() {
		for _, e := range eventsOf(s) {
			before := i > 0 && e.at.Before(cut[i].anchor.Start)
			if behind := i+1 < len(cut) && !e.at.Before(cut[i+1].anchor.Start); !before && !behind {
				events = append(events, e)
			}
		}
	}
	if len(events) == 0 {
		return nil
	}
	slices.SortFunc(events, func(a, b event) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.id, b.id)) })
	stream := &mpd.EventStreamType{
		SchemeIdUri: mpd.SCTE35SchemeIdXMLBin, Timescale: mpd.Ptr(uint32(eventScale)),
		PresentationTimeOffset: uint64(media.FromTime(b.origin(&cut[i]), eventScale)),
	}
	for _, e := range events {
		one := &mpd.EventType{
			PresentationTime: uint64(max(media.FromTime(e.at, eventScale), 0)),
			Duration:         uint64(media.FromDuration(max(e.lasts, 0), eventScale)),
			Id:               mpd.Ptr(uint64(e.id)),
			Signal:           mpd.NewSignal(),
		}
		one.Signal.Binary = mpd.NewBinary(base64.StdEncoding.EncodeToString(e.section))
		stream.Events = append(stream.Events, one)
	}
	return []*mpd.EventStreamType{stream}
}

// messages are the InbandEventStreams of a track: event messages go with the tracks of the kind of the lead.
func (b *builder) messages(s *stretch, t media.Track) []*mpd.EventStreamType {
	if t.Kind != s.run.Lead().Kind {
		return nil
	}
	newest := b.window.Rows.At(b.window.Rows.Len() - 1).Number
	var all []*mpd.EventStreamType
	for i := range b.window.Signals {
		if sig := &b.window.Signals[i]; sig.InBand && sig.Run == s.run.ID && sig.Row <= newest {
			all = append(all, &mpd.EventStreamType{SchemeIdUri: mpd.AnyURI(sig.Scheme), Value: sig.Value})
		}
	}
	return all
}

// splicePoints are where rows will begin, or have begun, for the sake of a splice that the encoder knows of: rising.
func (b *builder) splicePoints() []time.Time {
	var points []time.Time
	for _, s := range b.signals() {
		if s.Loose {
			continue // nobody knows where exactly
		}
		points = append(points, s.Start)
		if end, known := s.End(); known && (len(s.In) > 0 || s.AutoReturn) {
			points = append(points, end)
		}
	}
	slices.SortFunc(points, time.Time.Compare)
	return points
}

// cutBetween is the first point that a row which begins at from will end at before to, on the lead's timeline.
func cutBetween(points []time.Time, from, to media.Ticks, lead media.Track) (media.Ticks, bool) {
	const near = 50 * time.Millisecond
	margin := media.FromDuration(near, lead.Timescale)
	for _, p := range points {
		at := media.FromTime(p, lead.Timescale)
		if at <= from+margin || at >= to-margin {
			continue
		}
		if lead.Kind == media.Audio {
			at = from + wholeFrames(at-from, lead)
		}
		return at, true
	}
	return 0, false
}

// splicedAt tells whether a splice is near that instant.
func splicedAt(points []time.Time, at time.Time) bool {
	const near = 50 * time.Millisecond
	return slices.ContainsFunc(points, func(p time.Time) bool { return p.Sub(at).Abs() <= near })
}
