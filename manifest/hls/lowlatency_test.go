package hls_test

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"weir/internal/media"
	"weir/manifest/hls"
)

// checkLive checks what rules 15 to 18, 20 and 21 say of one playlist.
func checkLive(t *rapid.T, w *media.Window, name string, p playlist) {
	track, keys := strings.CutSuffix(name, iframes)
	if w.Ended {
		require.Nil(t, p.control, "rule 12")
		require.Equal(t, []int{-1, 0, 0, 0}, []int{int(p.partTarget), len(p.open.parts), len(p.hints), len(p.reports)}, "rule 12")
		return
	}
	require.Equal(t, "YES", p.control["CAN-BLOCK-RELOAD"], "rule 15")
	require.GreaterOrEqual(t, millis(t, p.control["HOLD-BACK"]), 3000*p.target, "rule 15")
	require.GreaterOrEqual(t, millis(t, p.control["CAN-SKIP-UNTIL"]), 6000*p.target, "rule 15")
	if !w.LowLatency || keys {
		require.EqualValues(t, -1, p.partTarget)
	}
	if p.partTarget >= 0 {
		require.GreaterOrEqual(t, millis(t, p.control["PART-HOLD-BACK"]), 3*int(p.partTarget), "rule 15")
		require.LessOrEqual(t, len(p.hints), 1, "rule 20")
	} else {
		require.Empty(t, p.open.parts)
		require.Empty(t, p.hints)
	}
	for _, h := range p.hints {
		require.Equal(t, "PART", h["TYPE"], "rule 20")
		next, border := fmt.Sprintf("%d.%d.m4s", p.next(), len(p.open.parts)), fmt.Sprintf("%d.0.m4s", p.next()+1)
		require.Contains(t, []string{next, border}, h["URI"], "rule 20")
	}
	distance := int64(0) // from the end of the last closed segment to the end of the segment
	for i := len(p.segments) - 1; i >= 0; i-- {
		s := p.segments[i]
		checkParts(t, p, s)
		if distance >= int64(3000*p.target) {
			require.Empty(t, s.parts, "rule 17: segment %d", s.number)
		}
		sum := int64(0)
		for _, one := range s.parts {
			sum += one.millis
			require.Equal(t, s.gap, one.gap, "rule 14")
		}
		if len(s.parts) > 0 {
			require.Equal(t, s.millis, sum, "parts of segment %d add up", s.number)
		}
		distance += s.millis
	}
	checkParts(t, p, p.open)
	checkReports(t, w, name, p)
	if !keys {
		checkEdge(t, w, track, p)
	}
}

// checkParts checks rule 16 of one segment.
func checkParts(t *rapid.T, p playlist, s segment) {
	for k, one := range s.parts {
		require.Equal(t, fmt.Sprintf("%d.%d.m4s", s.number, k), one.uri)
		require.LessOrEqual(t, one.millis, p.partTarget, "rule 16: part %d of segment %d", k, s.number)
		if k < len(s.parts)-1 && !one.independent && !one.gap {
			require.GreaterOrEqual(t, one.millis*100, p.partTarget*85, "rule 16: part %d of segment %d", k, s.number)
		}
	}
}

// checkReports checks rule 21 by what the other playlists say.
func checkReports(t *rapid.T, w *media.Window, name string, p playlist) {
	if !w.LowLatency {
		require.Empty(t, p.reports)
		return
	}
	want := make(map[string]map[string]string)
	for other, doc := range render(t, w, hls.Whole) {
		if other == name {
			continue
		}
		is, err := parsePlaylist(doc)
		require.NoError(t, err)
		uri := "../" + other + "/index.m3u8"
		if is.iframes {
			uri = "../" + other + ".m3u8"
		}
		report := map[string]string{"URI": uri, "LAST-MSN": strconv.FormatUint(is.next()-1, 10)}
		if n := len(is.open.parts); n > 0 {
			report["LAST-MSN"], report["LAST-PART"] = strconv.FormatUint(is.next(), 10), strconv.Itoa(n-1)
		} else if n := len(is.segments[len(is.segments)-1].parts); n > 0 {
			report["LAST-PART"] = strconv.Itoa(n - 1)
		}
		want[uri] = report
	}
	got := make(map[string]map[string]string)
	for _, r := range p.reports {
		got[r["URI"]] = r
	}
	require.Equal(t, len(want), len(p.reports), "rule 21")
	require.Equal(t, want, got, "rule 21")
}

// checkEdge compares what blocking reloads go by with the text of the playlist (rule 18).
func checkEdge(t *rapid.T, w *media.Window, track string, p playlist) {
	edge, ok := hls.Last(w, track)
	require.True(t, ok)
	last := p.segments[len(p.segments)-1]
	require.Equal(t, []uint64{last.number, uint64(len(p.open.parts))}, []uint64{edge.MSN, uint64(edge.Open)})
	contains := func(msn uint64, n int) bool { // the playlist has part n of msn
		switch {
		case msn < last.number:
			return true
		case msn == last.number:
			return len(last.parts) == 0 || n < len(last.parts)
		}
		return msn == last.number+1 && n < len(p.open.parts)
	}
	for msn := max(last.number, 2) - 2; msn < last.number+4; msn++ {
		require.Equal(t, msn <= last.number, edge.Has(msn, -1))
		for n := range len(last.parts) + len(p.open.parts) + 3 {
			want := contains(msn, n)
			if msn == last.number && len(last.parts) > 0 && n >= len(last.parts) {
				want = contains(msn+1, 0)
			}
			require.Equal(t, want, edge.Has(msn, n), "segment %d, part %d of %d, open %d", msn, n, len(last.parts), len(p.open.parts))
			if want {
				require.False(t, edge.TooFar(msn, min(n, len(last.parts))))
			}
		}
		require.Equal(t, msn > last.number+2, edge.TooFar(msn, -1))
	}
	if p.partTarget > 0 {
		limit := 3.0
		if p.partTarget < 1000 {
			limit = 3000 / float64(p.partTarget)
		}
		newest := len(p.open.parts) - 1
		require.False(t, edge.TooFar(last.number+1, newest+int(math.Floor(limit))))
		require.True(t, edge.TooFar(last.number+1, newest+int(math.Floor(limit))+1))
		require.True(t, edge.TooFar(last.number+1, math.MaxInt))
	}
}

// checkDeltas checks rule 19: with what a player had before, a delta update says what the full playlist says.
func checkDeltas(t *rapid.T, w *media.Window, before, lists map[string]playlist) {
	for name, doc := range render(t, w, hls.Skip) {
		delta, err := parsePlaylist(doc)
		require.NoError(t, err, "%s", doc)
		full := lists[name]
		if delta.skipped == 0 {
			require.Equal(t, full, delta, "rule 19: %s", name)
		} else {
			require.Equal(t, 9, delta.version, "rule 12")
			require.False(t, w.Ended, "rule 19")
			kept, millis := full.segments[delta.skipped:], int64(0)
			for _, s := range kept {
				millis += s.millis
			}
			require.Greater(t, millis, int64(6000*full.target), "rule 19: the newest that was skipped is before the skip boundary")
			millis -= kept[0].millis
			require.LessOrEqual(t, millis, int64(6000*full.target), "rule 19: the oldest that was not is not")
		}
		had, ok := before[name]
		if !ok {
			continue
		}
		if delta.skipped > 0 && int(delta.sequence-had.sequence)+delta.skipped > len(had.segments) {
			continue // the player was away for too long
		}
		got, err := merge(had, delta)
		require.NoError(t, err)
		got.version = full.version
		for i := range got.segments {
			if i < delta.skipped {
				got.segments[i].parts = nil
			}
			if i == delta.skipped && i > 0 { // a delta update says again what is in force
				require.Equal(t, full.segments[i].initURI != "", got.segments[i].ownMap, "%s, segment %d", name, full.segments[i].number)
			}
			if i == 0 || i == delta.skipped { // in the full playlist it is said at the head
				got.segments[i].ownMap = full.segments[i].ownMap
			}
		}
		require.Equal(t, full, got, "rule 19: %s", name)
	}
}

func millis(t *rapid.T, seconds string) int {
	ms, err := parseMillis(seconds)
	require.NoError(t, err)
	return int(ms)
}
