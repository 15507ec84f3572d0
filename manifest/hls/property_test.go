package hls_test

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/hls"
	"weir/manifest/manifesttest"
)

// The numbers in the tests' names and comments are those of the project's conformance rules for HLS (rfc8216bis and Apple's
// authoring specification).

// TestMediaRules checks rules 1 to 8 and 12 over the lives of channels in ordinary latency, TestLiveRules in low latency.
func TestMediaRules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { checkLife(t, manifesttest.Draw(t)) })
}

func TestLiveRules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { checkLife(t, manifesttest.DrawLive(t)) })
}

// checkLife checks all playlists of successive windows.
func checkLife(t *rapid.T, windows []*media.Window) {
	listed := make(map[string]segment) // by playlist and number: what players were told
	before := make(map[string]playlist)
	for _, w := range windows {
		lists := make(map[string]playlist)
		for name, doc := range render(t, w, hls.Whole) {
			p, err := parsePlaylist(doc)
			require.NoError(t, err, "%s", doc)
			lists[name] = p
			checkPlaylist(t, w, name, p)
			for _, s := range p.segments {
				checkListed(t, listed, name, s)
			}
			if was, ok := before[name]; ok {
				checkUpdate(t, was, p)
			}
			checkLive(t, w, name, p)
		}
		checkRenditions(t, w, lists)
		checkDeltas(t, w, before, lists)
		before = lists
	}
}

// render gives all media and I-frame playlists by name, that is the path between the channel's and index.m3u8 or "…/iframes".
func render(t require.TestingT, w *media.Window, delta hls.Delta) map[string][]byte {
	docs := make(map[string][]byte)
	for _, track := range w.Tracks {
		doc, err := hls.Media(w, track.Name, manifest.Links{}, delta)
		require.NoError(t, err)
		docs[track.Name] = doc
		doc, err = hls.IFrames(w, track.Name, manifest.Links{}, delta)
		if track.Kind != media.Video {
			require.ErrorIs(t, err, hls.ErrTrack)
			continue
		}
		require.NoError(t, err)
		docs[track.Name+iframes] = doc
	}
	return docs
}

const iframes = "/iframes"

// checkListed compares a segment with what was said of it before. Only its parts may go, all at once, and a MAP is said again at the head
// of a list.
func checkListed(t *rapid.T, listed map[string]segment, name string, s segment) {
	key := fmt.Sprint(name, " ", s.number)
	was, ok := listed[key]
	if ok {
		if len(s.parts) > 0 {
			require.Equal(t, was.parts, s.parts, "rule 2: parts of segment %d changed", s.number)
		}
		is := s
		is.tagged, is.ownMap, is.parts = was.tagged, was.ownMap, was.parts
		require.Equal(t, was, is, "rule 2: segment %d changed", s.number)
	}
	listed[key] = s
}

func checkPlaylist(t *rapid.T, w *media.Window, name string, p playlist) {
	track, keys := strings.CutSuffix(name, iframes)
	require.Equal(t, keys, p.iframes, "rule 11")
	require.Equal(t, int(w.Target/time.Second), p.target, "rule 1")
	require.GreaterOrEqual(t, len(p.segments), w.Rows.Len())
	rows := segmentsOf(w, track)
	require.LessOrEqual(t, len(p.segments), len(rows))
	if keys || !w.LowLatency || w.Ended {
		require.Len(t, p.segments, w.Rows.Len())
	}
	hasMap, independent, long := false, true, false
	var sum, begin media.Ticks // of the run's segments in the list so far, in ms; where they begin
	for i, s := range p.segments {
		row := rows[i]
		require.LessOrEqual(t, int(math.Round(float64(s.millis)/1000)), p.target, "rule 1: segment %d", s.number)
		require.Equal(t, row.number, s.number, "rule 2")
		in, there := row.run.Track(track)
		plain := in.Codec == media.WVTT // which is listed as WebVTT without MP4
		require.Equal(t, strconv.FormatUint(row.number, 10)+map[bool]string{false: ".m4s", true: ".vtt"}[plain], s.uri, "rule 2")
		require.Equal(t, row.run.ID, s.discontinuity, "rule 3: segment %d", s.number)
		require.Equal(t, row.number == row.run.First && row.run.ID > 0, s.tagged, "rule 3")
		require.False(t, s.date.IsZero(), "rule 4")
		hasMap, long = hasMap || s.ownMap, long || s.millis > int64(1000*p.target)

		start, end := row.start, row.end
		if there && !plain {
			require.Equal(t, fmt.Sprintf("init-%d.mp4", in.Init), s.initURI, "rule 8: segment %d", s.number)
		}
		if seg := row.segment; seg == nil || seg.Gap() {
			require.True(t, s.gap, "segment %d has no media", s.number)
		} else {
			start, end = seg.Start.Time(seg.Timescale), (seg.Start + seg.Duration).Time(seg.Timescale)
			independent = independent && seg.Parts[0].Independent
			key := ""
			if keys && seg.Parts[0].Key > 0 {
				key = fmt.Sprintf("%d@%d", seg.Parts[0].Key, seg.Parts[0].Offset)
			}
			require.Equal(t, key, s.bytes, "rule 11")
			require.Equal(t, keys && key == "", s.gap, "rule 11")
		}
		// Rule 4: dates are those of arrival; drift may let them overlap by less than a second.
		require.WithinDuration(t, row.wall.Add(start.Sub(row.start)), s.date, time.Millisecond, "rule 4: segment %d", s.number)
		if i > 0 {
			was := p.segments[i-1]
			overlap := was.date.Add(time.Duration(was.millis) * time.Millisecond).Sub(s.date)
			require.Less(t, overlap, time.Second, "rule 4: segment %d", s.number)
		}
		// Rule 5: sums do not drift from the media's own time.
		if i == 0 || s.tagged {
			sum, begin = 0, media.FromTime(start, 1_000_000)
		}
		sum += media.Ticks(s.millis)
		real := media.FromTime(end, 1_000_000) - begin
		require.InDelta(t, float64(real), float64(sum*1000), 40_000, "rule 5: up to segment %d", s.number)
	}
	if len(p.open.parts) > 0 {
		hasMap = true
		in, _ := rows[len(p.segments)].run.Track(track)
		require.Equal(t, fmt.Sprintf("init-%d.mp4", in.Init), p.open.initURI, "rule 8: open segment")
		row := rows[len(p.segments)]
		require.Equal(t, row.number == row.run.First && row.run.ID > 0, p.open.tagged, "rule 3")
		require.WithinDuration(t, row.wall.Add(row.open.Start.Time(row.timescale).Sub(row.start)), p.open.date, time.Millisecond, "rule 4")
		independent = independent && p.open.parts[0].independent
	}
	require.Equal(t, keys || independent, p.independent, "rule 6")
	version := map[[2]bool]int{{true, false}: 6, {false, false}: 3, {true, true}: 5, {false, true}: 4}[[2]bool{hasMap, keys}]
	if long { // before version 6 the target duration was not rounded
		version = 6
	}
	require.Equal(t, version, p.version, "rule 12")
	require.Equal(t, w.Ended, p.ended, "rule 12")
	require.Equal(t, w.Ended, p.vod, "rule 12")
}

// row is what a track has under a number, complete or open.
type row struct {
	number           uint64
	run              *media.Run
	start, end, wall time.Time
	segment          *media.Segment
	open             media.OpenSegment
	timescale        uint32
}

// segmentsOf are all rows that a window has of a track, the open ones too. Where an open row ends is taken to be known.
func segmentsOf(w *media.Window, track string) []row {
	var all []row
	for i := range w.Rows.Len() {
		r := w.Rows.At(i)
		all = append(all, row{number: r.Number, run: r.Run, start: r.Start, end: r.End(), wall: r.Wall, segment: r.Segment(track)})
	}
	for _, o := range w.Open {
		lead := o.Segments[0]
		r := row{number: o.Number, run: o.Run, start: lead.Start.Time(o.Run.Lead().Timescale), wall: o.Wall}
		if lead.Segment != nil {
			r.end = r.start.Add(lead.Segment.Duration.Duration(lead.Segment.Timescale))
		}
		for i, t := range o.Run.Tracks {
			if t.Name == track {
				r.open, r.segment, r.timescale = o.Segments[i], o.Segments[i].Segment, t.Timescale
			}
		}
		all = append(all, r)
	}
	return all
}

// checkUpdate compares a playlist with the one before it.
func checkUpdate(t *rapid.T, was, is playlist) {
	require.Equal(t, was.target, is.target, "rule 1")
	require.GreaterOrEqual(t, is.sequence, was.sequence, "rule 2")
	left := int(is.sequence - was.sequence)
	require.LessOrEqual(t, left, len(was.segments))
	tags := 0
	for _, s := range was.segments[:left] {
		if s.tagged {
			tags++
		}
	}
	require.Equal(t, was.discontinuity+uint64(tags), is.discontinuity, "rule 3: counts the tags that left")
	stay := len(was.segments) - left
	require.GreaterOrEqual(t, len(is.segments), stay, "rule 2: only the oldest may leave")
}

// checkRenditions checks what all playlists of a channel must have alike.
func checkRenditions(t *rapid.T, w *media.Window, lists map[string]playlist) {
	var one *playlist
	for name, p := range lists {
		if one == nil {
			one = &p
			continue
		}
		require.Equal(t, one.target, p.target, "rule 7: %s", name)
		require.Equal(t, one.control, p.control, "rule 7: %s", name)
		require.Equal(t, one.sequence, p.sequence, name)
		require.Equal(t, one.discontinuity, p.discontinuity, "rule 3: %s", name)
		for i, s := range p.segments[:w.Rows.Len()] {
			require.Equal(t, one.segments[i].tagged, s.tagged, "rule 3: %s, segment %d", name, s.number)
			// One row's segments begin within a frame of each other.
			require.WithinDuration(t, one.segments[i].date, s.date, 40*time.Millisecond, "rule 4: %s, segment %d", name, s.number)
		}
	}
}
