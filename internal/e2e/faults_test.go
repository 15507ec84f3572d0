package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"
	"github.com/stretchr/testify/require"
)

// channelStatus is what these tests read of a channel's status.
type channelStatus struct {
	LastError string
	Drops     struct{ Samples int }
}

func (s *server) status(channel string) (st channelStatus) {
	s.t.Helper()
	s.api("GET", "/api/v1/channels/"+channel, "", &st)
	return st
}

// samples are what those of a track in the window hold, in decoding order, and how many discontinuities there are.
func (s *server) samples(channel, track string) (all []string, discontinuities int) {
	s.t.Helper()
	timed, discontinuities := s.timedSamples(channel, track)
	for _, sample := range timed {
		all = append(all, string(sample.Data))
	}
	return all, discontinuities
}

// timedSamples is samples with their times.
func (s *server) timedSamples(channel, track string) (all []mp4.FullSample, discontinuities int) {
	s.t.Helper()
	list, _ := s.media(channel, track)
	for _, segment := range list.segments {
		if segment.discontinuity {
			discontinuities++
		}
		if segment.gap {
			continue
		}
		_, init := s.get(segment.init)
		_, body := s.get(segment.uri)
		file, err := mp4.DecodeFile(bytes.NewReader(append(init, body...)))
		require.NoError(s.t, err)
		for _, one := range file.Segments {
			for _, fragment := range one.Fragments {
				samples, err := fragment.GetFullSamples(file.Init.Moov.Mvex.Trex)
				require.NoError(s.t, err)
				all = append(all, samples...)
			}
		}
	}
	return all, discontinuities
}

// fault is something that goes wrong on a channel of its own. It begins and ends with good media.
type fault struct {
	play func(p *publisher, m, other *flvMedia)
	// What comes of it: discontinuities at least and at most, how many samples may be lost at most, and what the operator is told.
	discontinuities [2]int
	lost            int
	told            string
}

var faults = map[string]fault{
	"jump": {
		play: func(p *publisher, m, _ *flvMedia) {
			p.play(m, stretch{from: 0, to: 4000, speed: 2})
			p.play(m, stretch{from: 4000, to: 10000, speed: 2, at: func(ms int) uint32 { return uint32(ms) + 3_600_000 }})
		},
		discontinuities: [2]int{1, 1}, told: "clock jumped",
	},
	"back": {
		play: func(p *publisher, m, _ *flvMedia) {
			p.play(m, stretch{from: 0, to: 4000, speed: 2, at: func(ms int) uint32 { return uint32(ms) + 3_600_000 }})
			p.play(m, stretch{from: 4000, to: 10000, speed: 2})
		},
		discontinuities: [2]int{1, 1}, told: "clock jumped",
	},
	"backwards": {
		play: func(p *publisher, m, _ *flvMedia) {
			p.play(m, stretch{from: 0, to: 4000, speed: 2})
			p.play(m, stretch{from: 4000, to: 7000, speed: 2, at: func(ms int) uint32 { return uint32(8000 - ms) }})
			p.play(m, stretch{from: 7000, to: 13000, speed: 2})
		},
		discontinuities: [2]int{1, 3}, lost: 300, told: "clock jumped",
	},
	"wrap": {
		play: func(p *publisher, m, _ *flvMedia) {
			p.play(m, stretch{from: 0, to: 10000, speed: 2, at: func(ms int) uint32 { return uint32(ms) - 5000 }})
		},
	},
	"freeze": {
		play: func(p *publisher, m, _ *flvMedia) {
			p.play(m, stretch{from: 0, to: 4000, speed: 2})
			p.play(m, stretch{from: 4000, to: 8000, speed: 2, at: func(int) uint32 { return 4000 }})
			p.play(m, stretch{from: 8000, to: 14000, speed: 2})
		},
		discontinuities: [2]int{0, 2}, lost: 400, told: "stopped",
	},
	"silence": {
		play: func(p *publisher, m, _ *flvMedia) {
			p.play(m, stretch{from: 0, to: 4000, speed: 6})
			p.play(m, stretch{from: 4000, to: 34000, speed: 6, silent: true})
			p.play(m, stretch{from: 34000, to: 42000, speed: 6})
		},
		discontinuities: [2]int{1, 2}, lost: 110, told: "a1", // of two GOPs at most: a run with the sound begins at a key frame
	},
	"slideshow": {
		play: func(p *publisher, m, _ *flvMedia) {
			p.play(m, stretch{from: 0, to: 4000, speed: 4})
			p.play(m, stretch{from: 4000, to: 24000, speed: 4, fps: 1})
			p.play(m, stretch{from: 24000, to: 30000, speed: 4})
		},
	},
	"resolution": {
		play: func(p *publisher, m, other *flvMedia) {
			p.play(m, stretch{from: 0, to: 4000, speed: 2})
			p.configure(other, 4000)
			p.play(other, stretch{from: 4000, to: 8000, speed: 2})
			p.configure(other, 8000) // the same again is nothing
			p.play(other, stretch{from: 8000, to: 10000, speed: 2})
		},
		discontinuities: [2]int{1, 1},
	},
	"slow": {
		play: func(p *publisher, m, _ *flvMedia) {
			p.play(m, stretch{from: 0, to: 2000, speed: 2})
			p.play(m, stretch{from: 2000, to: 3000, speed: 0.1})
			p.play(m, stretch{from: 3000, to: 9000, speed: 2})
		},
	},
	"fast": {
		play: func(p *publisher, m, _ *flvMedia) {
			p.play(m, stretch{from: 0, to: 40000, speed: 10})
			p.play(m, stretch{from: 40000, to: 44000, speed: 1})
		},
		told: "times real time",
	},
	// A picture of 200 MB, says its first NAL unit: it is handed on as it came, and nobody makes room for it.
	"oversized": {
		play: func(p *publisher, m, _ *flvMedia) {
			p.play(m, stretch{from: 0, to: 4000, speed: 2})
			p.sample(rtmpVideo, 4000, []byte{0x27, 1, 0, 0, 0, 0x0b, 0xeb, 0xc2, 0x00, 0x41, 1, 2, 3})
			p.play(m, stretch{from: 4040, to: 10000, speed: 2})
		},
	},
	// Messages that are too short for what they say they are, and of kinds that do not exist.
	"garbage": {
		play: func(p *publisher, m, _ *flvMedia) {
			p.play(m, stretch{from: 0, to: 4000, speed: 2})
			random := rand.New(rand.NewPCG(1, 2))
			for i := range 200 {
				typ, first := byte(rtmpAudio), byte(0xaf)
				if i%2 == 1 {
					typ, first = rtmpVideo, 0x27
				}
				body := []byte{first}
				for range random.IntN(2) * random.IntN(200) {
					body = append(body, byte(random.Uint32()))
				}
				if len(body) == 1 {
					p.noise++
				} else {
					body[1] |= 0x80
					body = append(body, 0, 0, 0)
				}
				p.send(typ, uint32(4000+i), body)
				if i%50 == 49 { // a hundred bad ones in a row, and it is no encoder
					at := 4000 + i/50*1000
					p.play(m, stretch{from: at, to: at + 1000, speed: 2})
				}
			}
			p.play(m, stretch{from: 8000, to: 10000, speed: 2})
		},
		told: "malformed media message",
	},
}

// Whatever one feed does wrong, its channel comes back by itself, what was lost is counted, memory stays bounded, and another
// channel does not notice: it loses nothing and has no discontinuity.
func TestFaultsOfFeeds(t *testing.T) { realtime(t, faultsOfFeeds) }

func faultsOfFeeds(t *attempt) {
	need(t, "ffmpeg")
	m, other := makeFLV(t, "320x180"), makeFLV(t, "192x108")
	channels := "  steady: {dvr: 10m}\n  reconnects: {dvr: 10m}\n  hostile: {dvr: 10m}\n"
	for name := range faults {
		channels += "  " + name + ": {dvr: 10m}\n"
	}
	srv := start(t, settings{channels: channels})
	steady, err := srv.publish("steady")
	require.NoError(t, err)
	steady.configure(m, 0)
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for from := 0; ; from += 1000 {
			select {
			case <-over:
				return
			default:
				steady.play(m, stretch{from: from, to: from + 1000, speed: 1})
			}
		}
	}()

	stop := sync.OnceFunc(func() { close(over); <-ended })
	defer stop()

	parts := map[string]func(*attempt){
		"reconnects": func(t *attempt) { srv.showReconnects(t, m) },
		"hostile":    func(t *attempt) { srv.showHostility(t, m) },
	}
	for name, f := range faults {
		parts[name] = func(t *attempt) { srv.showFault(t, name, f, m, other) }
	}
	t.RunFeeds(parts)

	stop()
	require.NoError(t, steady.err)
	steady.stop()
	srv.requireOut(t, "steady", steady, 0)
	_, discontinuities := srv.samples("steady", "v1")
	require.Zero(t, discontinuities)
	require.Empty(t, srv.status("steady").LastError)
}

// requireOut waits for the end of a channel's feed and checks that so many of its samples at most did not come out, that all of
// these were counted, malformed messages too, and that the end of the feed is there.
func (s *server) requireOut(t testing.TB, channel string, p *publisher, lost int) {
	t.Helper()
	s.waitLog(time.Minute, `"feed ended"`, fmt.Sprintf(`"channel":%q`, channel))
	missing := 0
	eventually(t, time.Minute, "all that came of "+channel+" is listed", func() bool {
		missing = 0
		for track, typ := range map[string]byte{"v1": rtmpVideo, "a1": rtmpAudio} {
			got, _ := s.samples(channel, track)
			lacks := p.lacks(typ, got)
			require.GreaterOrEqual(t, lacks, 0, "%s is not what was sent", track)
			missing += lacks
			const tail = 50
			if n := len(p.sent[typ]); len(got) < tail || !slices.Equal(got[len(got)-tail:], p.sent[typ][n-tail:]) {
				return false
			}
		}
		return missing+p.noise == s.status(channel).Drops.Samples
	})
	require.LessOrEqual(t, missing, lost, "samples lost")
}

// showFault plays a fault and compares what came out with what was sent.
func (s *server) showFault(t testing.TB, name string, f fault, m, other *flvMedia) {
	p, err := s.publish(name)
	require.NoError(t, err)
	p.configure(m, 0)
	f.play(p, m, other)
	require.NoError(t, p.err)
	p.stop()
	s.requireOut(t, name, p, f.lost)
	for _, track := range []string{"v1", "a1"} {
		_, n := s.samples(name, track)
		require.GreaterOrEqual(t, n, f.discontinuities[0], "discontinuities of %s", track)
		require.LessOrEqual(t, n, f.discontinuities[1], "discontinuities of %s", track)
	}
	st := s.status(name)
	require.Contains(t, st.LastError, f.told)
	t.Logf("%d samples lost and counted, told %q", st.Drops.Samples, st.LastError)
}
