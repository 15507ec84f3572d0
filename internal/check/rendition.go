package check

import (
	"crypto/sha256"
	"sync"
	"time"

	"weir/internal/check/playlist"
)

// rendition is one media playlist that is followed. follow owns what is not under mu.
type rendition struct {
	h               *hls
	url             string
	iframes         bool
	mainIndependent bool // the multivariant playlist says EXT-X-INDEPENDENT-SEGMENTS

	last     *playlist.Playlist // the whole, delta updates applied
	lastAt   time.Time          // when it had come
	newest   time.Time          // when the newest segment was first seen
	newPart  time.Time          // when the newest part was first seen
	removed  bool               // segments have left
	marked   bool               // there was a discontinuity, or a count of them
	reloads  int
	enqueued map[uint64]bool
	since    uint64 // number behind the last listing
	kept     int    // segments whose parts are asked for again
	jobs     chan job
	tasks    sync.WaitGroup // goroutines of its own

	mu      sync.Mutex
	kind    string // video, audio, subtitles or ""
	segs    map[uint64]*listed
	states  []state
	longest time.Duration                // of all listings
	parts   map[string]listedPart        // by key
	misses  []miss                       // hints that did not come true, to be judged at the end
	inits   map[string]*header           // by URL and range; nil: it could not be read
	ranges  map[string]daterange         // by ID
	tried   map[string]bool              // what is tried once only
	holding int                          // hinted parts that are asked for
	ended   bool                         // EXT-X-ENDLIST has come
	bytes   map[string][sha256.Size]byte // of parts, by key
	again   int                          // segments that were fetched again
}

// listed is a segment that was listed.
type listed struct {
	number   uint64
	url      string
	at       place
	rng      *playlist.Range
	duration time.Duration
	disc     uint64    // discontinuity sequence number
	begins   bool      // a discontinuity is before it
	date     time.Time // as told, or reckoned from one before it; zero: none
	told     bool      // EXT-X-PROGRAM-DATE-TIME stands at it
	gap      bool
	mapKey   string
	mapOf    *playlist.Map
	key      string
	first    time.Time // when it was first seen
	fresh    bool      // it came while the playlist was followed
	left     bool
	parts    []playlist.Part
	facts    *facts
}

// listedPart is where and when a part was first listed.
type listedPart struct {
	at      time.Time
	segment uint64
}

// miss is a hint that did not come true: another part came.
type miss struct {
	at            place
	hinted, came  string // URLs
	segment, open uint64 // of the part that came, and that was open before
}

// state is what a playlist listed at a moment.
type state struct {
	at      time.Time
	next    uint64 // number behind the last segment
	parts   int    // of the open one
	low     bool   // it has parts
	reports []reported
}

// reported is a rendition report.
type reported struct {
	at   place
	url  string
	msn  uint64
	part int64 // < 0: none
}

// daterange is an EXT-X-DATERANGE that was listed.
type daterange struct {
	start, seen time.Time
	text        string
}

func newRendition(h *hls, url, kind string, iframes bool) *rendition {
	return &rendition{
		h: h, url: url, kind: kind, iframes: iframes,
		enqueued: map[uint64]bool{}, jobs: make(chan job, 64),
		segs: map[uint64]*listed{}, parts: map[string]listedPart{}, inits: map[string]*header{}, ranges: map[string]daterange{},
		tried: map[string]bool{}, bytes: map[string][sha256.Size]byte{},
	}
}

func (r *rendition) at(line int) place { return place{r.url, line} }

// once tells whether something is tried for the first time.
func (r *rendition) once(what string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	was := r.tried[what]
	r.tried[what] = true
	return !was
}

// encrypted tells that a segment as a whole cannot be read without a key.
func (l *listed) encrypted() bool { return l.key != "" && !contains(l.key, "METHOD=NONE") }

// rangeKey tells byte ranges of one resource apart.
func rangeKey(url string, x *playlist.Range) string {
	if x == nil {
		return url
	}
	return url + "@" + itoa(x.Offset)
}

// lowLatency tells that a playlist has parts.
func lowLatency(p *playlist.Playlist) bool { return p.PartTarget > 0 }

// hint is the hint of a type in a playlist; nil: none.
func hintOf(p *playlist.Playlist, kind string) *playlist.Hint {
	for i := range p.Hints {
		if p.Hints[i].Type == kind {
			return &p.Hints[i]
		}
	}
	return nil
}
