package pipeline

import (
	"fmt"
	"hash/crc64"
	"strconv"
	"strings"
	"time"

	"weir/edge/window"
	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/dash"
	"weir/manifest/hls"
)

// failer is what *testing.T and *rapid.T have in common.
type failer interface {
	Fatalf(format string, args ...any)
	Helper()
}

// viewer reads all manifests of every state of a window.
type viewer struct {
	t   failer
	win *window.Window

	media map[string]facts  // of what was ever listed, by path
	inits map[string]string // likewise
	scale map[string]int64  // of inits

	told     map[string]map[uint64]entry // what playlists ever listed, by track and number
	ending   map[uint64]uint64           // discontinuity sequence number of every number ever listed
	newest   uint64                      // number behind the newest that was ever listed
	lists    map[string]playlist         // of the state before; empty where nothing was listed
	first    uint64                      // number that the listing began with when it had been empty
	emptied  bool                        // since the state before
	target   int                         // s, since the window was empty
	listings []listing

	mpd    mpd
	mpdRaw string
	dash   map[string]string        // what may not change, by what it is
	shifts map[string]time.Duration // by how much Periods are moved on the timeline
	states int

	polled   polled
	polls    int
	hints    int
	early    int             // sets that were available before their segments' ends
	begun    int             // segments that were listed in MPDs while they were made
	foretold map[string]span // segments while they were made, by what they are
	wrong    int             // polls in which one was not what was told before
	uneven   bool            // some chunks are longer or shorter than they should be
	late     uint64          // frames that came later than the one before them was said to last
	lacking  map[uint64]bool // segments that end in a gap, since the next one begins with such a frame
}

// listing is when a number was listed for the first time, and how long playlists with it were at most.
type listing struct {
	number  uint64
	at      time.Time
	longest time.Duration
}

func newViewer(t failer, w *window.Window) *viewer {
	return &viewer{
		t: t, win: w, media: map[string]facts{}, inits: map[string]string{}, scale: map[string]int64{},
		told: map[string]map[uint64]entry{}, ending: map[uint64]uint64{}, lists: map[string]playlist{}, dash: map[string]string{}, shifts: map[string]time.Duration{},
		foretold: map[string]span{}, lacking: map[uint64]bool{},
	}
}

// ordinary is the window as players see it that do not ask for low latency.
func ordinary(w *media.Window) *media.Window {
	plain := *w
	plain.Open, plain.LowLatency = nil, false
	return &plain
}

// see reads the ordinary manifests of the window as it is.
func (v *viewer) see(now time.Time) {
	v.t.Helper()
	w := ordinary(v.win.Snapshot())
	if w.Rows.Len() == 0 {
		v.lists, v.mpd, v.mpdRaw, v.target, v.emptied = map[string]playlist{}, mpd{}, "", 0, true
		return
	}
	v.states++
	text, err := hls.Multivariant(w, manifest.Links{})
	if err != nil {
		v.t.Fatalf("multivariant playlist: %v", err)
	}
	m, err := readMultivariant(string(text))
	if err != nil {
		v.t.Fatalf("multivariant playlist: %v in\n%s", err, text)
	}
	lists := map[string]playlist{}
	for _, track := range w.Tracks {
		text, err := hls.Media(w, track.Name, manifest.Links{}, hls.Whole)
		if err != nil {
			v.t.Fatalf("playlist of %s: %v", track.Name, err)
		}
		p, err := readPlaylist(string(text), nil)
		if err != nil {
			v.t.Fatalf("playlist of %s: %v in\n%s", track.Name, err, text)
		}
		lists[track.Name] = p
	}
	v.playlists(lists)
	v.multivariant(m, lists, w.Tracks)
	v.publish(lists, now)
	raw, err := dash.MPD(w, manifest.Links{})
	if err != nil {
		v.t.Fatalf("MPD: %v", err)
	}
	d, err := readMPD(raw)
	if err != nil {
		v.t.Fatalf("MPD: %v in\n%s", err, raw)
	}
	v.presentation(d, string(raw), lists, w.DVR)
	v.lists, v.mpd, v.mpdRaw, v.emptied = lists, d, string(raw), false
}

// publish notes when segments were listed for the first time.
func (v *viewer) publish(lists map[string]playlist, now time.Time) {
	for _, p := range lists {
		for n := max(v.newest, p.sequence); n < p.end(); n++ {
			v.listings = append(v.listings, listing{number: n, at: now})
		}
		for i := len(v.listings) - 1; i >= 0 && v.listings[i].number >= p.sequence; i-- {
			v.listings[i].longest = max(v.listings[i].longest, p.total())
		}
		v.newest = max(v.newest, p.end())
	}
}

// fetch gets a URL relative to the channel's folder, as the edge would answer it; nil: 404.
func (v *viewer) fetch(path string) []byte {
	track, file, _ := strings.Cut(path, "/")
	if version, ok := strings.CutPrefix(strings.TrimSuffix(file, ".mp4"), "init-"); ok {
		n, err := strconv.ParseUint(version, 10, 32)
		if err != nil {
			v.t.Fatalf("init segment %s: %v", path, err)
		}
		return v.win.Init(track, uint32(n))
	}
	n, err := strconv.ParseUint(strings.TrimSuffix(file, ".m4s"), 10, 64)
	if err != nil || n >= 1<<53 {
		v.t.Fatalf("rule 31: segment %s: %v", path, err)
	}
	s, _ := v.win.Segment(track, n)
	if s == nil {
		return nil
	}
	return s.Data
}

// header gets an init segment and gives its timescale: it is there, and is what it always was.
func (v *viewer) header(path string) int64 {
	v.t.Helper()
	data := v.fetch(path)
	was, known := v.inits[path]
	if data == nil || known && was != string(data) {
		v.t.Fatalf("rules 2, 27: init segment %s: %d bytes, %d before", path, len(data), len(was))
	}
	if !known {
		scale, err := readInit(data)
		if err != nil || scale <= 0 {
			v.t.Fatalf("init segment %s: timescale %d: %v", path, scale, err)
		}
		v.inits[path], v.scale[path] = string(data), scale
	}
	return v.scale[path]
}

// segment gets a listed segment: it is there, and is what it always was.
func (v *viewer) segment(path string, scale int64) facts {
	v.t.Helper()
	data := v.fetch(path)
	if len(data) == 0 {
		v.t.Fatalf("rule 27: %s is listed and cannot be fetched", path)
	}
	f, known := v.media[path]
	switch {
	case !known:
		var err error
		if f, err = readSegment(scale, data); err != nil {
			v.t.Fatalf("rule 5: %s: %v", path, err)
		}
		if f.end >= 1<<53 {
			v.t.Fatalf("rule 31: %s ends at %d", path, f.end)
		}
		v.media[path] = f
	case f.scale != scale || len(f.data) != len(data) || &f.data[0] != &data[0] && f.sum != crc64.Checksum(data, table):
		v.t.Fatalf("rule 2: the bytes of %s have changed", path)
	}
	return f
}

// finish looks at the bytes of all that was ever listed: nobody has written to them since.
func (v *viewer) finish() {
	v.t.Helper()
	for path, f := range v.media {
		if crc64.Checksum(f.data, table) != f.sum {
			v.t.Fatalf("rule 2: the bytes of %s were written to", path)
		}
	}
}

// multivariant holds a multivariant playlist against the media playlists that it names.
func (v *viewer) multivariant(m multivariant, lists map[string]playlist, tracks []media.Track) {
	v.t.Helper()
	named := map[string]bool{}
	for _, attributes := range append(m.renditions, m.variants...) {
		track, ok := strings.CutSuffix(attributes["URI"], "/index.m3u8")
		if _, there := lists[track]; !ok || !there {
			v.t.Fatalf("multivariant playlist names %q", attributes["URI"])
		}
		named[track] = true
	}
	for _, track := range tracks {
		p, plays, sync := lists[track.Name], false, true
		for _, e := range p.entries {
			if !e.gap {
				plays, sync = true, sync && v.media[path(track.Name, e)].sync
			}
		}
		if plays != named[track.Name] {
			v.t.Fatalf("%s has media: %v, the multivariant playlist names it: %v", track.Name, plays, named[track.Name])
		}
		if m.independent && plays && !sync {
			v.t.Fatalf("rule 6: the multivariant playlist claims independent segments, %s has others", track.Name)
		}
	}
}

func path(track string, e entry) string { return fmt.Sprintf("%s/%s", track, e.uri) }
