package dash_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/dash"
)

// The numbers in the tests' messages are those of the project's conformance rules for DASH (ISO/IEC 23009-1 and DASH-IF's timing
// model).

// TestRules checks rules 24 to 31 over a channel's life.
func TestRules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		stays := make(map[string]string) // what must not change while it is listed
		var before document
		var text string
		for _, w := range draw(t) {
			doc, err := dash.MPD(w, manifest.Links{})
			require.NoError(t, err)
			d, err := parse(doc)
			require.NoError(t, err, "%s", doc)
			if w.Ended {
				checkEnded(t, w, d)
				checkSegments(t, w, d)
				continue
			}
			checkHead(t, w, d)
			checkLow(t, w, d)
			checkSegments(t, w, d)
			for key, value := range fixed(w, d) {
				if was, ok := stays[key]; ok && was != value {
					t.Fatalf("rule 24: %s changed from %s to %s", key, was, value)
				}
				stays[key] = value
			}
			if before.Periods != nil {
				checkUpdate(t, before, d)
				// Nothing but the window's own time moves it where the text is the same.
				if string(doc) != text {
					require.True(t, published(t, before).Before(published(t, d)), "rule 25: %s\n%s", text, doc)
				}
			}
			before, text = d, string(doc)
		}
	})
}

func published(t require.TestingT, d document) time.Time {
	at, err := time.Parse(time.RFC3339Nano, d.Published)
	require.NoError(t, err)
	return at
}

func checkHead(t *rapid.T, w *media.Window, d document) {
	require.Equal(t, "dynamic", d.Type)
	require.Equal(t, w.Channel, d.ID)
	require.Equal(t, "1970-01-01T00:00:00Z", d.Start, "rule 24")
	require.WithinRange(t, published(t, d), w.Published, w.Published.Add(time.Duration(len(w.Open))*time.Millisecond), "rule 25")
	require.Len(t, d.Patches, 1)
	require.Equal(t, "manifest.mpp?from="+d.Published, d.Patches[0].URL)
	require.GreaterOrEqual(t, d.Patches[0].TTL, 60)
	require.Len(t, d.Clocks, 1, "rule 25")
	require.Equal(t, w.DVR, d.Depth.Duration, "rule 27")
	require.Positive(t, d.Update.Duration)
	require.Positive(t, d.Delay.Duration, "rule 28")
	require.LessOrEqual(t, d.Delay.Duration, max(w.DVR-w.Target, w.Target), "rule 28")
	require.Zero(t, d.Length)
}

// checkLow is rule 30.
func checkLow(t *rapid.T, w *media.Window, d document) {
	parts := make(map[string]time.Duration)
	runs := make(map[string]*media.Run)
	note := func(run *media.Run) {
		id := "p" + strconv.FormatUint(run.ID, 10)
		runs[id] = run
		for _, track := range run.Tracks {
			parts[id+" "+track.Name] = track.Part
		}
	}
	for i := range w.Rows.Len() {
		note(w.Rows.At(i).Run)
	}
	for i := range w.Open {
		note(w.Open[i].Run)
	}
	low := false
	for _, p := range d.Periods {
		id, _, _ := strings.Cut(p.ID, "-")
		for _, track := range runs[id].Tracks {
			low = low || track.Part > 0 && w.LowLatency
		}
	}
	low = low && (w.Target < 2*w.Segment || w.Target == time.Second) // else GOPs do not fit the segment duration
	require.Equal(t, low, strings.Contains(d.Profiles, "low-latency"))
	if !low {
		require.Empty(t, d.Services, "rule 30")
		require.GreaterOrEqual(t, d.MinBuffer.Duration, w.Segment, "rule 28")
	} else {
		require.Len(t, d.Services, 1, "rule 30")
		latency := d.Services[0].Latency[0]
		require.Positive(t, latency.Target)
		require.LessOrEqual(t, latency.Min, latency.Target)
		require.Less(t, latency.Target, latency.Max)
		require.Less(t, d.Delay.Duration.Milliseconds(), int64(latency.Target))
		require.LessOrEqual(t, d.Update.Duration, 500*time.Millisecond)
	}
	for _, p := range d.Periods {
		run, _, _ := strings.Cut(p.ID, "-")
		for _, s := range p.Sets {
			name, _, _ := strings.Cut(s.Representations[0].ID, "-")
			part, text := parts[run+" "+name], s.Content == "text"
			if text { // it comes in whole segments, and says what the lead says
				part = runs[run].Lead().Part
			}
			if !low || part == 0 || (w.Segment-part).Round(time.Millisecond) <= 0 {
				require.Empty(t, s.Template.Available, "rule 30")
				require.Empty(t, s.Template.Complete, "rule 30")
			} else {
				seconds, err := strconv.ParseFloat(s.Template.Available, 64)
				require.NoError(t, err)
				require.InDelta(t, (w.Segment - part).Seconds(), seconds, 0.001, "rule 30")
				require.Equal(t, !s.keys() && !text, s.Template.Complete == "false", "rule 30")
			}
			if !low || s.keys() {
				require.Empty(t, s.References, "rule 30")
				continue
			}
			require.Len(t, s.References, 1, "rule 30")
			wall, err := time.Parse(time.RFC3339Nano, s.References[0].Wall)
			require.NoError(t, err)
			at := media.Ticks(s.References[0].Time).Time(uint32(s.Template.Timescale))
			require.InDelta(t, 0, wall.Sub(at).Seconds(), 1.2, "the wall clock of the media")
			require.GreaterOrEqual(t, s.References[0].Time, s.Template.Offset)
			require.Contains(t, runs, run)
		}
	}
}

// checkEnded is rule 29.
func checkEnded(t *rapid.T, w *media.Window, d document) {
	require.Equal(t, "static", d.Type)
	for _, gone := range []string{d.Start, d.Published, d.ID} {
		require.Empty(t, gone)
	}
	for _, gone := range []span{d.Update, d.Depth, d.Delay} {
		require.Zero(t, gone)
	}
	require.Empty(t, d.Clocks)
	require.Empty(t, d.Patches)
	require.Empty(t, d.Services)
	at := time.Duration(0)
	for _, p := range d.Periods {
		require.Equal(t, at, p.Start.Duration, "Periods follow each other")
		require.Positive(t, p.Duration.Duration)
		at += p.Duration.Duration
	}
	require.Equal(t, at, d.Length.Duration)
}

// fixed are the parts of an MPD that must stay as they are, by where they stand.
func fixed(w *media.Window, d document) map[string]string {
	newest := w.Rows.At(w.Rows.Len() - 1).Number
	all := make(map[string]string)
	for i, p := range d.Periods {
		all[p.ID] = fmt.Sprint(p.Start)
		if i < len(d.Periods)-1 && d.Periods[i+1].Sets[0].segments()[0].number <= newest {
			all[p.ID+" duration"] = fmt.Sprint(p.Duration)
		}
		for _, s := range p.Sets {
			in := s.Template
			all[p.ID+" "+s.Representations[0].ID] = fmt.Sprint(s.Content, s.Lang, s.Aligned, in.Timescale, in.Offset, in.Init, in.Media, in.Available,
				s.Representations[0].ID, s.Representations[0].Codecs)
			all[p.ID+" id of "+s.Representations[0].ID] = s.ID
			for _, seg := range s.segments() {
				if seg.number <= newest {
					all[s.Representations[0].ID+" segment "+strconv.FormatUint(seg.number, 10)] = p.ID + " " + strconv.FormatInt(seg.start, 10) + " " + strconv.FormatInt(seg.end, 10)
				}
			}
		}
	}
	return all
}

// checkUpdate: only the oldest Periods go, only new ones at the end come.
func checkUpdate(t *rapid.T, was, is document) {
	at := 0
	for at < len(was.Periods) && was.Periods[at].ID != is.Periods[0].ID {
		at++
	}
	for i, p := range was.Periods[at:] {
		require.Equal(t, p.ID, is.Periods[i].ID, "rule 24: order")
	}
}

// anchorOf is a row's anchor.
func anchorOf(run *media.Run, a media.Anchor) media.Anchor {
	if a.Start.IsZero() {
		return media.Anchor{Segment: run.First, Start: run.Start}
	}
	return a
}

// checkSegments compares what is listed with the window, segment by segment.
func checkSegments(t *rapid.T, w *media.Window, d document) {
	listing := make(map[string]listed) // by Representation and number
	begun := make(map[string]bool)     // first segments of sets that have no complete one
	newest := w.Rows.At(w.Rows.Len() - 1).Number
	for i, p := range d.Periods {
		require.Equal(t, i == len(d.Periods)-1 && !w.Ended, p.Duration.Duration == 0, "all but the last have a duration")
		if i > 0 {
			was := d.Periods[i-1]
			require.LessOrEqual(t, was.Start.Duration+was.Duration.Duration, p.Start.Duration, "rule 26: Periods overlap")
		}
		require.NotEmpty(t, p.Sets)
		for _, s := range p.Sets {
			checkSet(t, w, d, p, s)
			for i, seg := range s.segments() {
				key := s.Representations[0].ID + " " + strconv.FormatUint(seg.number, 10)
				begun[key] = i == 0
				if _, twice := listing[key]; twice {
					t.Fatalf("%s is listed twice", key)
				}
				listing[key] = seg
			}
		}
	}
	ids := make(map[string]bool)
	for i := range w.Rows.Len() {
		row := w.Rows.At(i)
		anchor := anchorOf(row.Run, row.Anchor)
		id := fmt.Sprint("p", row.Run.ID)
		if anchor.Segment != row.Run.First {
			id += fmt.Sprint("-", anchor.Segment)
		}
		ids[id] = true
		for column, track := range row.Run.Tracks {
			seg := row.Segments[column]
			key := track.Name + " " + strconv.FormatUint(row.Number, 10)
			got, there := listing[key]
			if there == seg.Gap() {
				t.Fatalf("%s is listed: %t", key, there)
			}
			if seg.Gap() {
				continue
			}
			if !same(got, row.Number, seg) {
				t.Fatalf("%s is listed as %v", key, got)
			}
			delete(listing, key)
			keys := track.Name + "-key " + strconv.FormatUint(row.Number, 10)
			if got, ok := listing[keys]; ok {
				if !same(got, row.Number, seg) || seg.Parts[0].Key <= 0 {
					t.Fatalf("%s is listed as %v", keys, got)
				}
				delete(listing, keys)
			} else if track.Kind == media.Video && i == w.Rows.Len()-1 {
				require.Zero(t, seg.Parts[0].Key, "the newest row has a key frame that is not listed")
			}
		}
	}
	for key, seg := range listing { // those that are open, and one more
		require.True(t, w.LowLatency && !w.Ended, "more is listed than the window has: %s", key)
		require.Greater(t, seg.number, newest, key)
		require.LessOrEqual(t, seg.number, newest+uint64(len(w.Open))+1, key)
		if strings.Contains(key, "-key ") {
			require.True(t, begun[key], "only a Period without a complete row lists key frames of what is open: %s", key)
		}
	}
	for _, p := range d.Periods {
		if !ids[p.ID] {
			require.Greater(t, p.Sets[0].segments()[0].number, newest, "a Period a run and anchor")
		}
		delete(ids, p.ID)
	}
	require.Empty(t, ids, "a Period a run and anchor")
}

func checkSet(t *rapid.T, w *media.Window, d document, p period, s set) {
	r := s.Representations[0]
	in := s.Template
	name := r.ID
	require.True(t, s.Aligned)
	require.Equal(t, strings.Replace(s.Content, "text", "application", 1)+"/mp4", r.MIME)
	if s.keys() {
		name = strings.TrimSuffix(r.ID, "-key")
		require.Equal(t, name+"/$Number$.key.m4s", in.Media)
		require.Equal(t, "http://dashif.org/guidelines/trickmode", s.Essential[0].Scheme)
		require.Equal(t, "false", r.Dependent)
		var main set
		for _, other := range p.Sets {
			if other.Representations[0].ID == name {
				main = other
			}
		}
		require.Equal(t, main.ID, s.Essential[0].Value)
		require.Equal(t, main.Template.Init, in.Init)
	} else {
		require.GreaterOrEqual(t, r.Bandwidth, w.Rates[r.ID].Peak)
		require.Equal(t, name+"/$Number$.m4s", in.Media)
	}
	// The offset is the Period's start, but for the anchor's shift, to the tick.
	offset := media.Ticks(in.Offset).Duration(uint32(in.Timescale))
	if !w.Ended {
		require.InDelta(t, float64(p.Start.Duration), float64(offset), 1.1e9, "offset of %s", r.ID)
	}
	var end int64
	for k, seg := range s.segments() {
		if k > 0 && end != seg.start {
			t.Fatalf("rule 26: hole or overlap before segment %d of %s", seg.number, r.ID)
		}
		end = seg.end
		if seg.start >= seg.end || seg.number >= 1<<53 || seg.end >= 1<<53 {
			t.Fatalf("rule 31: %v", seg)
		}
		if media.Ticks(seg.end-seg.start).Duration(uint32(in.Timescale)) > d.MaxSegment.Duration {
			t.Fatalf("%v is longer than any may be", seg)
		}
	}
}

// same tells whether what is listed is the segment.
func same(l listed, number uint64, seg *media.Segment) bool {
	return l == listed{number, int64(seg.Start), int64(seg.Start + seg.Duration)}
}
