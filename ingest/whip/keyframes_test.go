package whip

import (
	"testing"
	"time"

	"weir/internal/media"
)

// camera makes 30 frames a second on the channel timeline, and a key frame a while after it was asked for one, or on its own.
func camera(k *keyframes, frames int, answers time.Duration, own int) (keys []time.Duration, asked int) {
	var due time.Duration
	for i := range frames {
		at := time.Duration(i) * time.Second / 30
		place, now := media.FromDuration(at, pictureRate), ms(0).Add(at)
		if own > 0 && i%own == own/2 || answers > 0 && due > 0 && at >= due {
			k.next(place, k.came(now))
			keys = append(keys, at)
			due = 0
			continue
		}
		if len(keys) == 0 && k.need(now) || len(keys) > 0 && k.passed(place, now) {
			asked++
			if due == 0 {
				due = at + answers
			}
		}
	}
	return keys, asked
}

// Each segment of the packager begins at the first key frame behind a multiple of the segment duration.
func TestEverySegmentGetsItsKeyFrame(t *testing.T) {
	t.Parallel()
	for _, segment := range []time.Duration{time.Second, 2 * time.Second, 6 * time.Second} {
		for _, answers := range []time.Duration{30 * time.Millisecond, 150 * time.Millisecond, 400 * time.Millisecond} {
			keys, asked := camera(&keyframes{segment: segment}, 30*60, answers, 0)
			for i := 2; i < len(keys); i++ {
				if n := int(keys[i]/segment) - int(keys[i-1]/segment); n != 1 {
					t.Errorf("segments of %s, answer in %s: key frames at %s and %s", segment, answers, keys[i-1], keys[i])
				}
			}
			if want := int(time.Minute / segment); asked > want+1 || len(keys) < want {
				t.Errorf("segments of %s: asked %d times, %d came, %d are needed", segment, asked, len(keys), want)
			}
		}
	}
}

func TestEncodersWithTheirOwnRhythmAreLeftAlone(t *testing.T) {
	t.Parallel()
	// After the first, which is late, they are not asked.
	if keys, asked := camera(&keyframes{segment: 2 * time.Second}, 30*60, 0, 60); asked > 3 || len(keys) < 29 {
		t.Errorf("asked %d times, %d came", asked, len(keys))
	}
}

// One that pays no attention is asked less and less often.
func TestRequestsThatDoNothingBecomeRare(t *testing.T) {
	t.Parallel()
	if _, asked := camera(&keyframes{segment: 2 * time.Second}, 30*60, 0, 0); asked < 10 || asked > 20 {
		t.Errorf("asked %d times within a minute", asked)
	}
}
