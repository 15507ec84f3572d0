package hls

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/grafov/m3u8"

	"weir/internal/media"
	"weir/manifest"
)

// The least protocol versions that tags of a media playlist need (rfc8216bis, 8).
const (
	versionDecimals = 3 // EXTINF with decimals
	versionMap      = 6 // EXT-X-MAP without EXT-X-I-FRAMES-ONLY
)

// millis is the timescale of EXTINF.
const millis = 1000

// Media renders the media playlist of one track. Rows of runs that lack the track, and rows where it has no media, are listed as
// gaps, so that all playlists of a channel have the same numbers and discontinuities.
//
// Errors: ErrEmpty, and ErrTrack where no run of the window has the track.
func Media(w *media.Window, track string, links manifest.Links, delta bool) ([]byte, error) {
	if w.Rows == nil || w.Rows.Len() == 0 {
		return nil, fmt.Errorf("playlist of %s of channel %s: %w", track, w.Channel, ErrEmpty)
	}
	if !has(w.Tracks, track) {
		return nil, fmt.Errorf("playlist of %s of channel %s: %w", track, w.Channel, ErrTrack)
	}
	n := w.Rows.Len()
	list, err := m3u8.NewMediaPlaylist(uint(n), uint(n))
	if err != nil {
		return nil, fmt.Errorf("playlist of %s of channel %s: %w", track, w.Channel, err)
	}
	first := w.Rows.At(0)
	list.SeqNo = first.Number

	b := builder{
		list:  list,
		track: track,
		tags:  newSegmentTags(n),
		segs:  make([]m3u8.MediaSegment, n),
	}
	b.uris.Grow(n * (len(strconv.FormatUint(first.Number+uint64(n), 10)) + len(segmentSuffix)))
	custom := map[string]m3u8.CustomTag{b.tags.TagName(): b.tags}
	var prev *media.Row
	for i := range n {
		row := w.Rows.At(i)
		seg := &b.segs[i]
		b.fill(seg, row, begins(row, prev))
		seg.Custom = custom
		if err := list.AppendSegment(seg); err != nil {
			return nil, fmt.Errorf("playlist of %s of channel %s: list segment %d: %w", track, w.Channel, row.Number, err)
		}
		prev = row
	}
	list.SetVersion(versionDecimals)
	if b.mapped {
		list.SetVersion(versionMap)
	}
	list.SetCustomTag(header{independent: !b.cut, discontinuities: discontinuitySequence(first)})
	list.TargetDuration = w.Target.Seconds() // after the last append, which would raise it
	return bytes.Clone(list.Encode().Bytes()), nil
}

// begins tells whether row is the first of its run; prev is the row listed before it, nil for none.
func begins(row, prev *media.Row) bool {
	if prev == nil {
		return row.Number == row.Run.First
	}
	return row.Run.ID != prev.Run.ID
}

// discontinuitySequence is EXT-X-DISCONTINUITY-SEQUENCE of a playlist that begins with row. A segment's discontinuity sequence
// number is that plus the EXT-X-DISCONTINUITY tags up to and with its own (rfc8216bis, 4.4.3.3): it comes out as its run's ID,
// however far the window has slid.
func discontinuitySequence(row *media.Row) uint64 {
	if row.Run.ID > 0 && begins(row, nil) {
		return row.Run.ID - 1
	}
	return row.Run.ID
}

// builder turns rows into the library's segments.
type builder struct {
	list   *m3u8.MediaPlaylist
	track  string
	tags   *segmentTags
	segs   []m3u8.MediaSegment
	uris   strings.Builder // all segments' URIs; they are sub-strings of one allocation
	run    *media.Run
	column int  // of the track in run, -1: it has none
	inMap  bool // EXT-X-MAP of run is written
	mapped bool // any EXT-X-MAP is written
	cut    bool // a listed segment does not begin with a sync sample
}

// fill describes row's segment of the track.
func (b *builder) fill(seg *m3u8.MediaSegment, row *media.Row, begins bool) {
	if b.run == nil || b.run.ID != row.Run.ID {
		b.run, b.column, b.inMap = row.Run, column(row.Run, b.track), false
	}
	seg.Discontinuity = begins && row.Run.ID > 0
	seg.URI = b.uri(row.Number)

	var s *media.Segment
	if b.column >= 0 {
		s = row.Segments[b.column]
	}
	if s == nil || s.Gap() {
		seg.Duration = seconds(millisOf(row.End()) - millisOf(row.Start))
		b.tags.add(row.Wall, true)
		return
	}
	if !b.inMap {
		seg.Map = &m3u8.Map{URI: "init-" + strconv.FormatUint(uint64(row.Run.Tracks[b.column].Init), 10) + ".mp4"}
		b.inMap, b.mapped = true, true
	}
	if len(s.Parts) > 0 && !s.Parts[0].Independent {
		b.cut = true
	}
	// Both ends are rounded on the timeline, not the duration: errors do not add up over the list, and a segment's EXTINF
	// does not depend on what else is listed.
	seg.Duration = seconds(media.Rescale(s.Start+s.Duration, s.Timescale, millis) - media.Rescale(s.Start, s.Timescale, millis))
	b.tags.add(row.Wall.Add(s.Start.Time(s.Timescale).Sub(row.Start)), false)
}

const segmentSuffix = ".m4s"

func (b *builder) uri(number uint64) string {
	from := b.uris.Len()
	var digits [20]byte
	b.uris.Write(strconv.AppendUint(digits[:0], number, 10))
	b.uris.WriteString(segmentSuffix)
	return b.uris.String()[from:]
}

func millisOf(t time.Time) media.Ticks { return media.FromTime(t, millis) }

func seconds(ms media.Ticks) float64 { return ms.Seconds(millis) }

func has(tracks []media.Track, name string) bool {
	for i := range tracks {
		if tracks[i].Name == name {
			return true
		}
	}
	return false
}

func column(run *media.Run, name string) int {
	for i := range run.Tracks {
		if run.Tracks[i].Name == name {
			return i
		}
	}
	return -1
}
