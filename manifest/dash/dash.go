// Package dash renders a window as a dynamic MPEG-DASH MPD (ISO/IEC 23009-1): a Period a run, an AdaptationSet a track,
// SegmentTimeline with $Number$.
//
// MPD is a pure function: a media.Window in, bytes out, which the caller owns. Rendering costs time and memory in proportion to
// the rows: do it once a change of the window, not once a request.
//
// # Time
//
// availabilityStartTime is the Unix epoch, which is where the channel timeline counts from. A Period starts where its run does,
// and presentationTimeOffset is that same instant in each track's timescale, so every segment's place on the MPD's timeline is
// its place on the channel timeline, in all Periods, and none of these numbers changes while its Period is listed.
package dash

import (
	"bytes"
	"fmt"
	"time"

	"github.com/Eyevinn/dash-mpd/mpd"

	"weir/internal/media"
	"weir/manifest"
)

// ErrEmpty says that the window lists nothing yet. It is manifest.ErrEmpty.
var ErrEmpty = manifest.ErrEmpty

const (
	epoch = "1970-01-01T00:00:00Z"
	// clockPath is where the edge tells the time, as xs:dateTime; relative to the MPD's host.
	clockPath = "/time"
	// schemeClock is UTCTiming by an HTTP request for an xs:dateTime (ISO/IEC 23009-1, 5.8.5.7). There is no fallback of the
	// scheme "direct": an MPD is rendered once a change and so would tell a time that has passed.
	schemeClock = "urn:mpeg:dash:utc:http-xsdate:2014"
	// delayTargets is how many target durations players should stay behind the live edge.
	delayTargets = 3
)

// MPD renders the window's MPD. URLs in it are relative to it.
//
// Errors: ErrEmpty; a segment number or a track name that DASH cannot express.
func MPD(w *media.Window, links manifest.Links) ([]byte, error) {
	if w.Rows == nil || w.Rows.Len() == 0 {
		return nil, fmt.Errorf("MPD of channel %s: %w", w.Channel, ErrEmpty)
	}
	m := mpd.NewMPD(mpd.DYNAMIC_TYPE)
	m.Profiles = mpd.PROFILE_LIVE
	m.AvailabilityStartTime = epoch
	m.PublishTime = mpd.DateTime(w.Published.UTC().Format("2006-01-02T15:04:05.999999999Z"))
	m.MinimumUpdatePeriod = duration(w.Segment)
	m.MinBufferTime = duration(w.Target)
	m.TimeShiftBufferDepth = duration(w.DVR)
	m.SuggestedPresentationDelay = duration(presentationDelay(w))
	if w.Title != "" {
		m.ProgramInformation = []*mpd.ProgramInformationType{{Title: w.Title}}
	}
	m.UTCTimings = []*mpd.DescriptorType{{SchemeIdUri: schemeClock, Value: clockPath}}

	b := builder{window: w, longest: w.Target}
	spans := manifest.Spans(w.Rows)
	times := make([]periodTimes, len(spans))
	for i, span := range spans {
		p, err := b.period(spans, i)
		if err != nil {
			return nil, fmt.Errorf("MPD of channel %s: %w", w.Channel, err)
		}
		times[i].start = time.Duration(span.Run.Start.UnixNano())
		if i < len(spans)-1 { // its rows are all there are: a later run has begun
			end := w.Rows.At(span.To - 1).End()
			if next := spans[i+1].Run.Start; next.Before(end) { // tracks of other timescales lead them: by less than a tick
				end = next
			}
			times[i].duration = end.Sub(span.Run.Start)
		}
		m.Periods = append(m.Periods, p)
	}
	m.MaxSegmentDuration = duration((b.longest + time.Millisecond - 1).Truncate(time.Millisecond))

	var buf bytes.Buffer
	if _, err := m.Write(&buf, "  ", true); err != nil {
		return nil, fmt.Errorf("MPD of channel %s: write XML: %w", w.Channel, err)
	}
	return exact(buf.Bytes(), times)
}

// presentationDelay is what players should keep behind the live edge: three target durations, but a target duration less than
// the DVR window where that is short, so that it never leads to what is about to leave the window. It depends on settings only.
func presentationDelay(w *media.Window) time.Duration {
	room := max(w.DVR-w.Target, w.Target)
	return min(delayTargets*w.Target, room)
}

// duration is d as the library has it. It prints milliseconds at most: for more, see exact.
func duration(d time.Duration) *mpd.Duration {
	md := mpd.Duration(d)
	return &md
}
