package hls

import (
	"encoding/hex"
	"time"

	"weir/internal/media"
)

// Delta is how much of a playlist is asked for (rfc8216bis, 6.2.5.1): the value of _HLS_skip.
type Delta uint8

// What a playlist may leave out.
const (
	Whole      Delta = iota // nothing
	Skip                    // segments before the skip boundary: YES
	SkipRanges              // these, and the date ranges that were told before: v2
)

// rangeSpare is how long a date range stays that nothing listed maps to any more: its ends and those of segments are rounded, and the wall clock of rows
// is not exactly the channel timeline.
const rangeSpare = time.Second

// ranges are the signals that the playlist tells of in EXT-X-DATERANGE (4.4.5.1), and those that it does not tell of any more, although it lately did.
// They are the same in all playlists of a channel.
func (l *listing) ranges() (listed, gone []*media.Signal) {
	rows := l.w.Rows
	oldest, newest := rows.At(0), rows.At(rows.Len()-1)
	for i := range l.w.Signals {
		s := &l.w.Signals[i]
		end, known := s.End()
		switch {
		case s.Canceled:
			gone = append(gone, s)
		case s.InBand || s.Row > newest.Number:
		case !l.live && !s.Start.Before(newest.End()):
		case known && end.Add(rangeSpare).Before(oldest.Start):
			if end.Add(rangeSpare + skipTargets*l.target.Duration(millis)).After(oldest.Start) {
				gone = append(gone, s)
			}
		default:
			listed = append(listed, s)
		}
	}
	return listed, gone
}

// appendRanges appends an EXT-X-DATERANGE for each signal. Of those whose tag was the same when the last of the segments that are skipped was listed,
// a delta update of that kind has none. A break's end is told in its one tag: no ID stands there twice.
func (l *listing) appendRanges(b []byte, listed []*media.Signal, delta Delta) []byte {
	var d dates
	for _, s := range listed {
		if delta == SkipRanges && l.skip > 0 && s.Row <= l.at(l.skip-1).number {
			continue
		}
		b = append(append(b, `#EXT-X-DATERANGE:ID="`...), s.ID...)
		b = append(append(append(b, `",CLASS="`...), media.SchemeSCTE35...), `",START-DATE="`...)
		start := millisOf(s.Date)
		b = append(d.append(b, start), '"')
		if s.Planned > 0 {
			b = appendSeconds(append(b, ",PLANNED-DURATION="...), media.FromDuration(s.Planned, millis))
		}
		if len(s.Out) > 0 && len(s.In) > 0 {
			lasted := media.FromDuration(s.Duration, millis)
			b = appendSeconds(append(b, ",DURATION="...), lasted)
			b = append(d.append(append(b, `,END-DATE="`...), start+lasted), '"')
		}
		b = appendSection(b, "OUT", s.Out)
		b = appendSection(b, "IN", s.In)
		b = append(appendSection(b, "CMD", s.Command), '\n')
	}
	return b
}

// appendSection appends a splice_info_section as a hexadecimal-sequence.
func appendSection(b []byte, name string, section []byte) []byte {
	if len(section) == 0 {
		return b
	}
	b = append(append(append(b, ",SCTE35-"...), name...), "=0x"...)
	at := len(b)
	b = hex.AppendEncode(b, section)
	for i := at; i < len(b); i++ { // in capitals (4.2)
		if b[i] >= 'a' {
			b[i] -= 'a' - 'A'
		}
	}
	return b
}

// appendGone appends RECENTLY-REMOVED-DATERANGES.
func appendGone(b []byte, gone []*media.Signal) []byte {
	b = append(b, `,RECENTLY-REMOVED-DATERANGES="`...)
	for i, s := range gone {
		if i > 0 {
			b = append(b, '\t')
		}
		b = append(b, s.ID...)
	}
	return append(b, '"')
}
