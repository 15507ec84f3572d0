package bus

import (
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"
)

// What the stream says settles what the fast path brought. Its copy is skipped if it is the same media: a successor that makes the same chunks
// stores them as its own. What the stream has otherwise, or never gets, is taken back (Handler.Retract), with all that was taken of the track behind it, and
// what the stream has is handed over in its place: so that all who listen end with the same, whatever any of them was told before.
//
// Never is known when something stored says so. An end is sent when all is stored that is before it, and a segment is begun when the end of the one
// before has been sent; a successor closes what it found before it begins a run. A chunk that is not there yet says nothing: what was lost on the way to a leader that was
// leaving is sent again, and comes behind what the next leader got at once.
//
// A writer whose lease has ended without its knowing sends nothing, but for what was on its way in that moment. Until its successor is heard of its
// epoch is the newest one, so that this may be taken; the stream takes it too, unless it has no leader. Then the successor goes on with the numbers that
// the stream has: its run is another, and what was handed over under these numbers is taken back.

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
	differed  uint64  // one more than the segment that was logged last
	so        whole   // what was handed over of segment, up to next
}

// whole adds the chunks of a segment up, from the first on.
type whole struct {
	known bool
	bytes int64
	sum   uint32
}

// with is what it is with one chunk more.
func (w whole) with(data []byte) whole {
	w.bytes += int64(len(data))
	w.sum = crc32.Update(w.sum, castagnoli, data)
	return w
}

// taken is what has to be found in the stream.
type taken struct {
	segment uint64
	index   int    // of the chunk, or endIndex
	header  uint32 // checksum
	size    int
	sum     uint32 // of the data
	chunks  int    // of an end
	before  whole  // what there was of its segment
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

// from is the first chunk that goes where a is taken back.
func (a taken) from() int {
	if a.index == endIndex {
		return a.chunks
	}
	return a.index
}

// taken notes that m was handed over, with data in place of its own.
func (f *fastPath) taken(t *fastTrack, m *message, data []byte) {
	f.epoch = max(f.epoch, m.Epoch)
	segment, index := m.place()
	t.unsettled = append(t.unsettled, taken{segment, index, headerSum(m), len(data), crc32.Checksum(data, castagnoli), m.Chunks, t.upTo(m)})
	t.move(m, data)
}

// upTo is what there is of m's segment before m.
func (t *fastTrack) upTo(m *message) whole {
	switch {
	case !m.End && m.address.Chunk == 0:
		return whole{known: true}
	case m.Segment == t.segment && m.Run == t.run && !t.ended && (m.End || m.address.Chunk == t.next):
		return t.so
	}
	return whole{}
}

// move puts the track behind m, with data in place of its own.
func (t *fastTrack) move(m *message, data []byte) {
	t.so = t.upTo(m).with(data)
	t.known, t.run, t.segment, t.ended = true, m.Run, m.Segment, m.End
	if !m.End {
		t.next = m.address.Chunk + 1
	}
}

// passed tells whether the track stands behind m.
func (t *fastTrack) passed(m *message) bool {
	segment, index := m.place()
	stands := taken{segment: t.segment, index: t.next - 1}
	if t.ended {
		stands.index = endIndex
	}
	return t.known && m.Run == t.run && stands.compare(segment, index) >= 0
}

// moved notes that m came from the stream and was handed over.
func (f *fastPath) moved(m *message, data []byte) {
	t := f.tracks[m.Track]
	if t == nil {
		if f.tracks == nil {
			f.tracks = map[string]*fastTrack{}
		}
		t = &fastTrack{}
		f.tracks[strings.Clone(m.Track)] = t
	}
	if t.passed(m) {
		return // it came late, or is repeated
	}
	t.move(m, data)
	f.parts.drop(m.Track, m.Segment)
}

// settle tells whether a message of the stream, with data in place of its own, has been handed over before. What it contradicts is taken back.
func (s *sink) settle(m *message, data []byte) bool {
	for name, t := range s.fast.tracks {
		if len(t.unsettled) > 0 && m.Run > t.run {
			s.retract(name, t, 0, "another writer went on from what the stream had")
			t.known = false
		}
	}
	t := s.fast.tracks[m.Track]
	if t == nil || len(t.unsettled) == 0 || m.Run != t.run {
		return false
	}
	segment, index := m.place()
	i, there := slices.BinarySearchFunc(t.unsettled, taken{segment: segment, index: index}, func(a, b taken) int { return a.compare(b.segment, b.index) })
	if first := t.unsettled[0]; first.segment < segment && (m.End || first.index != endIndex) {
		s.retract(m.Track, t, 0, "the stream never got it")
		return false
	}
	if m.End {
		of, _ := slices.BinarySearchFunc(t.unsettled, taken{segment: segment, index: m.Chunks}, func(a, b taken) int { return a.compare(b.segment, b.index) })
		if of < i {
			s.retract(m.Track, t, of, "the stream never got it")
			return false
		}
		// What it counts and the stream has no more is what it was: the end's checksum tells.
		s.counters.unsettled.Add(int64(of))
		t.unsettled = slices.Delete(t.unsettled, 0, of)
		i -= of
	}
	if !there {
		if i < len(t.unsettled) && t.unsettled[i].segment == segment && t.unsettled[i].index == endIndex && t.unsettled[i].chunks <= index {
			s.retract(m.Track, t, i, "the stream has more of it")
		}
		return false
	}
	if want := &t.unsettled[i]; len(data) != want.size || crc32.Checksum(data, castagnoli) != want.sum || headerSum(m) != want.header {
		s.retract(m.Track, t, i, "the stream has another under its number")
		return false
	}
	s.counters.settled.Add(1)
	t.unsettled = slices.Delete(t.unsettled, i, i+1)
	return true
}

// retract takes back what was taken of a track from unsettled[first] on. It is logged once a segment.
func (s *sink) retract(track string, t *fastTrack, first int, why string) {
	n, a := len(t.unsettled)-first, t.unsettled[first]
	segment, chunk := a.segment, a.from()
	t.so = a.before
	t.unsettled = slices.Delete(t.unsettled, first, len(t.unsettled))
	t.segment, t.next, t.ended = segment, chunk, false
	s.fast.parts.drop(track, segment)
	s.counters.unsettled.Add(int64(n))
	if t.differed != segment+1 {
		t.differed = segment + 1
		s.log.Warn("bus: what the fast path brought is not in the stream, and is taken back: players may have been given it, and others will not", "track", track,
			"segment", segment, "chunk", chunk, "messages", n, "reason", why)
	}
	s.handler.Retract(track, segment, chunk)
}
