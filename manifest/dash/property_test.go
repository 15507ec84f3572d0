package dash_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/dash"
	"weir/manifest/manifesttest"
)

// The numbers in the tests' messages are those of the project's conformance rules for DASH (ISO/IEC 23009-1 and DASH-IF's timing
// model).

// TestRules checks rules 24 to 28 and 31 over a channel's life.
func TestRules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		stays := make(map[string]string) // what must not change while it is listed
		var before document
		for _, w := range manifesttest.Draw(t) {
			doc, err := dash.MPD(w, manifest.Links{})
			require.NoError(t, err)
			d, err := parse(doc)
			require.NoError(t, err, "%s", doc)
			checkHead(t, w, d)
			checkSegments(t, w, d)
			for key, value := range fixed(d) {
				if was, ok := stays[key]; ok {
					require.Equal(t, was, value, "rule 24: %s changed", key)
				}
				stays[key] = value
			}
			if before.Periods != nil {
				checkUpdate(t, before, d)
			}
			before = d
		}
	})
}

func checkHead(t *rapid.T, w *media.Window, d document) {
	require.Equal(t, "dynamic", d.Type)
	require.Equal(t, "1970-01-01T00:00:00Z", d.Start, "rule 24")
	published, err := time.Parse(time.RFC3339Nano, d.Published)
	require.NoError(t, err)
	require.True(t, w.Published.Equal(published), "rule 25")
	require.Len(t, d.Clocks, 1, "rule 25")
	require.Equal(t, w.DVR, d.Depth.Duration, "rule 27")
	require.Positive(t, d.Update.Duration)
	require.Positive(t, d.Delay.Duration, "rule 28")
	require.LessOrEqual(t, d.Delay.Duration, max(w.DVR-w.Target, w.Target), "rule 28")
	require.GreaterOrEqual(t, d.MinBuffer.Duration, w.Segment, "rule 28")
}

// fixed are the parts of an MPD that must stay as they are, by where they stand.
func fixed(d document) map[string]string {
	all := make(map[string]string)
	for i, p := range d.Periods {
		all[p.ID] = fmt.Sprint(p.Start)
		if i < len(d.Periods)-1 {
			all[p.ID+" duration"] = fmt.Sprint(p.Duration)
		}
		for _, s := range p.Sets {
			in := s.Template
			all[p.ID+" "+s.ID] = fmt.Sprint(s.Content, s.Lang, s.Aligned, in.Timescale, in.Offset, in.Init, in.Media,
				s.Representations[0].ID, s.Representations[0].Codecs)
			all["id of "+s.Representations[0].ID] = s.ID
			for _, seg := range s.segments() {
				all[fmt.Sprint(s.ID, " segment ", seg.number)] = fmt.Sprint(p.ID, seg)
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

// checkSegments compares what is listed with the window, segment by segment.
func checkSegments(t *rapid.T, w *media.Window, d document) {
	segments := make(map[string]listed) // by track and number
	for i, p := range d.Periods {
		require.Equal(t, i == len(d.Periods)-1, p.Duration.Duration == 0, "all but the last have a duration")
		if i > 0 {
			was := d.Periods[i-1]
			require.LessOrEqual(t, was.Start.Duration+was.Duration.Duration, p.Start.Duration, "rule 26: Periods overlap")
		}
		for _, s := range p.Sets {
			r := s.Representations[0]
			in := s.Template
			require.True(t, s.Aligned)
			require.Equal(t, s.Content+"/mp4", r.MIME)
			require.GreaterOrEqual(t, r.Bandwidth, w.Rates[r.ID].Peak)
			require.Equal(t, r.ID+"/$Number$.m4s", in.Media)
			// The offset is the Period's start, to the tick.
			start := media.Ticks(in.Offset).Duration(uint32(in.Timescale))
			require.InDelta(t, float64(p.Start.Duration), float64(start), 1e9/float64(in.Timescale), "offset of %s", r.ID)
			var end int64
			for k, seg := range s.segments() {
				if k > 0 {
					require.Equal(t, end, seg.start, "rule 26: hole or overlap before segment %d of %s", seg.number, r.ID)
				}
				end = seg.end
				require.Less(t, seg.number, uint64(1)<<53, "rule 31")
				require.LessOrEqual(t, media.Ticks(seg.end-seg.start).Duration(uint32(in.Timescale)), d.MaxSegment.Duration)
				key := r.ID + " " + strconv.FormatUint(seg.number, 10)
				require.NotContains(t, segments, key)
				segments[key] = seg
			}
		}
	}
	ids := make(map[uint64]bool)
	for i := range w.Rows.Len() {
		row := w.Rows.At(i)
		ids[row.Run.ID] = true
		for column, track := range row.Run.Tracks {
			seg := row.Segments[column]
			key := track.Name + " " + strconv.FormatUint(row.Number, 10)
			if seg.Gap() {
				require.NotContains(t, segments, key)
				continue
			}
			require.Equal(t, listed{row.Number, int64(seg.Start), int64(seg.Start + seg.Duration)}, segments[key], key)
			delete(segments, key)
		}
	}
	require.Empty(t, segments, "more is listed than the window has")
	require.Len(t, d.Periods, len(ids), "a Period a run")
}
