package whip

import (
	"testing"
	"time"

	"weir/internal/media"
)

// stamps are an ideal sender's: a camera and a microphone on one clock, each from its own beginning.
type stamps struct {
	video, audio uint32
	drift        float64 // of the microphone's clock: ticks that it makes too many, per tick
}

func (s stamps) at(rate uint32, d time.Duration) uint32 {
	if rate == pictureRate {
		return s.video + uint32(media.FromDuration(d, rate))
	}
	return s.audio + uint32(float64(media.FromDuration(d, rate))*(1+s.drift))
}

// ntp is a sender's wall clock.
func ntp(d time.Duration) uint64 {
	const since = 3_900_000_000
	return since<<32 + uint64(d/time.Second)<<32 + uint64(d%time.Second)<<32/uint64(time.Second)
}

func place(t *testing.T, s stamps, soundDelay time.Duration, reports bool) (video, audio *line) {
	t.Helper()
	video, audio = &line{rate: pictureRate}, &line{rate: soundRate}
	const gone = time.Second
	video.came(s.at(pictureRate, gone), ms(1000))
	audio.came(s.at(soundRate, gone), ms(1000).Add(soundDelay))
	if reports {
		video.reported(ntp(gone-30*time.Millisecond), s.at(pictureRate, gone-30*time.Millisecond))
		audio.reported(ntp(gone+70*time.Millisecond), s.at(soundRate, gone+70*time.Millisecond))
	}
	video.lead()
	audio.place(video)
	return video, audio
}

// off is how far an instant is on both tracks from being one instant of the feed.
func off(video, audio *line, s stamps, d time.Duration) time.Duration {
	v := video.unroll(s.at(pictureRate, d)) + video.offset
	a := audio.unroll(s.at(soundRate, d)) + audio.offset
	return media.Ticks(a).Duration(soundRate) - media.Ticks(v).Duration(pictureRate)
}

func TestReportsPlaceTracksExactly(t *testing.T) {
	t.Parallel()
	for _, s := range []stamps{{video: 0, audio: 0}, {video: 0xffffff00, audio: 7}, {video: 5, audio: 0xfffffff0}, {video: 0x80000000, audio: 0x7fffffff}} {
		video, audio := place(t, s, 400*time.Millisecond, true)
		if d := off(video, audio, s, 1010*time.Millisecond); d.Abs() > time.Millisecond || audio.guess {
			t.Errorf("%x: %s off", s, d)
		}
	}
}

func TestWithoutReportsArrivalPlacesTracksUntilTheyCome(t *testing.T) {
	t.Parallel()
	s := stamps{video: 77, audio: 0xfffff000}
	video, audio := place(t, s, 150*time.Millisecond, false)
	if d := off(video, audio, s, 1010*time.Millisecond); (d-150*time.Millisecond).Abs() > time.Millisecond || !audio.guess {
		t.Errorf("%s off, arrival says 150 ms", d)
	}
	video.reported(ntp(time.Second), s.at(pictureRate, time.Second))
	audio.reported(ntp(time.Second), s.at(soundRate, time.Second))
	if by := audio.follow(video); (by + 150*time.Millisecond).Abs() > time.Millisecond {
		t.Errorf("moved by %s", by)
	}
	if d := off(video, audio, s, 1010*time.Millisecond); d.Abs() > time.Millisecond {
		t.Errorf("%s off", d)
	}
}

func TestReportsOfTwoClocksAreNotBelieved(t *testing.T) {
	t.Parallel()
	s := stamps{video: 77, audio: 99}
	video, audio := &line{rate: pictureRate}, &line{rate: soundRate}
	video.came(s.at(pictureRate, time.Second), ms(1000))
	audio.came(s.at(soundRate, time.Second), ms(1000))
	video.reported(ntp(time.Second), s.at(pictureRate, time.Second))
	audio.reported(ntp(20*time.Second), s.at(soundRate, time.Second))
	video.lead()
	audio.place(video)
	if d := off(video, audio, s, time.Second); d.Abs() > time.Millisecond || !audio.guess {
		t.Errorf("%s off", d)
	}
	if by := audio.follow(video); by != 0 {
		t.Errorf("moved by %s", by)
	}
	audio.reported(ntp(1<<31*time.Second), s.at(soundRate, time.Second))
	if by := audio.follow(video); by != 0 {
		t.Errorf("moved by %s", by)
	}
}

// A microphone whose clock is 100 ppm off is a third of a second away from the picture after an hour, if nobody looks.
func TestDriftingSoundStaysWithThePicture(t *testing.T) {
	t.Parallel()
	for _, drift := range []float64{100e-6, -100e-6} {
		s := stamps{video: 0xfffff000, audio: 0x80000000, drift: drift}
		video, audio := place(t, s, 0, true)
		moves := 0
		for d := time.Second; d < 30*time.Hour; d += 5 * time.Second {
			now := ms(0).Add(d)
			video.came(s.at(pictureRate, d), now)
			audio.came(s.at(soundRate, d), now.Add(20*time.Millisecond))
			video.reported(ntp(d), s.at(pictureRate, d))
			wrong := time.Duration(int64(d/time.Second)%9-4) * time.Millisecond // reports are not exact
			audio.reported(ntp(d+wrong), s.at(soundRate, d))
			if by := audio.follow(video); by != 0 {
				moves++
				if by%(20*time.Millisecond) != 0 {
					t.Fatalf("moved by %s: no whole frames", by)
				}
			}
			if far := off(video, audio, s, d); far.Abs() > 45*time.Millisecond {
				t.Fatalf("%s off after %s", far, d)
			}
		}
		if moves == 0 || moves > 700 {
			t.Errorf("moved %d times", moves)
		}
	}
}

// The timestamps of both tracks wrap within 30 hours, at different times.
func TestTimestampsUnroll(t *testing.T) {
	t.Parallel()
	s := stamps{video: 0xffff0000, audio: 0x7fff0000}
	video, audio := place(t, s, 0, true)
	before := [2]int64{video.last, audio.last}
	for d := 2 * time.Second; d < 30*time.Hour; d += 10 * time.Second {
		for i, l := range []*line{video, audio} {
			now := l.came(s.at(l.rate, d), ms(0).Add(d))
			if now <= before[i] {
				t.Fatalf("track %d went from %d to %d after %s", i, before[i], now, d)
			}
			before[i] = now
		}
		if far := off(video, audio, s, d); far.Abs() > time.Millisecond {
			t.Fatalf("%s off after %s", far, d)
		}
	}
}
