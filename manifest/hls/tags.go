package hls

import (
	"bytes"
	"time"

	"weir/internal/media"
)

// segmentTags is the one custom tag of all segments of a playlist. The library asks it once a segment, in their order, and it
// answers with the next segment's tags: a tag and a map for each segment would cost more than all the rest of the rendering.
//
// Every segment of what is or was on air has its EXT-X-PROGRAM-DATE-TIME. With only one a run, a player reckons the others' from EXTINF, which is the
// source's clock: at 100 ppm a window of 12 h would be wrong by 4 s at its end, and all dates would move as it slides.
type segmentTags struct {
	dated bool
	rows  []rowTags
	next  int
	buf   bytes.Buffer
	line  []byte
	dates dates
	parts []byte // lines of all segments' parts
}

type rowTags struct {
	date  media.Ticks // ms since the epoch
	gap   bool
	parts int // where its lines end in segmentTags.parts
}

func newSegmentTags(n int, dated bool) *segmentTags {
	return &segmentTags{dated: dated, rows: make([]rowTags, 0, n)}
}

// add appends the tags of the next segment.
func (t *segmentTags) add(e *entry, gap, parts bool, links string) {
	if parts {
		t.parts = e.appendParts(t.parts, links)
	}
	t.rows = append(t.rows, rowTags{date: millisOf(e.date()), gap: gap, parts: len(t.parts)})
}

// TagName implements m3u8.CustomTag.
func (t *segmentTags) TagName() string { return "segment" }

const dateTag = "#EXT-X-PROGRAM-DATE-TIME:"

// Encode implements m3u8.CustomTag. What applies to parts too stands before them (rfc8216bis, 4.4.4.9).
func (t *segmentTags) Encode() *bytes.Buffer {
	row, from := t.rows[t.next], 0
	if t.next > 0 {
		from = t.rows[t.next-1].parts
	}
	t.next++
	t.line = t.line[:0]
	if t.dated {
		t.line = append(t.dates.append(append(t.line, dateTag...), row.date), '\n')
	}
	if row.gap {
		t.line = append(t.line, "#EXT-X-GAP\n"...)
	}
	t.buf.Reset()
	t.buf.Write(t.line)
	t.buf.Write(t.parts[from:row.parts])
	if t.buf.Len() == 0 {
		return nil
	}
	t.buf.Truncate(t.buf.Len() - 1) // the library ends the line
	return &t.buf
}

func (t *segmentTags) String() string { return "" }

const (
	millisADay  = 24 * 60 * 60 * millis
	millisAHour = 60 * 60 * millis
	millisAMin  = 60 * millis
)

// dates writes dates, and remembers the last day: the calendar is asked once a day, not once a segment.
type dates struct {
	day  media.Ticks // days since the epoch that text is of
	text []byte
}

// append is time.AppendFormat for milliseconds since the epoch, in UTC.
func (d *dates) append(b []byte, ms media.Ticks) []byte {
	day := ms / millisADay
	if day != d.day || d.text == nil {
		d.day = day
		d.text = time.UnixMilli(int64(day*millisADay)).UTC().AppendFormat(d.text[:0], "2006-01-02T")
	}
	b = append(b, d.text...)
	ms -= day * millisADay
	b = append(appendTwo(b, ms/millisAHour), ':')
	b = append(appendTwo(b, ms%millisAHour/millisAMin), ':')
	b = append(appendTwo(b, ms%millisAMin/millis), '.')
	ms %= millis
	return append(b, byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10), 'Z')
}

func appendTwo(b []byte, n media.Ticks) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }
