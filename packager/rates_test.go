package packager

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"weir/internal/media"
)

// The peak is that of RFC 8216bis, 4.1, over each run by itself, and nothing ever falls.
func TestRatesAreTheLargestSeen(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		target := time.Duration(rapid.IntRange(1, 6).Draw(t, "target")) * sec
		resumed := media.Rate{Average: rapid.IntRange(0, 2_000_000).Draw(t, "resumed")}
		resumed.Peak = resumed.Average + rapid.IntRange(0, 2_000_000).Draw(t, "resumed peak")
		r := newRates(map[string]media.Rate{"v1": resumed})["v1"]
		last, peak := resumed, float64(resumed.Peak)
		var all measured
		for range rapid.IntRange(1, 3).Draw(t, "runs") {
			var recent, run []measured
			for range rapid.IntRange(1, 12).Draw(t, "segments") {
				m := measured{
					bytes:  rapid.Int64Range(1, 1_000_000).Draw(t, "bytes"),
					lasted: time.Duration(rapid.IntRange(200, 6000).Draw(t, "ms")) * time.Millisecond,
				}
				run = append(run, m)
				all.bytes, all.lasted = all.bytes+m.bytes, all.lasted+m.lasted
				recent = r.add(m, recent, target)
				sum := measured{}
				for i := len(run) - 1; i >= 0; i-- {
					sum.bytes, sum.lasted = sum.bytes+run[i].bytes, sum.lasted+run[i].lasted
					if sum.lasted >= target/2 && (sum.lasted <= target*3/2 || i == len(run)-1) {
						peak = max(peak, float64(sum.bytes)*8/sum.lasted.Seconds())
					}
				}
				now := r.published
				average := float64(all.bytes) * 8 / max(all.lasted, target/2).Seconds()
				if now.Peak < last.Peak || now.Average < last.Average || now.Peak < now.Average {
					t.Fatalf("%+v after %+v", now, last)
				}
				if float64(now.Average) < average || now.Peak != max(int(math.Ceil(peak)), now.Average) {
					t.Fatalf("%+v: peak %f, average %f", now, peak, average)
				}
				last = now
			}
		}
	})
}

// A key frame before the first border is a segment of its own, and said for ever that the track needs many times what it does.
func TestShortFirstSegmentMakesNoRate(t *testing.T) {
	t.Parallel()
	r := new(trackRate)
	recent := r.add(measured{100_000, 40 * time.Millisecond}, nil, 2*sec)
	if r.published.Peak > 800_000 {
		t.Errorf("%+v", r.published)
	}
	for range 10 {
		recent = r.add(measured{250_000, 2 * sec}, recent, 2*sec)
	}
	if r.published.Average < 1_000_000 || r.published.Peak > 1_400_000 {
		t.Errorf("%+v", r.published)
	}
}

// A feed that comes again goes on with what its predecessor has measured.
func TestRatesGoOnWithTheNextFeed(t *testing.T) {
	t.Parallel()
	resume := Resume{}
	for i := range 3 {
		y := &synth{formats: []media.Format{avcFormat(90000, 0), aacFormat(48000, 90000, 0)}}
		y.video(0, 0, 8*sec, fps25, 50, false)
		if i != 1 {
			y.audio(1, 0, 8*sec, 48000)
		}
		if i > 0 { // less than before
			for j := range y.events {
				y.events[j].s.Data = y.events[j].s.Data[:8]
			}
		}
		rec := newRecorder(t, resume)
		p, err := New(Config{2 * sec, 200 * time.Millisecond}, resume, rec)
		must(t, err)
		must(t, y.run(p))
		if i == 1 {
			rec.rates["a1"] = resume.Rates["a1"]
		}
		for _, name := range []string{"v1", "a1"} {
			if r := rec.rates[name]; r.Average == 0 || i > 0 && r != resume.Rates[name] {
				t.Errorf("feed %d, %s: %+v after %+v", i, name, r, resume.Rates[name])
			}
		}
		resume = Resume{Segment: rec.next, Run: uint64(i + 1), Target: rec.target, Init: rec.inits, Rates: rec.rates}
	}
}

// A title of a third of a second was said to need half of what it does.
func TestShortTitleHasItsAverage(t *testing.T) {
	t.Parallel()
	m := NewMeter(sec)
	if r := m.Rate(); r != (media.Rate{}) {
		t.Errorf("%+v of nothing", r)
	}
	m.Add(10_000, 200*time.Millisecond)
	if r := m.Rate(); r != (media.Rate{Peak: 400_000, Average: 400_000}) {
		t.Errorf("%+v", r)
	}
	for range 9 {
		m.Add(5_000, 200*time.Millisecond)
	}
	if r := m.Rate(); r.Average != 220_000 || r.Peak < r.Average {
		t.Errorf("%+v", r)
	}
}
