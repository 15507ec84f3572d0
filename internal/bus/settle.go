package bus

import (
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"
)

// What the stream says settles what the fast path brought. Its copy is skipped if it is the same media: a successor that makes the same chunks
// stores them as its own. What the stream has otherwise, or never gets, is counted and logged, and stays handed over: players have seen it.
//
// A writer whose lease has ended without its knowing sends nothing, but for what was on its way in that moment. Until its successor is heard of its
// epoch is the newest one, so that this may be taken; the stream takes it too, unless it has no leader. Then the successor goes on with the numbers that
// the stream has: its run is another, the rest of the stream counts, and its segments under numbers that were handed over are late.

// maxUnsettled is how many messages of a track may be ahead of the stream: some minutes.
const maxUnsettled = 1 << 10

// endIndex is the place of an end behind all chunks of its segment.
const endIndex = maxIndex + 1

// fastPath is what was taken from the fast path and what the stream has yet to say of it. The sink's lock guards it.
type fastPath struct {
	epoch  uint64 // newest that was taken; the stream may still bring messages of older ones
	tracks map[string]*fastTrack
	parts  assembly
}

// fastTrack is where a track stands, by what was handed over: chunk next of segment follows, or its end; or chunk 0 of the one behind it, where it has ended.
type fastTrack struct {
	known     bool // that it stands there
	run       uint64
	segment   uint64
	next      int
	ended     bool
	unsettled []taken // in the order of the track
	differed  uint64  // segment that was logged last
	parts     taken   // what the stream has had of the first of unsettled, where it was split
}

// taken is what has to be found in the stream.
type taken struct {
	segment uint64
	index   int    // of the chunk, or endIndex
	header  uint32 // checksum
	size    int
	sum     uint32 // of the data
	unsure  bool   // the stream had handed over some of it before
}

func (a taken) compare(segment uint64, index int) int {
	return cmp.Or(cmp.Compare(a.segment, segment), cmp.Compare(a.index, index))
}

// place is where a message is in its track.
func (a address) place() (segment uint64, index int) {
	if a.End {
		return a.Segment, endIndex
	}
	return a.Segment, a.Chunk
}

// awaits tells whether that is what comes next.
func (t *fastTrack) awaits(a address) bool {
	if t.ended {
		return !a.End && a.Segment == t.segment+1 && a.Chunk == 0
	}
	return a.Segment == t.segment && (a.End || a.Chunk == t.next)
}

// headerSum is the checksum of what a header says of the media: not who has written it, nor when.
func headerSum(m *message) uint32 {
	b := make([]byte, 0, 80)
	for _, v := range []uint64{
		m.Run, uint64(m.Start), uint64(m.Duration), uint64(m.Timescale), uint64(m.Init), uint64(m.Key), uint64(m.Chunks), uint64(m.Bytes), uint64(m.Checksum),
	} {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	if m.Independent {
		b = append(b, 1)
	}
	return crc32.Checksum(b, castagnoli)
}

// taken notes that m was handed over, with data in place of its own.
func (f *fastPath) taken(t *fastTrack, m *message, data []byte, unsure bool) {
	f.epoch = max(f.epoch, m.Epoch)
	segment, index := m.place()
	t.unsettled = append(t.unsettled, taken{segment, index, headerSum(m), len(data), crc32.Checksum(data, castagnoli), unsure})
	t.move(m)
}

// move puts the track behind m.
func (t *fastTrack) move(m *message) {
	t.known, t.run, t.segment, t.ended = true, m.Run, m.Segment, m.End
	if !m.End {
		t.next = m.address.Chunk + 1
	}
}

// moved notes that m came from the stream and was handed over.
func (f *fastPath) moved(m *message) {
	t := f.tracks[m.Track]
	if t == nil {
		if f.tracks == nil {
			f.tracks = map[string]*fastTrack{}
		}
		t = &fastTrack{}
		f.tracks[strings.Clone(m.Track)] = t
	}
	if t.known && m.Run == t.run && len(t.unsettled) > 0 {
		return // it is not before what was taken, and is no more than repeated
	}
	t.move(m)
	f.parts.drop(m.Track, m.Segment)
}

// settle tells whether a message of the stream has been handed over before, and compares it.
func (s *sink) settle(m *message) bool {
	t := s.fast.tracks[m.Track]
	if t == nil || len(t.unsettled) == 0 {
		return false
	}
	if m.Run != t.run {
		s.differs(t, m, len(t.unsettled), "another writer went on from what the stream had")
		t.unsettled, t.parts, t.known = nil, taken{}, false
		return false
	}
	segment, index := m.place()
	lost := 0
	for lost < len(t.unsettled) && t.unsettled[lost].compare(segment, index) < 0 {
		lost++
	}
	if lost > 0 {
		s.differs(t, m, lost, "the stream never got it")
		t.unsettled, t.parts = slices.Delete(t.unsettled, 0, lost), taken{}
	}
	if len(t.unsettled) == 0 || t.unsettled[0].compare(segment, index) > 0 {
		return false
	}
	want, have := &t.unsettled[0], &t.parts
	have.sum = crc32.Update(have.sum, castagnoli, m.Data)
	have.size += len(m.Data)
	if m.Part >= 0 && m.Part+1 < m.Parts {
		return true
	}
	if !want.unsure && (have.size != want.size || have.sum != want.sum || headerSum(m) != want.header) {
		s.differs(t, m, 1, "the stream has another under its number")
	} else {
		s.counters.settled.Add(1)
	}
	t.unsettled, *have = slices.Delete(t.unsettled, 0, 1), taken{}
	return true
}

// differs counts what the stream does not have as it was handed over, and logs it once a segment.
func (s *sink) differs(t *fastTrack, m *message, n int, why string) {
	s.counters.unsettled.Add(int64(n))
	first := t.unsettled[0].segment
	if t.differed == first+1 {
		return
	}
	t.differed = first + 1
	s.log.Warn("bus: what the fast path brought is not in the stream: players have seen it, and others will not", "track", m.Track, "segment", first,
		"messages", n, "reason", why)
}
