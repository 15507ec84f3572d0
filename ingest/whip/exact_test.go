package whip

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

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

// broadcast sends seconds of 30 frames and 50 packets a second as a camera would, with an IDR a second. Sound begins 100 ms behind the picture.
func broadcast(t *testing.T, p *publisher, seconds int) sent {
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
	var s sent
	const soundLate = 100 * time.Millisecond
	begun := time.Now()
	ticks := time.NewTicker(5 * time.Millisecond)
	defer ticks.Stop()
	for now := range ticks.C {
		gone := now.Sub(begun)
		for at := time.Duration(len(s.video)) * time.Second / 30; at <= gone && len(s.video) < 30*seconds; at = time.Duration(len(s.video)) * time.Second / 30 {
			stamp := uint32(videoStart) + uint32(len(s.video)*3000)
			if len(s.video)%30 == 0 {
				s.video = append(s.video, noise(30_000+dice.IntN(5000), 0x65))
				p.sendVideo(t, stamp, testSPS, testPPS, s.video[len(s.video)-1])
			} else {
				s.video = append(s.video, noise(50+dice.IntN(5000), 0x41))
				p.sendVideo(t, stamp, s.video[len(s.video)-1])
			}
			s.shown = append(s.shown, at)
		}
		for p.audio != nil && len(s.audio) < 50*seconds {
			at := soundLate + time.Duration(len(s.audio))*20*time.Millisecond
			if at > gone {
				break
			}
			s.audio = append(s.audio, noise(20+dice.IntN(200), 0xfc))
			s.heard = append(s.heard, at)
			p.send(t, 1, p.audio, uint32(audioStart)+uint32((len(s.audio)-1)*960), false, s.audio[len(s.audio)-1])
		}
		if len(s.video) == 30*seconds && (p.audio == nil || len(s.audio) == 50*seconds) {
			return s
		}
	}
	return s
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
	for _, tt := range []struct {
		name string
		loss float64
	}{
		{"without loss", 0},
		{"NACK repairs a loss of one percent", 0.01},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := newFakeIngest()
			url := serve(t, Config{Ingest: in})
			p := newPublisher(t, true, true, tt.loss)
			p.publish(t, url+"/whip/news", "secret")
			feed := in.wait(t)
			if feed.publish.Channel != "news" || feed.publish.Key != "secret" || feed.publish.Protocol != "whip" {
				t.Errorf("opened as %v with key %q", feed.publish, feed.publish.Key)
			}
			s := broadcast(t, p, 6)
			samples := feed.waitFor(t, "last frame and last sound", func(all []media.Sample) bool {
				video, audio := false, false
				for _, m := range all[max(len(all)-100, 0):] {
					video = video || m.Track == 0 && bytes.HasSuffix(m.Data, s.video[len(s.video)-1])
					audio = audio || m.Track == 1 && bytes.Equal(m.Data, s.audio[len(s.audio)-1])
				}
				return video && audio
			})
			if answer := request(t, http.MethodDelete, url+p.location, ""); answer.StatusCode != http.StatusOK {
				t.Errorf("DELETE: %s", answer.Status)
			}
			if err := feed.waitClosed(t); err != nil {
				t.Errorf("feed ended: %v", err)
			}
			compare(t, s, samples)
			formats := feed.formats(t, 0)
			if len(feed.starts) != 1 || len(formats) != 2 || formats[0].Codec != media.AVC || formats[1].Codec != media.Opus {
				t.Fatalf("started with %v", feed.starts)
			}
			if !bytes.Contains(formats[0].Config, testSPS) || !bytes.Contains(formats[0].Config, testPPS) {
				t.Errorf("configuration %x has not the parameter sets", formats[0].Config)
			}
			if d := feed.drops(); len(d) > 0 {
				t.Errorf("dropped: %v", d)
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
		if d := (at - zero).Abs(); d > 20*time.Millisecond {
			t.Fatalf("sample %d of track %d is %s off the picture", i, m.Track, d)
		}
		if m.DTS != m.PTS || m.Sync != (m.Track == 1 || n%30 == 0) {
			t.Fatalf("sample %d: %v", i, m)
		}
		next[m.Track] = n + 1
	}
	if next[0] != len(s.video) || next[1] != len(s.audio) {
		t.Fatalf("up to number %d of %d pictures and %d of %d sounds came", next[0], len(s.video), next[1], len(s.audio))
	}
	if first := find(s.video, samples[0].Data[4:4+binary.BigEndian.Uint32(samples[0].Data)], 0); first > 120 {
		t.Errorf("began with frame %d only", first)
	}
}
