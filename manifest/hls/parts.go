package hls

import (
	"time"

	"weir/internal/media"
)

// partOf is how long parts of the track in that column of a run are; 0: there are none. Where the run lacks the track, the gaps that stand
// for it are cut as the run's lead track is.
func partOf(run *media.Run, column int) time.Duration {
	if column < 0 {
		column = 0
	}
	return run.Tracks[column].Part
}

// newestRun is the run that the window goes on with. The window has rows.
func newestRun(w *media.Window) *media.Run {
	if n := len(w.Open); n > 0 {
		return w.Open[n-1].Run
	}
	return w.Rows.At(w.Rows.Len() - 1).Run
}

// partNow is PART-TARGET of the track: how long its parts are in the newest run; 0: no parts are listed.
func partNow(w *media.Window, track string) time.Duration {
	run := newestRun(w)
	return partOf(run, column(run, track))
}

// limits are what parts must keep to be listed beside those of later runs. None may be longer than PART-TARGET, nor shorter than 85 % of it
// (rfc8216bis, 4.4.4.9), and it is the newest run that says PART-TARGET. A run's chunks keep to 85 % of its own: one that was cut otherwise, and all
// before it, is listed without parts; that stays so whatever comes behind.
type limits struct {
	set  bool
	part media.Ticks // ms, of all of these runs; 0: they differ
}

// add lets parts of that length follow.
func (l *limits) add(part time.Duration) {
	ms := millisUp(part)
	if l.set && ms != l.part {
		ms = 0
	}
	*l = limits{true, ms}
}

// allow tells whether parts of that length may be listed.
func (l *limits) allow(part time.Duration) bool {
	return part > 0 && (!l.set || millisUp(part) == l.part)
}

// parts is how many parts the segment has.
func (e *entry) parts() int {
	part := partOf(e.run, e.column)
	switch {
	case part <= 0:
		return 0
	case e.gap():
		each := millisUp(part)
		return int((e.duration() + each - 1) / each)
	}
	return len(e.segment.Parts)
}

// appendParts appends an EXT-X-PART line for each part of the segment (rfc8216bis, 4.4.4.9). A gap is listed as parts with GAP=YES,
// so that whoever waits for one is told.
func (e *entry) appendParts(b []byte, links string) []byte {
	if partOf(e.run, e.column) <= 0 {
		return b
	}
	if !e.gap() {
		return appendParts(b, e.number, e.segment.Start, e.segment.Timescale, e.segment.Parts, links)
	}
	each, left := millisUp(partOf(e.run, e.column)), e.duration()
	for k := 0; left > 0; k++ {
		b = appendPart(b, e.number, k, min(each, left), links)
		b = append(b, ",GAP=YES\n"...)
		left -= each
	}
	return b
}

// appendParts appends the lines of parts that begin at start.
func appendParts(b []byte, number uint64, start media.Ticks, timescale uint32, parts []media.Part, links string) []byte {
	from := media.Rescale(start, timescale, millis)
	for k := range parts {
		start += parts[k].Duration
		to := media.Rescale(start, timescale, millis)
		b = appendPart(b, number, k, to-from, links)
		if parts[k].Independent {
			b = append(b, ",INDEPENDENT=YES"...)
		}
		b = append(b, '\n')
		from = to
	}
	return b
}

// appendPart appends a line without its end.
func appendPart(b []byte, number uint64, part int, duration media.Ticks, links string) []byte {
	b = append(b, "#EXT-X-PART:DURATION="...)
	b = appendSeconds(b, duration)
	b = append(b, `,URI="`...)
	b = appendPartURI(b, number, part, links)
	return append(b, '"')
}

func appendPartURI(b []byte, number uint64, part int, links string) []byte {
	b = append(appendUint(b, number), '.')
	b = append(appendUint(b, uint64(part)), segmentSuffix...)
	return append(b, links...)
}
