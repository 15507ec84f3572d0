package check

import (
	"crypto/sha256"
	"slices"

	"weir/internal/check/mp4"
)

// facts are what a fetched segment was found to be.
type facts struct {
	hash      [sha256.Size]byte
	size      int
	parsed    bool // what follows counts
	video     bool
	timescale uint32
	decode    uint64 // of the first sample
	end       uint64 // decode time behind the last
	earliest  int64  // presentation
	frame     uint64 // longest sample
	shift     int64  // of the edit list
	unseen    int64  // how much of it lies before what is presented
	init      string // URL of the init segment
}

// seconds are ticks of the segment's timescale.
func (f *facts) seconds(ticks int64) float64 { return float64(ticks) / float64(f.timescale) }

// start is the earliest presentation time, in seconds.
func (f *facts) start() float64 { return f.seconds(f.earliest) }

// length is how long the segment's samples are, in seconds, of what is presented.
func (f *facts) length() float64 { return f.seconds(int64(f.end-f.decode) - f.unseen) }

// clip takes off what is presented before zero, where an edit list has something there (ISO/IEC 14496-12, 8.6.6): an encoder's priming.
func (f *facts) clip(zero int64) {
	if before := zero - f.earliest; f.shift > 0 && before > 0 && before < int64(f.end-f.decode)-f.unseen {
		f.unseen, f.earliest = f.unseen+before, zero
	}
}

// frameTime is how long the longest sample is, in seconds.
func (f *facts) frameTime() float64 { return f.seconds(int64(f.frame)) }

// header is an init segment that was fetched.
type header struct {
	url  string
	hash [sha256.Size]byte
	mp4  *mp4.Init
}

// cmaf tells that the init segment says to be CMAF: then rule 32 is a must.
func (h *header) cmaf() bool { return h.mp4.Has("cmfc") || h.mp4.Has("cmf2") }

// inspectInit looks at an init segment (rule 32).
func (s *session) inspectInit(a *answer) *header {
	in, err := mp4.ParseInit(a.body)
	if err != nil {
		s.fail(ruleContainer, place{url: a.url}, "the init segment: %v", err)
		return nil
	}
	h := &header{a.url, sha256.Sum256(a.body), in}
	s.shape(h, len(in.Tracks) == 1, place{url: a.url}, "the init segment has %d tracks", len(in.Tracks))
	return h
}

// shape is expect for what only CMAF wants: for others it is a warning.
func (s *session) shape(h *header, kept bool, at place, format string, args ...any) {
	switch {
	case kept:
		s.ok(ruleContainer)
	case h.cmaf():
		s.fail(ruleContainer, at, format, args...)
	default:
		s.warn(ruleContainer, at, format, args...)
	}
}

// boxesOf are the boxes that may stand on top of a CMAF segment (7.3.2.3).
var boxesOf = []string{"styp", "sidx", "prft", "emsg", "moof", "mdat", "free", "skip"}

// inspect looks at the boxes of a segment or a part (rules 5, 31 and 32). ok is false where they cannot be read.
func (s *session) inspect(data []byte, h *header, at place) (f facts, seg *mp4.Segment, ok bool) {
	f = facts{hash: sha256.Sum256(data), size: len(data), init: h.url}
	seg, err := mp4.ParseSegment(data, h.mp4)
	if err != nil {
		s.fail(ruleContainer, at, "%v", err)
		return f, nil, false
	}
	s.expect(len(seg.Chunks) > 0, ruleContainer, at, "there is no moof in it")
	for _, b := range seg.Boxes {
		if !slices.Contains(boxesOf, b.Type) {
			s.warn(ruleContainer, at, "there is a box %q in it", b.Type)
		}
	}
	next := map[uint32]uint64{}
	for i := range seg.Chunks {
		c := &seg.Chunks[i]
		s.expect(c.Mdat.Size > 0, ruleContainer, at, "no mdat follows the moof at %d", c.Moof.Offset)
		s.shape(h, len(c.Fragments) == 1, at, "the moof at %d has %d tracks", c.Moof.Offset, len(c.Fragments))
		for n := range c.Fragments {
			s.fragment(c, &c.Fragments[n], h, next, at)
		}
	}
	lead := leading(seg, h.mp4)
	if lead == nil || len(seg.Chunks) == 0 {
		return f, seg, false
	}
	f.parsed, f.video, f.timescale = true, lead.Video(), lead.Timescale
	f.measure(seg, lead)
	return f, seg, f.parsed
}

// fragment looks at the samples of one track in a chunk. next is where each track went on.
func (s *session) fragment(c *mp4.Chunk, t *mp4.Fragment, h *header, next map[uint32]uint64, at place) {
	s.expect(t.Timed, ruleContainer, at, "the moof at %d has no tfdt", c.Moof.Offset)
	s.shape(h, t.Relative, at, "the samples of the moof at %d do not lie relative to it", c.Moof.Offset)
	if t.Relative && c.Mdat.Size > 0 {
		from, to := c.Mdat.Offset+8, c.Mdat.Offset+c.Mdat.Size
		for i := range t.Samples {
			if x := t.Samples[i]; x.Size > 0 && (x.Offset < from || x.Offset+x.Size > to) {
				s.fail(ruleContainer, at, "sample %d of the moof at %d lies outside of its mdat", i, c.Moof.Offset)
				break
			}
		}
	}
	if was, known := next[t.Track.ID]; known && t.Timed {
		s.expect(was == t.Decode, ruleDurations, at, "the chunk at %d begins at %d, the one before it ends at %d", c.Moof.Offset, t.Decode, was)
	}
	next[t.Track.ID] = t.Decode + t.Duration()
	s.expect(t.Decode < 1<<53, ruleNumbers, at, "tfdt is %d", t.Decode)
}

// leading is the track that tells a segment's time: the first video track in it, else the first of all.
func leading(seg *mp4.Segment, in *mp4.Init) *mp4.Track {
	var first *mp4.Track
	for i := range seg.Chunks {
		for n := range seg.Chunks[i].Fragments {
			t := seg.Chunks[i].Fragments[n].Track
			if t.Video() {
				return t
			}
			if first == nil {
				first = t
			}
		}
	}
	return first
}

// measure finds when the samples of the lead track begin and end.
func (f *facts) measure(seg *mp4.Segment, lead *mp4.Track) {
	f.parsed, f.shift = false, lead.Shift
	for i := range seg.Chunks {
		for n := range seg.Chunks[i].Fragments {
			t := &seg.Chunks[i].Fragments[n]
			if t.Track != lead || len(t.Samples) == 0 {
				continue
			}
			if !t.Timed {
				f.parsed = false
				return
			}
			if !f.parsed {
				f.decode, f.earliest, f.parsed = t.Decode, t.Earliest(), true
			}
			f.earliest = min(f.earliest, t.Earliest())
			f.end = t.Decode + t.Duration()
			for k := range t.Samples {
				f.frame = max(f.frame, uint64(t.Samples[k].Duration))
			}
		}
	}
	if f.parsed = f.parsed && f.end > f.decode; f.parsed {
		f.clip(0)
	}
}

// opening is the first sample of the first video track of a segment; nil where there is none.
func opening(seg *mp4.Segment) (*mp4.Track, *mp4.Sample) {
	for i := range seg.Chunks {
		for n := range seg.Chunks[i].Fragments {
			if t := &seg.Chunks[i].Fragments[n]; t.Track.Video() && len(t.Samples) > 0 {
				return t.Track, &t.Samples[0]
			}
		}
	}
	return nil, nil
}

// independent checks that video begins with a sync sample (rule 6, 11).
func (s *session) independent(rule int, seg *mp4.Segment, data []byte, at place) {
	t, first := opening(seg)
	if t == nil {
		return
	}
	sync, known := t.Independent(data, *first)
	switch {
	case !first.Sync:
		s.fail(rule, at, "the first sample is not a sync sample, as its flags say")
	case known && !sync:
		s.fail(rule, at, "the first sample is called a sync sample, but has no IDR picture")
	default:
		s.ok(rule)
	}
}
