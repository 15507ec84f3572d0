package pipeline

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/hls"
)

// polled is what a player of low-latency playlists has from the last time that it asked.
type polled struct {
	lists map[string]playlist
	parts map[string][]byte // by path: those of segments that were not closed then

	published, mpd string
}

// poll reads the low-latency playlists of the window as it is, which may be in the middle of a row.
func (v *viewer) poll() {
	v.t.Helper()
	w := v.win.Snapshot()
	if w.Rows.Len() == 0 {
		v.polled = polled{}
		return
	}
	v.polls++
	v.pollMPD(w)
	is := polled{map[string]playlist{}, map[string][]byte{}, v.polled.published, v.polled.mpd}
	for _, track := range w.Tracks {
		p := v.read(w, track.Name)
		v.delta(w, track.Name, p)
		is.lists[track.Name] = p
	}
	for _, track := range slices.Sorted(maps.Keys(is.lists)) {
		p := is.lists[track]
		v.control(track, p, w.LowLatency)
		if first := is.lists[w.Tracks[0].Name]; !maps.Equal(first.early.control, p.early.control) {
			v.t.Fatalf("rule 7: %s has %v, %s has %v", track, p.early.control, w.Tracks[0].Name, first.early.control)
		}
		v.appends(track, p)
		v.pieces(track, p, is.parts)
		v.hint(track, p)
		v.reports(track, is.lists, w)
		if e, ok := hls.Last(w, track); !ok || e.MSN != p.end()-1 || e.Open != len(p.early.open) {
			v.t.Fatalf("rule 18: reloads of %s wait for what is behind %+v, listed are %d and %d parts", track, e, p.end()-1, len(p.early.open))
		}
	}
	v.polled = is
}

func (v *viewer) read(w *media.Window, track string) playlist {
	v.t.Helper()
	text, err := hls.Media(w, track, manifest.Links{}, hls.Whole)
	if err != nil {
		v.t.Fatalf("playlist of %s: %v", track, err)
	}
	p, err := readPlaylist(string(text), nil)
	if err != nil {
		v.t.Fatalf("playlist of %s: %v in\n%s", track, err, text)
	}
	return p
}

// delta holds a delta update, put together with what a player has, against the full playlist (rule 19).
func (v *viewer) delta(w *media.Window, track string, full playlist) {
	v.t.Helper()
	full.entries, full.early.parts = slices.Clone(full.entries), slices.Clone(full.early.parts)
	text, err := hls.Media(w, track, manifest.Links{}, hls.Skip)
	if err != nil {
		v.t.Fatalf("delta of %s: %v", track, err)
	}
	base := full
	if had, ok := v.polled.lists[track]; ok && had.end()+2 >= full.end() { // it is not too old for an update
		base = had
	}
	p, err := readPlaylist(string(text), &base)
	if err != nil {
		v.t.Fatalf("rule 19: delta of %s: %v in\n%s", track, err, text)
	}
	until, err := micros(full.early.control["CAN-SKIP-UNTIL"])
	if err != nil {
		v.t.Fatalf("rule 15: %s: CAN-SKIP-UNTIL: %v", track, err)
	}
	newer, old := int64(0), 0 // how many segments end so far from the end
	for i := len(full.entries) - 1; i >= 0; i-- {
		if newer >= until {
			old++
		}
		newer += full.entries[i].micros
	}
	if p.early.skipped < old-1 || p.early.skipped > old {
		v.t.Fatalf("rule 19: %d of %d segments of %s are skipped, %d are so old", p.early.skipped, len(full.entries), track, old)
	}
	for i := range p.early.skipped {
		full.early.parts[i] = nil
	}
	p.early.skipped = 0
	for _, entries := range [][]entry{p.entries, full.entries} { // a gap needs no init segment, though one may be in force
		for i := range entries {
			if entries[i].gap {
				entries[i].init = ""
			}
		}
	}
	if !reflect.DeepEqual(p, full) {
		v.t.Fatalf("rule 19: the delta of %s makes\n%+v, not\n%+v", track, p, full)
	}
}

// control checks EXT-X-SERVER-CONTROL and EXT-X-PART-INF (rules 7, 15).
func (v *viewer) control(track string, p playlist, parts bool) {
	v.t.Helper()
	is := func(name string) int64 {
		if p.early.control[name] == "" {
			return 0
		}
		n, err := micros(p.early.control[name])
		if err != nil {
			v.t.Fatalf("rule 15: %s: %s: %v", track, name, err)
		}
		return n
	}
	target := int64(p.target) * 1_000_000
	if p.early.control["CAN-BLOCK-RELOAD"] != "YES" || is("HOLD-BACK") < 3*target || is("CAN-SKIP-UNTIL") < 6*target {
		v.t.Fatalf("rule 15: %s has %v, target duration %d s", track, p.early.control, p.target)
	}
	listed := len(p.early.open) > 0 || len(p.early.hints) > 0
	for _, parts := range p.early.parts {
		listed = listed || len(parts) > 0
	}
	if (is("PART-HOLD-BACK") > 0) != parts || is("PART-HOLD-BACK") < 3*p.early.target || listed && p.early.target == 0 || p.early.target > 0 && !parts {
		v.t.Fatalf("rule 15: %s has %v, PART-TARGET %d µs; has parts: %v", track, p.early.control, p.early.target, listed)
	}
}

// appends compares a playlist with the one before (rule 2): numbers, dates and parts only came behind what was there.
func (v *viewer) appends(track string, is playlist) {
	v.t.Helper()
	told := v.told[track]
	if told == nil {
		told = map[uint64]entry{}
		v.told[track] = told
	}
	for _, e := range is.entries {
		if e.gap {
			e.init = ""
		}
		if was, known := told[e.number]; known && was != e {
			v.t.Fatalf("rule 2: %s %d was\n%+v, is\n%+v", track, e.number, was, e)
		}
		told[e.number] = e
	}
	was, ok := v.polled.lists[track]
	if !ok {
		return
	}
	if is.sequence < was.sequence || is.end() < was.end() || is.end() == was.end() && len(is.early.open) < len(was.early.open) {
		v.t.Fatalf("rule 2: %s lists %d to %d and %d parts after %d to %d and %d parts", track, is.sequence, is.end()-1, len(is.early.open),
			was.sequence, was.end()-1, len(was.early.open))
	}
	at := func(p playlist, number uint64) []piece {
		switch {
		case number == p.end():
			return p.early.open
		case number < p.sequence || number > p.end():
			return nil
		}
		return p.early.parts[number-p.sequence]
	}
	for number := max(is.sequence, was.sequence); number <= was.end(); number++ {
		before, now := at(was, number), at(is, number)
		closed := number < was.end()
		if len(before) == 0 || len(now) == 0 && number < is.end() { // it is too old for parts by now
			continue
		}
		if len(now) < len(before) || closed && len(now) != len(before) || !slices.Equal(now[:len(before)], before) {
			v.t.Fatalf("rule 2: parts of %s %d were\n%+v, are\n%+v", track, number, before, now)
		}
	}
}

// hint checks that what was hinted has come or never will, and that what is hinted is what comes next (rule 20).
func (v *viewer) hint(track string, is playlist) {
	v.t.Helper()
	if len(is.early.hints) > 1 {
		v.t.Fatalf("rule 20: %s hints at %v", track, is.early.hints)
	}
	for _, h := range is.early.hints {
		next, border := fmt.Sprintf("%d.%d.m4s", is.end(), len(is.early.open)), fmt.Sprintf("%d.0.m4s", is.end()+1)
		if h["TYPE"] != "PART" || h["URI"] != next && h["URI"] != border || h["BYTERANGE-START"] != "" {
			v.t.Fatalf("rule 20: %s hints at %v, not %s, nor at a new segment", track, h, next)
		}
		n, k, _ := place(h["URI"])
		if v.win.Part(track, n, k) != nil && len(is.early.open) > 0 {
			v.t.Fatalf("rule 20: %s hints at %s, which is there", track, h["URI"])
		}
	}
	if len(is.early.hints) == 1 {
		v.hints++
	}
	for _, h := range v.polled.lists[track].early.hints {
		n, k, _ := place(h["URI"])
		switch {
		case n == is.end()+1 && k == 0: // a border was expected, and still may come
		case n > is.end() || n == is.end() && k > len(is.early.open):
			v.t.Fatalf("rule 20: %s was hinted at %s, now %d and %d parts are listed", track, h["URI"], is.end()-1, len(is.early.open))
		case n < is.end() && n >= is.sequence && !is.entries[n-is.sequence].gap:
			if s, _ := v.win.Segment(track, n); s == nil || len(s.Parts) < k {
				v.t.Fatalf("rule 20: %s was hinted at %s, its segment has fewer parts", track, h["URI"])
			}
		}
	}
}

// reports checks what a playlist says of the others (rule 21).
func (v *viewer) reports(track string, lists map[string]playlist, w *media.Window) {
	v.t.Helper()
	seen := map[string]bool{}
	for _, r := range lists[track].early.reports {
		uri := r["URI"]
		if seen[uri] || !strings.HasPrefix(uri, "../") {
			v.t.Fatalf("rule 21: %s reports %v", track, r)
		}
		seen[uri] = true
		other, isMedia := strings.CutSuffix(uri[3:], "/index.m3u8")
		msn, part := w.Rows.At(w.Rows.Len()-1).Number, -1 // an I-frame playlist has whole rows
		if p, there := lists[other]; isMedia && there {
			msn, part = p.end()-1, len(p.early.parts[len(p.entries)-1])-1
			if len(p.early.open) > 0 {
				msn, part = p.end(), len(p.early.open)-1
			}
		} else if _, there := lists[strings.TrimSuffix(uri[3:], "/iframes.m3u8")]; !there {
			v.t.Fatalf("rule 21: %s reports %v", track, r)
		}
		wantPart := ""
		if part >= 0 {
			wantPart = strconv.Itoa(part)
		}
		if r["LAST-MSN"] != strconv.FormatUint(msn, 10) || r["LAST-PART"] != wantPart {
			v.t.Fatalf("rule 21: %s reports %v, not %d and %q", track, r, msn, wantPart)
		}
	}
	for other := range lists {
		if other != track && w.LowLatency && !seen["../"+other+"/index.m3u8"] {
			v.t.Fatalf("rule 21: %s reports nothing of %s", track, other)
		}
	}
}
