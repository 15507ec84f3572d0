package movie

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"

	"github.com/Eyevinn/mp4ff/mp4"

	"weir/internal/media"
)

// maxTimescale is the finest timescale that a movie gets: nanoseconds. It gets the least that all its tracks' timescales divide where
// that is no finer (4,410,000 for 90000 and 44100), so that the times of edits are exact.
const maxTimescale = 1_000_000_000

// timescale is that of the movie.
func (b *Builder) timescale() uint32 {
	l := uint64(1)
	for _, s := range b.strands {
		l = l / gcd(l, uint64(s.track.Timescale)) * uint64(s.track.Timescale)
		if l > maxTimescale {
			return maxTimescale
		}
	}
	return uint32(l)
}

func gcd(a, b uint64) uint64 {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}

// writeHead writes all that stands before the media: ftyp, moov and the header of mdat. It gives back how many bytes these are.
func (b *Builder) writeHead(to io.Writer, payload int64) (int64, error) {
	mdat := binary.BigEndian.AppendUint32(nil, uint32(payload+8))
	mdat = append(mdat, "mdat"...)
	if !fits32(payload + 8) {
		binary.BigEndian.PutUint32(mdat, 1)
		mdat = binary.BigEndian.AppendUint64(mdat, uint64(payload+16))
	}
	ftyp, err := encoded(mp4.NewFtyp("isom", 0x200, b.brands()))
	if err != nil {
		return 0, err
	}
	size := int64(0)
	var moov *container
	for _, wide := range []bool{false, true} {
		// Where the media lies depends on how long moov is, which depends on how many bits it takes to say where that is.
		if moov, err = b.moov(func() int64 { return size }, wide); err != nil {
			return 0, err
		}
		size = ftyp.size() + moov.size() + int64(len(mdat))
		if fits32(size + payload) {
			break
		}
	}
	w := bufio.NewWriterSize(to, tableBuffer)
	for _, n := range []node{ftyp, moov, leaf(mdat)} {
		if err := n.write(w); err != nil {
			return 0, err
		}
	}
	return size, w.Flush()
}

func (b *Builder) brands() []string {
	brands := []string{"isom", "iso6", "mp42"}
	for _, s := range b.strands {
		if s.track.Codec == media.AV1 {
			return append(brands, "av01")
		}
	}
	return brands
}

// moov describes all strands. head is how many bytes stand before the media; it is asked when moov is written.
func (b *Builder) moov(head func() int64, wide bool) (*container, error) {
	scale := b.timescale()
	origin := int64(math.MaxInt64) // when the movie begins, in its timescale, on the channel timeline
	for _, s := range b.strands {
		origin = min(origin, s.firstShown(scale))
	}
	moov := &container{name: "moov", of: []node{nil}}
	longest := int64(0)
	for i, s := range b.strands {
		wait, length := s.firstShown(scale)-origin, s.length(scale)
		longest = max(longest, wait+length)
		t := trak{strand: s, id: uint32(i + 1), wait: wait, length: length, head: head, wide: wide}
		t.group, t.enabled = b.choice(i)
		described, err := t.describe()
		if err != nil {
			return nil, err
		}
		moov.of = append(moov.of, described)
	}
	mvhd := mp4.CreateMvhd()
	mvhd.Timescale, mvhd.Duration, mvhd.NextTrackID = scale, uint64(longest), uint32(len(b.strands)+1)
	mvhd.Version = version(longest)
	var err error
	moov.of[0], err = encoded(mvhd)
	return moov, err
}

// choice is the alternate group of a strand: all tracks of one kind are alternatives, of which the first is played. The strands of
// one track are played one after the other.
func (b *Builder) choice(of int) (group int16, enabled bool) {
	t := b.strands[of].track
	first, several := true, false
	for _, s := range b.strands {
		if s.track.Kind != t.Kind {
			continue
		}
		if s.track.Name != t.Name {
			several = true
			first = first && t.Name < s.track.Name
		}
	}
	if !several {
		return 0, true
	}
	switch t.Kind {
	case media.Video:
		return 1, first
	case media.Audio:
		return 2, first
	}
	return 3, first
}

// firstShown is when the strand's first sample is presented, on the channel timeline.
func (s *strand) firstShown(scale uint32) int64 {
	return int64(media.Rescale(s.base+media.Ticks(s.first), s.track.Timescale, scale))
}

// length is how long the strand is presented.
func (s *strand) length(scale uint32) int64 {
	return int64(media.RescaleUp(media.Ticks(s.end-s.first), s.track.Timescale, scale))
}

// version is that of a box that has to hold a time.
func version(longest int64) byte {
	if fits32(longest) {
		return 0
	}
	return 1
}
