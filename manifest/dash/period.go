package dash

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/Eyevinn/dash-mpd/mpd"

	"weir/internal/media"
	"weir/manifest"
)

// builder collects what the MPD says about all Periods.
type builder struct {
	window  *media.Window
	longest time.Duration // of all listed segments
}

// period describes spans[i]. Its times are put in later, by exact.
func (b *builder) period(spans []manifest.Span, i int) (*mpd.Period, error) {
	span := spans[i]
	p := mpd.NewPeriod()
	p.Id = periodID(span.Run)
	p.Start = duration(0)
	seen := make(map[media.Kind]bool)
	for column, t := range span.Run.Tracks {
		primary := !seen[t.Kind]
		seen[t.Kind] = true
		line, err := timelineOf(b.window.Rows, span, column)
		if err != nil {
			return nil, err
		}
		if len(line.s) == 0 {
			continue // the track ended early, and what it had has left the window
		}
		b.longest = max(b.longest, line.longest.Duration(t.Timescale))
		set, err := b.adaptationSet(t, span, line)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			set.SupplementalProperties = joins(b.window.Rows, spans[i-1], span, column, line.start)
		}
		set.Roles = []*mpd.DescriptorType{role(primary)}
		set.SegmentAlignment = true
		if span.Independent(b.window.Rows, column) {
			set.StartWithSAP = 1
		}
		p.AdaptationSets = append(p.AdaptationSets, set)
	}
	return p, nil
}

// periodID is stable for as long as the channel's window is kept.
func periodID(run *media.Run) string { return "p" + strconv.FormatUint(run.ID, 10) }

// adaptationSet describes a track of the span, with the one Representation that it has.
func (b *builder) adaptationSet(t media.Track, span manifest.Span, line timeline) (*mpd.AdaptationSetType, error) {
	id, err := setID(t)
	if err != nil {
		return nil, err
	}
	if line.number > math.MaxUint32 {
		return nil, fmt.Errorf("track %s: segment number %d is over 32 bits, startNumber cannot say it", t.Name, line.number)
	}
	set := mpd.NewAdaptationSet()
	set.Id = mpd.Ptr(id)
	set.ContentType = mpd.RFC6838ContentTypeType(t.Kind)
	set.Lang = manifest.Language(t.Language)

	st := mpd.NewSegmentTemplate()
	st.Timescale = mpd.Ptr(t.Timescale)
	st.PresentationTimeOffset = mpd.Ptr(uint64(media.FromTime(span.Run.Start, t.Timescale)))
	st.StartNumber = mpd.Ptr(uint32(line.number))
	st.Initialization = t.Name + "/init-" + strconv.FormatUint(uint64(t.Init), 10) + ".mp4"
	st.Media = t.Name + "/$Number$.m4s"
	st.SegmentTimeline = &mpd.SegmentTimelineType{S: line.s}
	set.SegmentTemplate = st

	r := mpd.NewRepresentation()
	r.Id = t.Name
	r.Bandwidth = manifest.Peak(b.window.Rates[t.Name])
	r.Codecs = t.Codecs
	switch t.Kind {
	case media.Video:
		r.MimeType = mpd.MIME_TYPE_VIDEO_MP4
		r.Width, r.Height = uint32(max(t.Width, 0)), uint32(max(t.Height, 0))
		r.Sar = "1:1" // the track's size is that of the picture as displayed
		r.FrameRate = frameRate(t.FrameRate)
	case media.Audio:
		r.MimeType = mpd.MIME_TYPE_AUDIO_MP4
		if t.SampleRate > 0 {
			r.AudioSamplingRate = mpd.Ptr(mpd.UIntVectorType(strconv.Itoa(t.SampleRate)))
		}
		if layout := channelLayout(t.Channels); layout > 0 {
			r.AudioChannelConfigurations = []*mpd.DescriptorType{{
				SchemeIdUri: mpd.AUDIO_CHANNEL_CONFIGURATION_CICP, Value: strconv.Itoa(layout),
			}}
		}
	}
	set.Representations = []*mpd.RepresentationType{r}
	return set, nil
}

// setsAKind is how many AdaptationSet ids there are for each kind of track.
const setsAKind = 100

// setID is the AdaptationSet@id of a track: the same in all Periods and updates, as it comes from the track's name alone. v1 is
// 101, a1 is 201.
func setID(t media.Track) (uint32, error) {
	base := map[media.Kind]uint32{media.Video: setsAKind, media.Audio: 2 * setsAKind}[t.Kind]
	n, err := strconv.ParseUint(strings.TrimLeft(t.Name, "abcdefghijklmnopqrstuvwxyz"), 10, 32)
	if err != nil || base == 0 || n < 1 || n >= setsAKind {
		return 0, fmt.Errorf("AdaptationSet of %s track %q: name is not a letter and a number from 1 to %d", t.Kind, t.Name, setsAKind-1)
	}
	return base + uint32(n), nil
}

// role is main for the first track of its kind (ISO/IEC 23009-1, 5.8.5.5).
func role(primary bool) *mpd.DescriptorType {
	value := "alternate"
	if primary {
		value = "main"
	}
	return &mpd.DescriptorType{SchemeIdUri: "urn:mpeg:dash:role:2011", Value: value}
}

func frameRate(f media.Fraction) mpd.FrameRateType {
	switch {
	case f.Num == 0 || f.Den == 0:
		return ""
	case f.Den == 1:
		return mpd.FrameRateType(strconv.FormatUint(uint64(f.Num), 10))
	}
	return mpd.FrameRateType(fmt.Sprintf("%d/%d", f.Num, f.Den))
}

// channelLayout is the ChannelConfiguration of ISO/IEC 23091-3 that has so many channels in the usual places; 0: none.
func channelLayout(channels int) int {
	switch channels {
	case 1, 2, 3, 4, 5, 6:
		return channels
	case 7:
		return 11 // 6.1
	case 8:
		return 12 // 7.1 with rear surround
	}
	return 0
}
