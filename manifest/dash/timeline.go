package dash

import (
	"fmt"

	"github.com/Eyevinn/dash-mpd/mpd"

	"weir/internal/media"
	"weir/manifest"
)

// timeline is what a SegmentTimeline says of one track in one Period.
type timeline struct {
	s       []*mpd.S
	number  uint64      // of the first segment
	start   media.Ticks // of the first segment
	longest media.Ticks // duration
}

// timelineOf lists the track's segments in the span, equal durations folded. Gaps at its head are skipped, and it ends at the
// first gap after media: within a run a track that is gone does not come back.
func timelineOf(rows media.Rows, span manifest.Span, column int) (timeline, error) {
	var line timeline
	var end media.Ticks
	var last *mpd.S
	var pool []mpd.S
	for i := span.From; i < span.To; i++ {
		row := rows.At(i)
		seg := row.Segments[column]
		if seg == nil || seg.Gap() {
			if last != nil {
				break
			}
			continue
		}
		if seg.Start < 0 || seg.Duration <= 0 {
			return timeline{}, fmt.Errorf("track %s, segment %d: start %d, duration %d: not on the timeline",
				seg.Track, row.Number, seg.Start, seg.Duration)
		}
		line.longest = max(line.longest, seg.Duration)
		if last != nil && end == seg.Start && last.D == uint64(seg.Duration) {
			last.R++
			end += seg.Duration
			continue
		}
		if len(pool) == cap(pool) {
			pool = make([]mpd.S, 0, min(span.To-i, 256)) // in blocks: pointers into them stay
		}
		pool = append(pool, mpd.S{D: uint64(seg.Duration)})
		s := &pool[len(pool)-1]
		if last == nil {
			line.number, line.start = row.Number, seg.Start
		}
		if last == nil || end != seg.Start {
			s.T = mpd.Ptr(uint64(seg.Start))
		}
		line.s = append(line.s, s)
		last, end = s, seg.Start+seg.Duration
	}
	return line, nil
}

// The schemes of ISO/IEC 23009-1, 5.3.2.4: what a player may take for granted at the change from one Period to the next.
const (
	schemeConnectivity = "urn:mpeg:dash:period-connectivity:2015" // decoding goes on with the same init segment
	schemeContinuity   = "urn:mpeg:dash:period-continuity:2015"   // and the media's timestamps go on without a hole
)

// joins tells how the track goes on from the Period before: nothing where its init segment is another. start is that of its
// first segment in the span.
func joins(rows media.Rows, before, span manifest.Span, column int, start media.Ticks) []*mpd.DescriptorType {
	now := span.Run.Tracks[column]
	then := before.Column(now.Name)
	if then < 0 {
		return nil
	}
	was := before.Run.Tracks[then]
	if was.Init != now.Init || was.Codecs != now.Codecs || was.Timescale != now.Timescale {
		return nil
	}
	scheme := mpd.AnyURI(schemeConnectivity)
	last := rows.At(before.To - 1).Segments[then]
	if last == nil || last.Gap() {
		return nil
	}
	if last.Start+last.Duration == start {
		scheme = schemeContinuity
	}
	return []*mpd.DescriptorType{{SchemeIdUri: scheme, Value: periodID(before.Run)}}
}
