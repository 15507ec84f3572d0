package dash

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/Eyevinn/dash-mpd/mpd"

	"weir/internal/media"
	"weir/manifest"
)

// builder collects what the MPD says about all Periods.
type builder struct {
	window *media.Window
	links  manifest.Links
	strips stripper
	low    bool          // low latency
	part   time.Duration // the longest

	longest time.Duration // that any listed segment may be
	length  time.Duration // of the Periods so far, in a static MPD
	told    int           // open rows that are listed
	fills   []fill        // of the Period that is being described
}

// period describes cut[i]. Its times are put in later.
func (b *builder) period(cut []stretch, i int) (*mpd.Period, error) {
	s := &cut[i]
	p := mpd.NewPeriod()
	p.Id = s.id()
	p.Start = duration(0)
	var o outlook
	if b.low {
		o = b.outlookOf(s)
	}
	var sets, keys setList
	told := 0
	p.EventStreams = b.eventStreams(cut, i)
	for column, t := range s.run.Tracks {
		strip := b.strips.strip(b.window, s, column)
		if strip.err != nil {
			return nil, strip.err
		}
		l := b.line(strip, s, column, o)
		if len(l.tail) > 0 {
			told = len(s.open)
		}
		if l.empty() {
			continue // the track ended early, and what it had has left the window
		}
		shared := switching(s.run, column)
		set, err := b.adaptationSet(t, s, shared[0], &l)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			set.SupplementalProperties = b.joins(&cut[i-1], s, column, l.start())
		}
		set.InbandEventStreams = b.messages(s, t)
		set.Roles = []*mpd.DescriptorType{roleOf(s.run, shared[0])}
		if !l.complete() || !within(strip.cut, l.from, l.to) {
			set.StartWithSAP = 1
		}
		reference := b.reference(set, s, column)
		reference.at = b.xpath(s, *set.Id) + "/ProducerReferenceTime[1]"
		if len(shared) > 1 {
			bounds(set, s.run, shared)
		}
		sets.add(set, reference, b.lineFills(s, set, l, len(shared) > 1), len(shared) > 1)
		if t.Kind == media.Video {
			key, line, err := b.keySet(t, s, column, strip, l, *set.Id)
			if err != nil {
				return nil, err
			}
			if key != nil {
				keys.add(key, fill{}, b.lineFills(s, key, line, len(shared) > 1), len(shared) > 1)
			}
		}
	}
	b.told += told
	p.AdaptationSets = append(sets.sets, keys.sets...)
	if w := b.window; w.Images != nil && w.Ended && len(cut) == 1 {
		p.AdaptationSets = append(p.AdaptationSets, b.images())
	}
	b.fills = append(b.fills, slices.Concat(append(sets.fills, keys.fills...)...)...)
	return p, nil
}

// line is the track's timeline in the stretch.
func (b *builder) line(strip *strip, s *stretch, column int, o outlook) line {
	l := line{strip: strip, from: 1}
	if s.from < s.to {
		from, to := b.window.Rows.At(s.from).Number, b.window.Rows.At(s.to-1).Number
		l = lineOf(strip, from, to, nil)
	}
	if b.low {
		l.tail = b.tail(s, column, o)
	}
	timescale := s.run.Tracks[column].Timescale
	if l.complete() {
		longest := peakOf(b.window, s, strip.long, strip.next, func(row *media.Row) int64 {
			seg := row.Segments[column]
			if seg == nil || seg.Gap() {
				return 0
			}
			return int64(seg.Duration)
		})
		b.longest = max(b.longest, media.Ticks(longest).Duration(timescale))
	}
	for i := range l.tail {
		b.longest = max(b.longest, l.tail[i].d.Duration(timescale))
	}
	return l
}

// peakOf is the greatest value that a row of the stretch has. list are the strip's, which holds for the rows up to its newest; where the stretch ends
// before that, each row is looked at.
func peakOf(w *media.Window, s *stretch, list []peak, next uint64, value func(*media.Row) int64) int64 {
	if w.Rows.At(s.to-1).Number+1 == next {
		if list = peaksFrom(list, w.Rows.At(s.from).Number); len(list) > 0 {
			return list[0].value
		}
		return 0
	}
	greatest := int64(0)
	for i := s.from; i < s.to; i++ {
		greatest = max(greatest, value(w.Rows.At(i)))
	}
	return greatest
}

// xpath leads to a set, as patches have it.
func (b *builder) xpath(s *stretch, set uint32) string {
	return "/MPD/Period[@id='" + s.id() + "']/AdaptationSet[@id='" + strconv.FormatUint(uint64(set), 10) + "']"
}

// lineFills are what a set's SegmentTemplate is given: that of its one Representation, where others share the set.
func (b *builder) lineFills(s *stretch, set *mpd.AdaptationSetType, l line, shared bool) []fill {
	at := b.xpath(s, *set.Id)
	if shared {
		at += "/Representation[@id='" + set.Representations[0].Id + "']"
	}
	at += "/SegmentTemplate"
	number := appendString(nil, "startNumber", strconv.FormatUint(l.number(), 10))
	return []fill{
		{mark: numberMark, text: number, often: true, kind: startNumber, at: at},
		{mark: lineMark, line: &l, often: true, kind: timeline, at: at + "/SegmentTimeline"},
	}
}

// adaptationSet describes a track of the stretch, with the one Representation that it has. The set is named after the track in the column main.
func (b *builder) adaptationSet(t media.Track, s *stretch, main int, l *line) (*mpd.AdaptationSetType, error) {
	id, err := setID(s.run.Tracks[main])
	if err != nil {
		return nil, err
	}
	if l.number() > math.MaxUint32 {
		return nil, fmt.Errorf("track %s: segment number %d is over 32 bits, startNumber cannot say it", t.Name, l.number())
	}
	set := mpd.NewAdaptationSet()
	set.Id = mpd.Ptr(id)
	set.ContentType = mpd.RFC6838ContentTypeType(t.Kind)
	set.Lang = manifest.Language(t.Language)
	set.SegmentAlignment = true
	set.SegmentTemplate = b.template(t, s, "/$Number$.m4s")
	if b.low && t.Part > 0 && t.Part < b.window.Segment {
		set.SegmentTemplate.AvailabilityTimeComplete = mpd.Ptr(false)
	}

	r := mpd.NewRepresentation()
	r.Id = t.Name
	r.Bandwidth = manifest.Peak(b.window.Rates[t.Name])
	r.Codecs = t.Codecs
	switch t.Kind {
	case media.Video:
		picture(r, t)
		r.FrameRate = frameRate(t.FrameRate)
		set.Accessibilities = captions(b.window.Captions)
	case media.Text:
		r.MimeType = mimeText
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
		r.SupplementalProperties = atmos(&t)
	}
	set.Representations = []*mpd.RepresentationType{r}
	return set, nil
}

// template is a set's SegmentTemplate with marks for what changes often. media is what follows the track's name in the URLs of segments.
func (b *builder) template(t media.Track, s *stretch, suffix string) *mpd.SegmentTemplateType {
	// A dollar sign stands for something in templates.
	query := strings.ReplaceAll(b.links.Media, "$", "%24")
	st := mpd.NewSegmentTemplate()
	st.Timescale = mpd.Ptr(t.Timescale)
	st.PresentationTimeOffset = mpd.Ptr(uint64(media.FromTime(b.origin(s), t.Timescale)))
	st.StartNumber = mpd.Ptr(uint32(0))
	st.Initialization = t.Name + "/init-" + strconv.FormatUint(uint64(t.Init), 10) + ".mp4" + query
	st.Media = t.Name + suffix + query
	st.SegmentTimeline = &mpd.SegmentTimelineType{S: []*mpd.S{{D: 1}}}
	if b.low {
		st.AvailabilityTimeOffset = mpd.FloatInf64(availabilityOffset(b.window, s.run, t).Seconds())
	}
	return st
}

func picture(r *mpd.RepresentationType, t media.Track) {
	r.MimeType = mpd.MIME_TYPE_VIDEO_MP4
	r.Width, r.Height = uint32(max(t.Width, 0)), uint32(max(t.Height, 0))
	r.Sar = "1:1" // the track's size is that of the picture as displayed
}

// setsAKind is how many AdaptationSet ids there are for each kind of track.
const setsAKind = 100

// setID is the AdaptationSet@id of a track: the same in all Periods and updates, as it comes from the track's name alone. v1 is
// 101, a1 is 201, t1 is 501.
func setID(t media.Track) (uint32, error) {
	base := map[media.Kind]uint32{media.Video: setsAKind, media.Audio: 2 * setsAKind, media.Text: 5 * setsAKind}[t.Kind] // key frames lie between
	n, err := strconv.ParseUint(strings.TrimLeft(t.Name, "abcdefghijklmnopqrstuvwxyz"), 10, 32)
	if err != nil || base == 0 || n < 1 || n >= setsAKind {
		return 0, fmt.Errorf("AdaptationSet of %s track %q: name is not a letter and a number from 1 to %d", t.Kind, t.Name, setsAKind-1)
	}
	return base + uint32(n), nil
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
