package pipeline

import (
	"math/rand/v2"
	"time"

	"pgregory.net/rapid"

	"weir/internal/media"
)

// feed is what one publisher does from connecting to leaving.
type feed struct {
	source
	rate    int
	picture picture      // where frames are reordered: of all stretches
	changes map[int]bool // before which samples the parameters change
	other   []media.Format
	end     time.Duration
}

var rates = []media.Fraction{
	{Num: 1, Den: 1}, {Num: 25, Den: 2}, {Num: 24, Den: 1}, {Num: 25, Den: 1}, {Num: 30000, Den: 1001}, {Num: 50, Den: 1}, {Num: 120, Den: 1},
}

// drawFeed makes a feed that begins at from: some stretches with wraps, holes, jumps, tracks that come and go, skew and
// wrong timestamps.
func drawFeed(t *rapid.T, from time.Duration) *feed {
	scale := rapid.SampledFrom([]uint32{1000, 90000, 90000, 1_000_000}).Draw(t, "scale")
	wrap := media.Ticks(rapid.SampledFrom([]int64{0, 1 << 32, 1 << 33}).Draw(t, "wrap"))
	clock := media.Clock{Timescale: scale, Wrap: wrap}
	f := &feed{rate: rapid.SampledFrom([]int{48000, 44100}).Draw(t, "rate"), changes: map[int]bool{}}
	f.random = rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	f.base = time.Hour
	if wrap > 0 && rapid.Bool().Draw(t, "wraps") {
		ticks := int64(wrap)
		period := time.Duration(ticks/int64(scale))*sec + time.Duration(ticks%int64(scale))*sec/time.Duration(scale)
		f.base = period - from - time.Duration(rapid.IntRange(0, 8000).Draw(t, "until the wrap"))*time.Millisecond
	}
	kinds := rapid.SampledFrom([]string{"va", "va", "va", "va", "va", "v", "a", "vaa"}).Draw(t, "tracks")
	for i, kind := range kinds {
		switch {
		case kind == 'v':
			f.formats = append(f.formats, avc(0, clock))
		default:
			f.formats = append(f.formats, aac(f.rate, []string{"", "en", "de"}[i], clock))
		}
	}
	f.picture = drawPicture(t)
	f.picture.reorder = rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(t, "reorder")
	at := from
	for range rapid.IntRange(1, 3).Draw(t, "stretches") {
		at = f.stretch(t, kinds, at)
	}
	f.sorted()
	f.end = at
	f.other = append([]media.Format(nil), f.formats...)
	if kinds[0] == 'v' && rapid.Bool().Draw(t, "video changes") {
		f.other[0] = avc(1, clock)
	} else {
		last := len(f.other) - 1
		f.other[last].Language = "fr"
	}
	for range rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(t, "changes") {
		f.changes[rapid.IntRange(0, max(len(f.out)-1, 0)).Draw(t, "change at")] = true
	}
	return f
}

// stretch adds media from at on, and gives where the next stretch begins.
func (f *feed) stretch(t *rapid.T, kinds string, at time.Duration) time.Duration {
	begin := len(f.out)
	p := drawPicture(t)
	if f.picture.reorder > 0 {
		p = f.picture
	}
	most := min(20_000, 400_000*int(p.fps.Den)/int(p.fps.Num)) // not too many frames
	to := at + time.Duration(rapid.IntRange(1, most).Draw(t, "length in ms"))*time.Millisecond
	only := rapid.SampledFrom([]string{"va", "va", "va", "va", "v", "a"}).Draw(t, "only")
	var skew []time.Duration
	for i, kind := range kinds {
		skew = append(skew, time.Duration(rapid.SampledFrom([]int{0, 0, 0, 50, 300, 900}).Draw(t, "skew"))*time.Millisecond)
		late := time.Duration(rapid.SampledFrom([]int{0, 0, 0, 100, 900, 3000}).Draw(t, "late")) * time.Millisecond
		switch {
		case kind == 'v' && (only != "a" || kinds == "v"):
			f.video(i, at, to, p)
		case kind == 'a' && (only != "v" || kinds == "a"):
			f.audio(i, at+late, to, f.rate)
		}
	}
	f.deliver(begin, skew, time.Duration(rapid.SampledFrom([]int{0, 0, 5, 40, 200}).Draw(t, "jitter"))*time.Millisecond)
	if len(f.out) > begin && rapid.IntRange(0, 4).Draw(t, "glitch") == 0 {
		s := &f.out[rapid.IntRange(begin, len(f.out)-1).Draw(t, "which")]
		clock := f.formats[s.Track].Clock
		by := media.Ticks(rapid.SampledFrom([]int64{-20_000, -300, -1, 1, 300, 20_000}).Draw(t, "by ms")) * media.Ticks(clock.Timescale) / 1000
		if dts, pts := s.DTS+by, s.PTS+by; dts >= 0 && pts >= 0 && (clock.Wrap == 0 || dts < clock.Wrap && pts < clock.Wrap) {
			s.DTS, s.PTS = dts, pts
		}
	}
	switch rapid.IntRange(0, 4).Draw(t, "then") {
	case 0: // a hole in all tracks
		to += time.Duration(rapid.IntRange(1, 12_000).Draw(t, "hole")) * time.Millisecond
	case 1: // the clock jumps
		f.base += time.Duration(rapid.IntRange(-30, 30).Draw(t, "jump in min"))*time.Minute + time.Duration(rapid.IntRange(-30, 30).Draw(t, "jump in s"))*sec
	}
	return to
}

func drawPicture(t *rapid.T) picture {
	return picture{
		fps: rapid.SampledFrom(rates).Draw(t, "fps"),
		gop: rapid.SampledFrom([]int{1, 2, 12, 25, 30, 60, 250, 1000}).Draw(t, "gop"),
	}
}

// drawConfig is what an operator may set (segments, chunks, and at least six segments to go back).
func drawSegment(t *rapid.T) time.Duration {
	return time.Duration(rapid.SampledFrom([]int{500, 1000, 2000, 2000, 6000}).Draw(t, "segment")) * time.Millisecond
}

func drawDVR(t *rapid.T, segment time.Duration) time.Duration {
	return segment * time.Duration(rapid.IntRange(6, 20).Draw(t, "segments to go back"))
}
