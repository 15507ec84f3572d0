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

// TestMediaRules checks rules 1 to 8 and 12 over a channel's life.
func TestMediaRules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		listed := make(map[string]segment) // by track and number: what players were told
		before := make(map[string]playlist)
		for _, w := range manifesttest.Draw(t) {
			lists := make(map[string]playlist)
			for _, track := range w.Tracks {
				doc, err := hls.Media(w, track.Name, manifest.Links{}, false)
				require.NoError(t, err)
				p, err := parsePlaylist(doc)
				require.NoError(t, err, "%s", doc)
				lists[track.Name] = p
				checkPlaylist(t, w, track.Name, p)
				for _, s := range p.segments {
					if s.gap {
						s.initURI = "" // it needs none; one may still be in force
					}
					key := fmt.Sprint(track.Name, " ", s.number)
					if was, ok := listed[key]; ok {
						s.tagged, s.ownMap = was.tagged, was.ownMap // a MAP is said again at the head of the list
						require.Equal(t, was, s, "rule 2: segment %d changed", s.number)
					}
					listed[key] = s
				}
				if was, ok := before[track.Name]; ok {
					checkUpdate(t, was, p)
				}
			}
			checkRenditions(t, lists)
			before = lists
		}
	})
}

func checkPlaylist(t *rapid.T, w *media.Window, track string, p playlist) {
	require.Equal(t, int(w.Target/time.Second), p.target, "rule 1")
	require.Len(t, p.segments, w.Rows.Len())
	hasMap, independent := false, true
	var sum, begin media.Ticks // of the run's segments in the list so far, in ms; where they begin
	for i, s := range p.segments {
		row := w.Rows.At(i)
		require.LessOrEqual(t, int(math.Round(float64(s.millis)/1000)), p.target, "rule 1: segment %d", s.number)
		require.Equal(t, row.Number, s.number, "rule 2")
		require.Equal(t, strconv.FormatUint(row.Number, 10)+".m4s", s.uri, "rule 2")
		require.Equal(t, row.Run.ID, s.discontinuity, "rule 3: segment %d", s.number)
		require.Equal(t, row.Number == row.Run.First && row.Run.ID > 0, s.tagged, "rule 3")
		require.False(t, s.date.IsZero(), "rule 4")
		hasMap = hasMap || s.ownMap

		seg := row.Segment(track)
		start, end := row.Start, row.End()
		if seg == nil || seg.Gap() {
			require.True(t, s.gap, "segment %d has no media", s.number)
			require.False(t, s.ownMap)
		} else {
			require.False(t, s.gap)
			start, end = seg.Start.Time(seg.Timescale), (seg.Start + seg.Duration).Time(seg.Timescale)
			in, _ := row.Run.Track(track)
			require.Equal(t, fmt.Sprintf("init-%d.mp4", in.Init), s.initURI, "rule 8: segment %d", s.number)
			independent = independent && seg.Parts[0].Independent
		}
		// Rule 4: dates are those of arrival; drift may let them overlap by less than a second.
		require.WithinDuration(t, row.Wall.Add(start.Sub(row.Start)), s.date, time.Millisecond, "rule 4: segment %d", s.number)
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
	require.Equal(t, independent, p.independent, "rule 6")
	require.Equal(t, map[bool]int{true: 6, false: 3}[hasMap], p.version, "rule 12")
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
func checkRenditions(t *rapid.T, lists map[string]playlist) {
	var one *playlist
	for track, p := range lists {
		if one == nil {
			one = &p
			continue
		}
		require.Equal(t, one.target, p.target, "rule 7: %s", track)
		require.Equal(t, one.sequence, p.sequence, track)
		require.Equal(t, one.discontinuity, p.discontinuity, "rule 3: %s", track)
		require.Len(t, p.segments, len(one.segments), track)
		for i, s := range p.segments {
			require.Equal(t, one.segments[i].tagged, s.tagged, "rule 3: %s, segment %d", track, s.number)
			// One row's segments begin within a frame of each other.
			require.WithinDuration(t, one.segments[i].date, s.date, 40*time.Millisecond, "rule 4: %s, segment %d", track, s.number)
		}
	}
}

// TestMultivariantRules checks rules 9 and 10.
func TestMultivariantRules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		for _, w := range manifesttest.Draw(t) {
			doc, err := hls.Multivariant(w, manifest.Links{})
			require.NoError(t, err)
			m, err := parseMultivariant(doc)
			require.NoError(t, err, "%s", doc)
			groups := checkMedia(t, m)
			require.NotEmpty(t, m.variants)
			for _, v := range m.variants {
				checkVariant(t, w, v, groups[v["AUDIO"]])
			}
		}
	})
}

// checkMedia checks the renditions and gives them by group.
func checkMedia(t *rapid.T, m multivariant) map[string][]map[string]string {
	groups := make(map[string][]map[string]string)
	for _, r := range m.renditions {
		id := r["GROUP-ID"]
		require.NotEmpty(t, id)
		require.NotEmpty(t, r["NAME"], "rule 10")
		require.Equal(t, "AUDIO", r["TYPE"])
		require.Equal(t, "YES", r["AUTOSELECT"], "rule 10")
		require.NotEmpty(t, r["CHANNELS"], "rule 10")
		for _, other := range groups[id] {
			require.NotEqual(t, other["NAME"], r["NAME"], "names are distinct within a group")
			require.Equal(t, "NO", r["DEFAULT"], "one default a group")
		}
		groups[id] = append(groups[id], r)
	}
	require.Equal(t, len(groups) > 0, m.version == 4, "rule 12")
	return groups
}

func checkVariant(t *rapid.T, w *media.Window, v map[string]string, group []map[string]string) {
	name := strings.TrimSuffix(v["URI"], "/index.m3u8")
	names := []string{name}
	require.Equal(t, v["AUDIO"] != "", len(group) > 0, "the group of a variant exists")
	audio := media.Rate{}
	for _, r := range group {
		rendition := strings.TrimSuffix(r["URI"], "/index.m3u8")
		names = append(names, rendition)
		audio.Peak = max(audio.Peak, w.Rates[rendition].Peak)
		audio.Average = max(audio.Average, w.Rates[rendition].Average)
	}
	named := strings.Split(v["CODECS"], ",")
	for i := range w.Rows.Len() { // rule 9: exact for all that it names, in all that is listed
		for _, n := range names {
			if in, ok := w.Rows.At(i).Run.Track(n); ok {
				require.Contains(t, named, in.Codecs, "rule 9: %s in run %d", n, w.Rows.At(i).Run.ID)
			}
		}
	}
	peak, average := 0, 0
	for _, track := range w.Tracks {
		if track.Name != name {
			continue
		}
		if track.Kind == media.Video {
			require.Equal(t, fmt.Sprintf("%dx%d", track.Width, track.Height), v["RESOLUTION"], "rule 9")
			rate, err := strconv.ParseFloat(v["FRAME-RATE"], 64)
			require.NoError(t, err)
			require.InDelta(t, track.FrameRate.Float(), rate, 0.0005, "rule 9")
			require.Equal(t, track.VideoRange != "SDR", v["VIDEO-RANGE"] != "", "rule 9")
			peak, average = w.Rates[name].Peak+audio.Peak, w.Rates[name].Average+audio.Average
		} else {
			peak, average = max(w.Rates[name].Peak, audio.Peak), max(w.Rates[name].Average, audio.Average)
		}
	}
	bandwidth, err := strconv.Atoi(v["BANDWIDTH"])
	require.NoError(t, err)
	require.GreaterOrEqual(t, bandwidth, peak, "rule 9")
	require.LessOrEqual(t, float64(bandwidth), float64(peak)*1.25, "no more than it must be")
	mean, err := strconv.Atoi(v["AVERAGE-BANDWIDTH"])
	require.NoError(t, err)
	require.GreaterOrEqual(t, mean, average, "rule 9")
	require.LessOrEqual(t, mean, bandwidth)
}
