package pipeline

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"time"

	"weir/internal/media"
)

const sec = time.Second

// AVC parameters of two encoders.
var configs = []string{
	"0164001effe100196764001eacd940a02ff9610000030001000003003c8f162d9601000568ebecb22cfdf8f800",
	"0164001fffe1001d6764001facd900c8146ffc010000b440000003004000000f23c60c658001000568ef9cb22cfdf8f800",
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func avc(which int, clock media.Clock) media.Format {
	return media.Format{Codec: media.AVC, Config: unhex(configs[which]), Clock: clock}
}

func aac(rate int, language string, clock media.Clock) media.Format {
	config := map[int]string{48000: "1190", 44100: "1210"}[rate]
	return media.Format{Codec: media.AAC, Config: unhex(config), Clock: clock, Language: language}
}

// arrival is a sample and when it comes, since the epoch.
type arrival struct {
	at time.Duration
	media.Sample
}

// source makes the samples of one feed.
type source struct {
	formats []media.Format
	base    time.Duration // of its clock where the channel's time is 0
	random  *rand.Rand
	out     []arrival
	newest  [8]time.Duration // arrival, by track
}

// tick is a point of time as the source's clock tells it.
func (s *source) tick(track int, at time.Duration) media.Ticks {
	clock := s.formats[track].Clock
	at += s.base
	whole, rest := at/sec, at%sec
	t := media.Ticks(whole)*media.Ticks(clock.Timescale) + media.Ticks(rest)*media.Ticks(clock.Timescale)/media.Ticks(sec)
	if clock.Wrap > 0 {
		t = (t%clock.Wrap + clock.Wrap) % clock.Wrap
	}
	return t
}

func (s *source) add(track int, decoded, shown time.Duration, sync bool, size int) {
	data := make([]byte, size)
	binary.BigEndian.PutUint64(data, s.random.Uint64())
	s.out = append(s.out, arrival{decoded, media.Sample{
		Track: track, DTS: s.tick(track, decoded), PTS: s.tick(track, shown), Sync: sync, Data: data,
	}})
}

// picture is how frames come. Where they are reordered, presentation is a frame behind decoding.
type picture struct {
	fps     media.Fraction
	gop     int // frames
	reorder int // B-frames between others
}

// video adds frames: closed GOPs, each in its decoding order.
func (s *source) video(track int, from, to time.Duration, p picture) {
	at := func(n int) time.Duration {
		return from + time.Duration(n)*sec*time.Duration(p.fps.Den)/time.Duration(p.fps.Num)
	}
	shift := 0
	if p.reorder > 0 {
		shift = 1
	}
	count := 0
	for at(count) < to {
		count++
	}
	for n := range count {
		in := n % p.gop
		first := n - in
		shown := in
		if in > 0 && p.reorder > 0 { // groups of one P-frame and the B-frames before it
			group := (in - 1) / (p.reorder + 1)
			begin := 1 + group*(p.reorder+1)
			size := min(p.reorder+1, min(p.gop, count-first)-begin)
			if shown = in - 1; in == begin {
				shown = begin + size - 1
			}
		}
		s.add(track, at(n), at(first+shown+shift), in == 0, 20+s.random.IntN(60))
	}
}

// audio adds frames of 1024 samples.
func (s *source) audio(track int, from, to time.Duration, rate int) {
	for n := 0; ; n++ {
		at := from + time.Duration(n)*1024*sec/time.Duration(rate)
		if at >= to {
			return
		}
		s.add(track, at, at, true, 10+s.random.IntN(8))
	}
}

// deliver lets samples from i on come late: each track by its skew, each sample by some jitter; a track's samples stay in order.
func (s *source) deliver(i int, skew []time.Duration, jitter time.Duration) {
	for ; i < len(s.out); i++ {
		a := &s.out[i]
		if jitter > 0 {
			a.at += time.Duration(s.random.Int64N(int64(jitter)))
		}
		a.at = max(a.at+skew[a.Track], s.newest[a.Track])
		s.newest[a.Track] = a.at
	}
}

// sorted are the samples in the order of their arrival.
func (s *source) sorted() []arrival {
	slices.SortStableFunc(s.out, func(a, b arrival) int { return int(a.at - b.at) })
	return s.out
}
