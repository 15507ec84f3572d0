package packager

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"weir/internal/media"
)

// jitter makes a track's samples arrive later, each by up to so much; they stay in their order.
func (y *synth) jitter(track int, most time.Duration, seed uint64) {
	random := rand.New(rand.NewPCG(seed, uint64(track)))
	newest := time.Duration(0)
	for i := range y.events {
		if e := &y.events[i]; e.s.Track == track {
			newest = max(newest, e.arrival+time.Duration(random.Int64N(int64(most))))
			e.arrival = newest
		}
	}
}

// Rungs that are pushed one after the other, each of which arrives as its network lets it, have segment borders at equal times over ten
// minutes from when they are there: no segment of any begins elsewhere, and none without a key frame.
func TestRungsThatStartOneAfterTheOtherAreCutAtEqualTimes(t *testing.T) {
	t.Parallel()
	for _, rate := range []media.Fraction{fps25, {Num: 50, Den: 1}, fps2997} {
		for seed := range uint64(3) {
			t.Run(fmt.Sprint(rate, seed), func(t *testing.T) {
				t.Parallel()
				const length = 10 * time.Minute
				y := ladder(90000)
				y.base = time.Hour
				gop := int((2*rate.Num + rate.Den/2) / rate.Den)
				for i := range 3 { // each begins with the key frame that is next when it connects
					y.video(i, time.Duration(i*4*gop)*sec*time.Duration(rate.Den)/time.Duration(rate.Num), length, rate, gop, false)
				}
				y.audio(3, 0, length, 48000)
				for track := range y.formats {
					y.jitter(track, 300*time.Millisecond, seed)
				}
				rec := newRecorder(t, Resume{})
				p, err := New(Config{2 * sec, 200 * time.Millisecond}, Resume{}, rec)
				must(t, err)
				must(t, y.run(p))
				rec.complete()
				rec.independent(t)
				must(t, y.verify(rec, p.Stats(), 60*time.Microsecond))
				b := rec.borders()
				for i, name := range []string{"v1", "v2", "v3"} {
					if n := len(b[name]); n < 298-5*i {
						t.Errorf("%s has %d segments", name, n)
					}
				}
				for _, other := range []string{"v2", "v3"} {
					for n, at := range b[other] {
						if at != b["v1"][n] {
							t.Errorf("segment %d begins at %d in v1, at %d in %s", n, b["v1"][n], at, other)
						}
					}
				}
				// What a rung brings before the border at which it joins is all that is lost.
				if st := p.Stats(); st.ApartCuts != 0 || st.ForcedCuts != 0 || st.Samples-st.Out > uint64(2*gop) {
					t.Errorf("%+v", st)
				}
				if got := sets(rec.runs); got != "v1a1 v1v2a1 v1v2v3a1" {
					t.Errorf("runs %s", got)
				}
			})
		}
	}
}
