package hls

import (
	"time"

	"weir/internal/media"
)

// millis is the timescale of all times in playlists: three decimals. Ends are rounded on the timeline, never lengths: errors do not add up over
// a list, the parts of a segment add up to its EXTINF, and what is said of a segment does not depend on what else is listed.
const millis = 1000

// entry is a closed segment of one track, as a playlist lists it.
type entry struct {
	number     uint64
	run        *media.Run
	column     int       // of the track in run, -1: it has none
	start, end time.Time // of the row
	wall       time.Time
	segment    *media.Segment // nil where the run lacks the track
}

// entryOf is the track's segment of a row.
func entryOf(row *media.Row, track string) entry {
	e := entry{number: row.Number, run: row.Run, column: column(row.Run, track), start: row.Start, end: row.End(), wall: row.Wall}
	if e.column >= 0 {
		e.segment = row.Segments[e.column]
	}
	return e
}

// gap tells whether the track has no media here.
func (e *entry) gap() bool { return e.segment == nil || e.segment.Gap() }

// bounds are the ends of the segment on the channel timeline, in ms. Where there is no media it is as long as the row.
func (e *entry) bounds() (from, to media.Ticks) {
	if e.gap() {
		return millisOf(e.start), millisOf(e.end)
	}
	s := e.segment
	return media.Rescale(s.Start, s.Timescale, millis), media.Rescale(s.Start+s.Duration, s.Timescale, millis)
}

// duration is EXTINF, in ms.
func (e *entry) duration() media.Ticks {
	from, to := e.bounds()
	return to - from
}

// date is when the segment's first sample arrived: EXT-X-PROGRAM-DATE-TIME.
func (e *entry) date() time.Time {
	if e.gap() {
		return e.wall
	}
	return e.wall.Add(e.segment.Start.Time(e.segment.Timescale).Sub(e.start))
}

// cut tells that decoding cannot start at the segment: a GOP that is longer than the target duration is cut without an IDR.
func (e *entry) cut() bool {
	return !e.gap() && len(e.segment.Parts) > 0 && !e.segment.Parts[0].Independent
}

// begins tells whether a row of run that has that number is the first of its run; prev is the run of the row listed before it, nil for none.
func begins(number uint64, run, prev *media.Run) bool {
	if prev == nil {
		return number == run.First
	}
	return run.ID != prev.ID
}

// mapURI is the URI of the init segment of a run's track, without what links add.
func mapURI(b []byte, run *media.Run, column int) []byte {
	b = append(b, "init-"...)
	b = appendUint(b, uint64(run.Tracks[column].Init))
	return append(b, ".mp4"...)
}

func millisOf(t time.Time) media.Ticks { return media.FromTime(t, millis) }

// millisUp is d in ms, rounded up.
func millisUp(d time.Duration) media.Ticks {
	return media.RescaleUp(media.Ticks(d), uint32(time.Second), millis)
}

func column(run *media.Run, name string) int {
	for i := range run.Tracks {
		if run.Tracks[i].Name == name {
			return i
		}
	}
	return -1
}

func trackOf(tracks []media.Track, name string) *media.Track {
	for i := range tracks {
		if tracks[i].Name == name {
			return &tracks[i]
		}
	}
	return nil
}
