package hls

import (
	"bytes"
	"strconv"
	"time"
)

// header is the part of a media playlist's header that the library has no field for, or leaves out when it is 0.
type header struct {
	independent     bool
	discontinuities uint64
}

// TagName implements m3u8.CustomTag.
func (header) TagName() string { return "header" }

// Encode implements m3u8.CustomTag. The library writes custom tags in random order: all are one.
func (h header) Encode() *bytes.Buffer {
	var b bytes.Buffer
	if h.independent {
		b.WriteString("#EXT-X-INDEPENDENT-SEGMENTS\n")
	}
	b.WriteString("#EXT-X-DISCONTINUITY-SEQUENCE:")
	b.WriteString(strconv.FormatUint(h.discontinuities, 10))
	return &b
}

func (h header) String() string { return h.Encode().String() }

// segmentTags is the one custom tag of all segments of a playlist. The library asks it once a segment, in their order, and it
// answers with the next segment's tags: a tag and a map for each segment would cost more than all the rest of the rendering.
//
// Every segment has its EXT-X-PROGRAM-DATE-TIME. With only one a run, a player reckons the others' from EXTINF, which is the
// source's clock: at 100 ppm a window of 12 h would be wrong by 4 s at its end, and all dates would move as it slides.
type segmentTags struct {
	rows []rowTags
	next int
	buf  bytes.Buffer
	line []byte
	day  int64 // days since the epoch that date is of
	date []byte
}

type rowTags struct {
	date int64 // ms since the epoch
	gap  bool
}

func newSegmentTags(n int) *segmentTags {
	return &segmentTags{rows: make([]rowTags, 0, n), day: -1}
}

// add appends the tags of the next segment; date is when its first sample arrived.
func (t *segmentTags) add(date time.Time, gap bool) {
	t.rows = append(t.rows, rowTags{date: int64(millisOf(date)), gap: gap})
}

// TagName implements m3u8.CustomTag.
func (t *segmentTags) TagName() string { return "segment" }

// Encode implements m3u8.CustomTag.
func (t *segmentTags) Encode() *bytes.Buffer {
	row := t.rows[t.next]
	t.next++
	t.line = append(t.line[:0], "#EXT-X-PROGRAM-DATE-TIME:"...)
	t.line = t.appendDate(t.line, row.date)
	if row.gap {
		t.line = append(t.line, "\n#EXT-X-GAP"...)
	}
	t.buf.Reset()
	t.buf.Write(t.line)
	return &t.buf
}

func (t *segmentTags) String() string { return "" }

const (
	millisADay  = 24 * 60 * 60 * millis
	millisAHour = 60 * 60 * millis
	millisAMin  = 60 * millis
)

// appendDate is time.AppendFormat for milliseconds since the epoch, in UTC. The calendar is asked once a day, not once a segment.
func (t *segmentTags) appendDate(b []byte, ms int64) []byte {
	day := ms / millisADay
	if day != t.day || t.date == nil {
		t.day = day
		t.date = time.UnixMilli(day*millisADay).UTC().AppendFormat(t.date[:0], "2006-01-02T")
	}
	b = append(b, t.date...)
	ms -= day * millisADay
	b = append(appendTwo(b, ms/millisAHour), ':')
	b = append(appendTwo(b, ms%millisAHour/millisAMin), ':')
	b = append(appendTwo(b, ms%millisAMin/millis), '.')
	ms %= millis
	return append(b, byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10), 'Z')
}

func appendTwo(b []byte, n int64) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }
