package whip

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"weir/ingest/ingesttest"
	"weir/internal/media"
)

// Parameter sets of 1280×720 in High Profile.
var (
	testSPS = []byte{0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x6a, 0x02, 0x02, 0x02, 0x80, 0x00, 0x00, 0x03, 0x00, 0x80, 0x00, 0x00, 0x1e, 0x07, 0x8c, 0x18, 0xcb}
	testPPS = []byte{0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0}
)

// sent is what a test has sent: by its place in order.
type sent struct {
	video [][]byte        // each frame's picture, one NAL unit
	shown []time.Duration // when, since the beginning
	audio [][]byte
	heard []time.Duration
}

const (
	videoStart = 0xfffffff0 // RTP timestamps wrap at once
	audioStart = 0xffff0000
)

// broadcast sends 30 frames and 50 packets a second as a camera would, with an IDR a second, until what it sent in the first seconds has come
// out. Sound begins 100 ms behind the picture. The clock is the camera's and the server's: it waits for the server where that stands still.
func broadcast(t *testing.T, p *publisher, feed *ingesttest.Feed, clock *ingesttest.Clock, seconds int) (s sent) {
	t.Helper()
	dice := rand.New(rand.NewPCG(3, 4))
	noise := func(size int, head byte) []byte {
		b := make([]byte, size)
		for i := range b {
			b[i] = byte(dice.Uint32()) | 1 // no start codes
		}
		b[0] = head
		return b
	}
	const (
		soundLate = 100 * time.Millisecond
		step      = 5 * time.Millisecond
	)
	begun := clock.Now()
	send := func(at time.Duration) {
		p.network.room(t)
		clock.Set(begun.Add(at))
	}
	ticks := time.NewTicker(step)
	defer ticks.Stop()
	seen, video, audio := 0, false, false
	for gone := time.Duration(0); !video || !audio; gone += step {
		if gone > time.Duration(seconds)*time.Second+time.Minute {
			t.Fatalf("a minute later not all of the first %d s has come: video %t, audio %t", seconds, video, audio)
		}
		<-ticks.C
		for {
			frame, sound := time.Duration(len(s.video))*time.Second/30, soundLate+time.Duration(len(s.audio))*20*time.Millisecond
			if min(frame, sound) > gone {
				break
			}
			if sound < frame {
				send(sound)
				s.audio, s.heard = append(s.audio, noise(20+dice.IntN(200), 0xfc)), append(s.heard, sound)
				p.send(t, 1, p.audio, uint32(audioStart)+uint32((len(s.audio)-1)*960), false, s.audio[len(s.audio)-1])
				continue
			}
			send(frame)
			stamp := uint32(videoStart) + uint32(len(s.video)*3000)
			if len(s.video)%30 == 0 {
				s.video = append(s.video, noise(30_000+dice.IntN(5000), 0x65))
				p.sendVideo(t, stamp, testSPS, testPPS, s.video[len(s.video)-1])
			} else {
				s.video = append(s.video, noise(50+dice.IntN(5000), 0x41))
				p.sendVideo(t, stamp, s.video[len(s.video)-1])
			}
			s.shown = append(s.shown, frame)
		}
		clock.Set(begun.Add(gone))
		all := came(t, feed)
		for _, m := range all[seen:] {
			video = video || m.Track == 0 && len(s.video) >= 30*seconds && bytes.HasSuffix(m.Data, s.video[30*seconds-1])
			audio = audio || m.Track == 1 && len(s.audio) >= 50*seconds && bytes.Equal(m.Data, s.audio[50*seconds-1])
		}
		seen = len(all)
	}
	return s
}

// came is what has come so far. The feed must not have ended on an error.
func came(t *testing.T, feed *ingesttest.Feed) []media.Sample {
	t.Helper()
	r := feed.Got()
	if r.Reason != nil {
		t.Fatalf("the feed ended: %v", r.Reason)
	}
	return r.Samples
}

// find is the place of data in all, from a place on.
func find(all [][]byte, data []byte, from int) int {
	for i := from; i < len(all); i++ {
		if bytes.Equal(all[i], data) {
			return i
		}
	}
	return -1
}

func TestEveryFrameComesAsItWasSent(t *testing.T) {
	t.Parallel()
	const seconds = 6
	for _, tt := range []struct {
		name string
		loss float64
	}{
		{"without loss", 0},
		{"NACK repairs a loss of one percent", 0.01},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := &ingesttest.Server{}
			clock := ingesttest.NewClock()
			clock.Set(ms(0))
			url := serve(t, Config{Ingest: in, Now: clock.Now})
			p := newPublisherBy(t, clock.Now, newNetwork(tt.loss), true, true)
			p.publish(t, url+"/whip/news", "secret")
			feed := in.Next(t)
			if feed.Publish.Channel != "news" || feed.Publish.Key != "secret" || feed.Publish.Protocol != "whip" {
				t.Errorf("opened as %v with key %q", feed.Publish, feed.Publish.Key)
			}
			s := broadcast(t, p, feed, clock, seconds)
			if answer := request(t, http.MethodDelete, url+p.location, ""); answer.StatusCode != http.StatusOK {
				t.Errorf("DELETE: %s", answer.Status)
			}
			if err := feed.WaitClosed(t); err != nil {
				t.Errorf("feed ended: %v", err)
			}
			compare(t, s, came(t, feed))
			r := feed.Got()
			formats := r.Formats()
			if len(r.Starts) != 1 || len(formats) != 2 || formats[0].Codec != media.AVC || formats[1].Codec != media.Opus {
				t.Fatalf("started with %v", r.Starts)
			}
			if !bytes.Contains(formats[0].Config, testSPS) || !bytes.Contains(formats[0].Config, testPPS) {
				t.Errorf("configuration %x has not the parameter sets", formats[0].Config)
			}
			if len(r.Drops) > 0 {
				t.Errorf("dropped: %v", r.Drops)
			}
		})
	}
}

// compare looks for every sample in what was sent: whole, in order, from a key frame on, and at its time.
func compare(t *testing.T, s sent, samples []media.Sample) {
	t.Helper()
	next := [2]int{-1, -1}
	var zero time.Duration // of the sender's clock on the feed's, by the first picture
	for i, m := range samples {
		all, times, rate, data := s.video, s.shown, uint32(90000), m.Data
		if m.Track == 1 {
			all, times, rate = s.audio, s.heard, 48000
		} else {
			u := units(m.Data)
			if len(u) != 1 {
				t.Fatalf("sample %d has %d NAL units, the picture alone was expected", i, len(u))
			}
			data = u[0]
		}
		n := find(all, data, max(next[m.Track], 0))
		if n < 0 || next[m.Track] >= 0 && n != next[m.Track] {
			t.Fatalf("sample %d of track %d is number %d of what was sent, after number %d", i, m.Track, n, next[m.Track]-1)
		}
		at := m.PTS.Duration(rate) - times[n]
		if next[0] < 0 {
			if m.Track != 0 || !m.Sync {
				t.Fatal("the first sample is no key frame")
			}
			zero = at
		}
		if d := (at - zero).Abs(); d > time.Millisecond {
			t.Fatalf("sample %d of track %d is %s off the picture", i, m.Track, d)
		}
		if m.DTS != m.PTS || m.Sync != (m.Track == 1 || n%30 == 0) {
			t.Fatalf("sample %d: %v", i, m)
		}
		next[m.Track] = n + 1
	}
}
