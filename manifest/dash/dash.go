// Package dash renders a window as MPEG-DASH MPDs (ISO/IEC 23009-1): a Period for each stretch of a run that hangs on one anchor, an AdaptationSet a
// track, or one for all pictures of a codec, and one more with their key frames, SegmentTimeline with $Number$. It also writes the patches that lead from one MPD to the next (5.15).
//
// MPD is a pure function: a media.Window in, bytes out, which the caller owns. It costs time in proportion to the rows. A Renderer
// gives the same bytes, but remembers what it has seen of a channel, so that a new row costs little however many there are.
//
// # Time
//
// availabilityStartTime is the Unix epoch, which is where the channel timeline counts from. A Period starts where its anchor puts its first row:
// at that row's place on the channel timeline, moved by the anchor's shift. presentationTimeOffset is the row's place in each track's
// timescale. None of these numbers changes while its Period is listed.
//
// # Low latency
//
// Rows that are being made are listed too, with the durations that they are expected to have, and where the channel is regular one
// more row that has not begun: players ask for a MPD once a second at most, whatever it tells them (dash.js 5.2), and must know a segment
// when its first chunk is there. availabilityTimeOffset says when that is. What a duration turned out to be stands in the next MPD.
//
// # Text
//
// The library writes all elements but the S of timelines, and all attributes but those that change often: see outline.
package dash

import (
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

// MPD renders the window's MPD. URLs in it are relative to it. An ended window gives a static MPD.
//
// Errors: ErrEmpty; a segment number or a track name that DASH cannot express.
func MPD(w *media.Window, links manifest.Links) ([]byte, error) {
	o, err := outlineOf(w, links, fresh{})
	if err != nil {
		return nil, err
	}
	return o.text(), nil
}

// outlineOf describes the window: all of its MPD but the text of timelines.
func outlineOf(w *media.Window, links manifest.Links, strips stripper) (*outline, error) {
	if w.Rows == nil || w.Rows.Len() == 0 {
		return nil, fmt.Errorf("MPD of channel %s: %w", w.Channel, ErrEmpty)
	}
	b := builder{window: w, links: links, strips: strips, low: lowLatency(w)}
	o, err := b.outline()
	if err != nil {
		return nil, fmt.Errorf("MPD of channel %s: %w", w.Channel, err)
	}
	return o, nil
}

// outline describes the Periods first: the head tells of them.
func (b *builder) outline() (*outline, error) {
	w := b.window
	b.longest = w.Target + longestFrame(w.Tracks)
	cut := stretches(w, b.low)
	if b.part = longestPart(cut); b.low && b.part == 0 { // there is no media of rows that are not complete
		b.low = false
		cut = stretches(w, false)
	}
	for n := len(cut) - 1; b.low && cut[n].from == cut[n].to && !b.begun(&cut[n]); n-- {
		cut = cut[:n] // the window has rows, so there is one before it
		cut[n-1].last = true
	}
	var periods []*mpd.Period
	var fills []fill
	for i := range cut {
		b.fills = nil
		p, err := b.period(cut, i)
		if err != nil {
			return nil, err
		}
		periods = append(periods, p)
		fills = append(fills, fill{mark: startMark, text: b.periodTimes(cut, i)})
		fills = append(fills, b.fills...)
	}
	m, head := b.head()
	m.Periods = periods
	return compose(m, append(head, fills...), b.published())
}

// head is the MPD without Periods, and what has to be put into it.
func (b *builder) head() (*mpd.MPD, []fill) {
	w := b.window
	m := mpd.NewMPD(mpd.DYNAMIC_TYPE)
	m.Profiles = mpd.PROFILE_LIVE
	m.MinBufferTime = duration(w.Target)
	m.MaxSegmentDuration = duration((b.longest + time.Millisecond - 1).Truncate(time.Millisecond))
	if w.Title != "" {
		m.ProgramInformation = []*mpd.ProgramInformationType{{Title: w.Title}}
	}
	if w.Ended {
		m.Type = mpd.Ptr(mpd.STATIC_TYPE)
		m.MediaPresentationDuration = duration(0)
		return m, []fill{{mark: lengthMark, text: appendAttribute(nil, "mediaPresentationDuration", b.length)}}
	}
	m.Id = w.Channel
	m.AvailabilityStartTime = epoch
	m.PublishTime = "@"
	m.MinimumUpdatePeriod = duration(w.Segment)
	m.TimeShiftBufferDepth = duration(w.DVR)
	m.SuggestedPresentationDelay = duration(presentationDelay(w))
	m.PatchLocation = []*mpd.PatchLocationType{{Ttl: patchLife(w).Seconds(), Value: mpd.AnyURI(patchURL("@", b.links))}}
	m.UTCTimings = []*mpd.DescriptorType{clock(b.links)}
	if b.low {
		b.lowLatencyHead(m)
	}
	published := stamp(b.published())
	return m, []fill{
		{mark: publishMark, text: appendString(nil, "publishTime", published), often: true},
		{mark: patchMark, text: []byte(patchMark[:len(patchMark)-1] + published), often: true},
	}
}

// clock is where players get the time.
func clock(links manifest.Links) *mpd.DescriptorType {
	return &mpd.DescriptorType{SchemeIdUri: schemeClock, Value: clockPath + links.Media}
}

// presentationDelay is what players should keep behind the live edge: three target durations, but a target duration less than
// the DVR window where that is short, so that it never leads to what is about to leave the window. It depends on settings only.
func presentationDelay(w *media.Window) time.Duration {
	room := max(w.DVR-w.Target, w.Target)
	return min(delayTargets*w.Target, room)
}

// duration is d as the library has it. It prints milliseconds at most: for more, see appendDuration.
func duration(d time.Duration) *mpd.Duration {
	md := mpd.Duration(d)
	return &md
}

// openStep is what publishTime moves for what is told of an open row. Players see milliseconds.
const openStep = time.Millisecond

// published is when the MPD came to be as it is: the window's own time, and a step more for each thing that is told of rows that are
// open. When such a row is complete, the window's time moves by more than was told of it.
func (b *builder) published() time.Time {
	return b.window.Published.Add(time.Duration(b.told) * openStep)
}

// stamp is t as xs:dateTime.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999999999Z") }
