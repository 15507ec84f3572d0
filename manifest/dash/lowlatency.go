package dash

import (
	"strconv"
	"time"

	"github.com/Eyevinn/dash-mpd/mpd"

	"weir/internal/media"
)

const (
	// profileLow says that the MPD keeps to the low-latency clauses of DASH-IF IOP 5.
	profileLow = "http://www.dashif.org/guidelines/low-latency-live-v5"
	// updateLow is how often players should ask for a low-latency MPD: an open row must be learnt while it is made.
	updateLow = 500 * time.Millisecond
	// leastLatency is what players are told to aim at, however short parts are: their own clocks and loops need as much.
	leastLatency = time.Second
	// Of these many parts players should stay behind the live edge, and no nearer than those.
	latencyParts, latencyPartsLeast = 5, 3
	// Of the target, latency may be so many times as much before a player should seek.
	latencyMost = 2
	// How much faster and slower than the media a player may play to keep to its latency: a second that was lost is made good in ten.
	rateLeast, rateMost = 0.94, 1.1
	// references is the distance of rows that give the ProducerReferenceTime.
	references = 32
	// referenceID is that of all ProducerReferenceTimes: they tell of the same clock.
	referenceID = 0
)

// lowLatency tells whether the MPD is to offer rows before they are complete. A SegmentTimeline says how long a segment is when it lists it, so that
// the length of an open one has to be known: of an encoder whose GOPs do not fit the segment duration it is not. The target duration tells, because
// the packager gave such rows room in it, once for the whole life of the channel.
func lowLatency(w *media.Window) bool {
	fit := w.Target < 2*w.Segment || w.Target <= time.Second
	return w.LowLatency && !w.Ended && fit
}

// lowLatencyHead makes the head one of a low-latency MPD (rule 30 of conformance.md; DASH-IF IOP 5, low-latency modes).
func (b *builder) lowLatencyHead(m *mpd.MPD) {
	w, part := b.window, b.part
	target := min(max(latencyParts*part, leastLatency), presentationDelay(w)).Truncate(time.Millisecond)
	m.Profiles += "," + profileLow
	m.MinimumUpdatePeriod = duration(min(updateLow, w.Segment/2))
	m.MinBufferTime = duration(target)
	// Players count it from the end of what is available, which is a part behind the clock.
	m.SuggestedPresentationDelay = duration(max(target-part, target/2).Truncate(time.Millisecond))
	milliseconds := func(d time.Duration) *uint32 { return mpd.Ptr(uint32(d / time.Millisecond)) }
	m.ServiceDescription = []*mpd.ServiceDescriptionType{{
		Latencies: []*mpd.LatencyType{{
			ReferenceId: referenceID, Target: milliseconds(target), Max: milliseconds(latencyMost * target),
			Min: milliseconds(min(latencyPartsLeast*part, target)),
		}},
		PlaybackRates: []*mpd.PlaybackRateType{{Max: rateMost, Min: rateLeast}},
	}}
}

// longestPart is that of any track of the Periods.
func longestPart(cut []stretch) time.Duration {
	longest := time.Duration(0)
	for i := range cut {
		for _, t := range cut[i].run.Tracks {
			longest = max(longest, t.Part)
		}
	}
	return longest
}

// availabilityOffset is by how much a segment is available before its end: once its first chunk is, in segments as long as the
// operator asked for. Players must not ask earlier for shorter ones than they are listed. Text, which comes in whole segments, has that of the
// lead: shaka-player 5.2 takes the least of all sets for that of the channel.
func availabilityOffset(w *media.Window, run *media.Run, t media.Track) time.Duration {
	if t.Kind == media.Text {
		t = run.Lead()
	}
	if t.Part <= 0 || t.Part >= w.Segment {
		return 0
	}
	return (w.Segment - t.Part).Round(time.Millisecond)
}

// reference gives a set its ProducerReferenceTime: which instant of the wall clock a point of its media is. It is that of the newest row with a number
// that is a multiple of references, so that it seldom changes and is the same wherever it is asked for, or else that of the Period's
// anchor. The fill is empty where there is none.
func (b *builder) reference(set *mpd.AdaptationSetType, s *stretch, column int) fill {
	if !b.low {
		return fill{}
	}
	t := s.run.Tracks[column]
	at := media.FromTime(s.anchor.Start, t.Timescale)
	wall := s.anchor.Start.Add(s.anchor.Shift)
	if s.from < s.to {
		first, last := b.window.Rows.At(s.from).Number, b.window.Rows.At(s.to-1).Number
		if number := last - last%references; number >= first {
			row := b.window.Rows.At(s.from + int(number-first))
			if seg := row.Segments[column]; seg != nil && !seg.Gap() && !row.Wall.IsZero() {
				at = seg.Start
				wall = row.Wall.Add(seg.Start.Time(t.Timescale).Sub(row.Start))
			}
		}
	}
	set.ProducerReferenceTimes = []*mpd.ProducerReferenceTimeType{{
		Id: referenceID, Type: "encoder", UTCTiming: clock(b.links),
	}}
	text := appendString(nil, "wallClockTime", wall.UTC().Format("2006-01-02T15:04:05.000Z"))
	text = appendString(text, "presentationTime", strconv.FormatInt(int64(at), 10))
	return fill{mark: referenceMark, text: text, often: true, kind: referenceTime}
}
