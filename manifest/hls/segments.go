package hls

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/grafov/m3u8"

	"weir/internal/media"
)

const (
	segmentSuffix = ".m4s"
	textSuffix    = ".vtt"
)

// isPlainText tells whether the track in that column of a run is listed as segments of plain WebVTT (rfc8216bis, 3.1.4): HLS has no WebVTT in
// MP4, and players of it do not read that.
func isPlainText(run *media.Run, column int) bool {
	return column >= 0 && run.Tracks[column].Codec == media.WVTT
}

// segments renders closed segments from ≤ i < to, those from l.from on with their parts where parts says so. EXT-X-MAP stands at the first listed
// segment of each run that has the track, also if that is a gap: so a segment's text depends on the one before it and on nothing else. Behind those that a
// delta update leaves out it is said again, which changes nothing (4.4.4.5): Shaka Player knows of no init segment otherwise, for what it learns by such an
// update, and after a change of renditions appends none (5.2.12).
func (l *listing) segments(from, to int, parts bool) ([]byte, error) {
	n := to - from
	if n <= 0 {
		return nil, nil
	}
	list, err := m3u8.NewMediaPlaylist(uint(n), uint(n))
	if err != nil {
		return nil, fmt.Errorf("playlist of %s of channel %s: %w", l.track, l.w.Channel, err)
	}
	b := builder{l: l, tags: newSegmentTags(n, !l.w.Undated)}
	b.uris.Grow(n * (len("/18446744073709551615") + len(segmentSuffix) + len(l.links.Media)))
	custom := map[string]m3u8.CustomTag{b.tags.TagName(): b.tags}
	segs := make([]m3u8.MediaSegment, n)
	if parts {
		b.tags.parts = make([]byte, 0, l.roomForParts(max(from, l.from), to))
	}
	var prev *media.Run
	if from > 0 {
		e := l.at(from - 1)
		prev = e.run
	}
	for i := from; i < to; i++ {
		e := l.at(i)
		seg := &segs[i-from]
		b.fill(seg, &e, prev, l.skip > 0 && i == l.skip, parts && i >= l.from)
		seg.Custom = custom
		if err := list.AppendSegment(seg); err != nil {
			return nil, fmt.Errorf("playlist of %s of channel %s: list segment %d: %w", l.track, l.w.Channel, e.number, err)
		}
		prev = e.run
	}
	text := list.Encode().Bytes()
	// The library writes a header before them. Its last line is this one.
	text = text[bytes.Index(text, []byte("#EXT-X-TARGETDURATION:")):]
	return text[bytes.IndexByte(text, '\n')+1:], nil
}

// roomForParts is about how many bytes the lines of those segments' parts take.
func (l *listing) roomForParts(from, to int) int {
	room := 0
	for i := from; i < to; i++ {
		e := l.at(i)
		room += e.parts() * (len(`#EXT-X-PART:DURATION=0.200,URI="12345678.10.m4s",INDEPENDENT=YES`) + 1 + len(l.links.Media))
	}
	return room
}

// builder turns entries into the library's segments.
type builder struct {
	l    *listing
	tags *segmentTags
	uris strings.Builder // all segments' URIs; they are sub-strings of one allocation
	line []byte
}

// fill describes e's segment; prev is the run of the one listed before it. mapped: it has an EXT-X-MAP in any case.
func (b *builder) fill(seg *m3u8.MediaSegment, e *entry, prev *media.Run, mapped, parts bool) {
	first := begins(e.number, e.run, prev)
	seg.Discontinuity = first && e.run.ID > 0
	if e.column >= 0 && (first || prev == nil || mapped) && !isPlainText(e.run, e.column) {
		b.line = append(mapURI(b.line[:0], e.run, e.column), b.l.links.Media...)
		seg.Map = &m3u8.Map{URI: string(b.line)}
	}
	gap := e.gap()
	if b.l.iframes {
		if offset, size := e.key(); size > 0 {
			seg.Limit, seg.Offset = int64(size), int64(offset)
		} else {
			gap = true
		}
	}
	suffix := segmentSuffix
	if isPlainText(e.run, e.column) {
		suffix = textSuffix
	}
	seg.URI = b.uri(e.number, suffix)
	seg.Duration = e.duration().Seconds(millis)
	b.tags.add(e, gap, parts, b.l.links.Media)
}

func (b *builder) uri(number uint64, suffix string) string {
	from := b.uris.Len()
	b.line = append(appendUint(b.line[:0], number), suffix...)
	b.uris.Write(b.line)
	b.uris.WriteString(b.l.links.Media)
	return b.uris.String()[from:]
}
