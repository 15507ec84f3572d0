// Package vtt makes plain WebVTT (W3C WebVTT; rfc8216bis, 3.1.4) of segments of WebVTT in MP4 (ISO/IEC 14496-30). HLS knows only the plain
// form, DASH only the other: both are made of the same samples.
package vtt

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"weir/internal/media"
)

// ErrSegment is wrapped by errors about bytes that are no segment of WebVTT in MP4.
var ErrSegment = errors.New("not a segment of WebVTT in MP4")

const (
	// mapEvery is the distance of the points that times count from: cues of one hour are written alike in all of its segments.
	mapEvery = time.Hour
	// mapWrap is where MPEGTS wraps, in 1/90000 s. No wrap lies between the point that times count from and the segment: players
	// find by the segment how often it has wrapped (shaka-player 5.2).
	mapWrap = 1 << 33
)

// origin is the point that the times of a segment count from, on the channel timeline, in 1/90000 s.
func origin(start time.Duration) media.Ticks {
	hour := media.FromDuration(start.Truncate(mapEvery), 90000)
	wrap := media.RescaleDown(media.Ticks(start), uint32(time.Second), 90000)
	return max(hour, wrap-wrap%mapWrap)
}

// cue is what one or more successive samples say alike.
type cue struct {
	from, to media.Ticks
	box      []byte // body of its VTTCueBox
}

// Segment is the WebVTT of a segment of one or more chunks. Timescale is that of its track, init its CMAF header, whose WebVTT header is
// taken over. A cue ends with the segment at the latest; where it goes on, the next segment has it too.
func Segment(segment, init []byte, timescale uint32) ([]byte, error) {
	samples, err := samplesOf(segment)
	if err != nil {
		return nil, err
	}
	if timescale == 0 || len(samples) == 0 {
		return nil, fmt.Errorf("%w: no samples", ErrSegment)
	}
	var cues []cue
	for _, s := range samples {
		for name, body := range boxes(s.data) {
			if name != "vttc" {
				continue
			}
			i := slices.IndexFunc(cues, func(c cue) bool { return c.to == s.at && bytes.Equal(c.box, body) })
			if i >= 0 {
				cues[i].to = s.at + s.duration
			} else {
				cues = append(cues, cue{s.at, s.at + s.duration, body})
			}
		}
	}
	from := origin(samples[0].at.Duration(timescale))
	base := from.Duration(90000)
	out := append([]byte(nil), "WEBVTT"...)
	comment, rest := head(init)
	out = append(out, comment...)
	out = fmt.Appendf(out, "\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:%d\n", from%mapWrap)
	out = append(out, rest...)
	out = append(out, '\n')
	for i := range cues {
		out = cues[i].append(out, base, timescale)
	}
	return out, nil
}

// head is what follows the signature in the header that an init segment has: the rest of its line, and the lines behind it.
func head(init []byte) (comment, rest []byte) {
	config := find(init, "moov", "trak", "mdia", "minf", "stbl", "stsd")
	if len(config) < 8 {
		return nil, nil
	}
	entry := find(config[8:], "wvtt")
	if len(entry) < 8 {
		return nil, nil
	}
	text, ok := bytes.CutPrefix(find(entry[8:], "vttC"), []byte("WEBVTT"))
	if !ok {
		return nil, nil
	}
	text = bytes.TrimRight(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), "\n")
	comment, rest, _ = bytes.Cut(text, []byte("\n"))
	if len(rest) > 0 {
		rest = append(slices.Clone(rest), '\n')
	}
	return comment, rest
}

// append appends the cue as text.
func (c *cue) append(b []byte, base time.Duration, timescale uint32) []byte {
	var id, settings, text []byte
	for name, body := range boxes(c.box) {
		switch name {
		case "iden":
			id = line(body)
		case "sttg":
			settings = line(body)
		case "payl":
			text = body
		}
	}
	b = append(b, '\n')
	if len(id) > 0 {
		b = append(append(b, id...), '\n')
	}
	b = appendTime(b, c.from.Duration(timescale)-base)
	b = append(b, " --> "...)
	b = appendTime(b, c.to.Duration(timescale)-base)
	if len(settings) > 0 {
		b = append(append(b, ' '), settings...)
	}
	b = append(b, '\n')
	for l := range bytes.Lines(text) { // an empty line would end the cue
		if l = bytes.Trim(l, "\r\n"); len(l) > 0 {
			b = append(append(b, arrow(l)...), '\n')
		}
	}
	return b
}

// line is text as a line of its own that is no timing.
func line(text []byte) []byte {
	return arrow(bytes.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, text))
}

func arrow(text []byte) []byte { return bytes.ReplaceAll(text, []byte("-->"), []byte("--&gt;")) }

// appendTime appends a WebVTT timestamp, to the nearest millisecond.
func appendTime(b []byte, t time.Duration) []byte {
	t = max(t, 0).Round(time.Millisecond)
	return fmt.Appendf(b, "%02d:%02d:%02d.%03d", t/time.Hour, t/time.Minute%60, t/time.Second%60, t/time.Millisecond%1000)
}
