package e2e

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// mark stands in each picture that an encoder makes, in a message that decoders pass over (ITU-T H.264, D.1.7), before the picture's number.
const mark = "weir-e2e-counter"

const digits = 8 // of a sample's number

// encoded is one sample of an encoder.
type encoded struct {
	typ  byte // of its RTMP message
	ms   uint32
	key  bool
	body []byte // of the message
}

// encoder makes a feed in real time, and remembers it. Each sample of a kind has its number in it, so that none is like another.
type encoder struct {
	t     testing.TB
	media *flvMedia
	done  sync.WaitGroup

	mu       sync.Mutex
	made     []encoded
	sums     map[byte][]uint32 // checksums of the samples by kind, as they lie in a segment
	added    chan struct{}     // closed and replaced with each sample
	stopping bool              // no more is asked for
	ended    bool              // no more is made
}

// startEncoder makes a feed until stop, or the end of the test.
func startEncoder(t testing.TB) *encoder {
	t.Helper()
	e := &encoder{t: t, media: makeFLV(t, "320x180"), sums: map[byte][]uint32{}, added: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() { cancel(); e.done.Wait() })
	e.done.Go(func() { e.run(ctx) })
	return e
}

func (e *encoder) run(ctx context.Context) {
	begin, sounds := time.Now(), 0
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for picture := 0; ; {
		e.mu.Lock()
		e.ended = e.stopping && picture%25 != 1 // a last segment of one picture has no sound: a gap, and rightly so
		ended := e.ended
		e.mu.Unlock()
		if ended {
			return
		}
		for ms := uint32(picture * 40); time.Since(begin) >= time.Duration(ms)*time.Millisecond; ms = uint32(picture * 40) {
			for at := uint32(sounds * 1024 / 48); at < ms; at = uint32(sounds * 1024 / 48) {
				e.add(encoded{typ: rtmpAudio, ms: at, body: fmt.Appendf(clone(e.media.audio[sounds%len(e.media.audio)]), "%0*d", digits, sounds)})
				sounds++
			}
			frame := e.media.video[picture%len(e.media.video)]
			message := fmt.Appendf([]byte{6, 5, byte(len(mark) + digits)}, "%s%0*d\x80", mark, digits, picture)
			body := binary.BigEndian.AppendUint32(clone(frame[:5]), uint32(len(message)))
			e.add(encoded{typ: rtmpVideo, ms: ms, key: picture%25 == 0, body: append(append(body, message...), frame[5:]...)})
			picture++
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func clone(b []byte) []byte { return append(make([]byte, 0, len(b)+64), b...) }

func (e *encoder) add(s encoded) {
	header := 2
	if s.typ == rtmpVideo {
		header = 5
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.made = append(e.made, s)
	e.sums[s.typ] = append(e.sums[s.typ], crc32.ChecksumIEEE(s.body[header:]))
	close(e.added)
	e.added = make(chan struct{})
}

// stop ends the feed: senders that have sent all say good-bye.
func (e *encoder) stop() {
	e.mu.Lock()
	e.stopping = true
	e.mu.Unlock()
	e.done.Wait()
}

// numberOf is the number that a sample of a segment has in it.
func numberOf(track string, data []byte) (int, error) {
	at := len(data) - digits
	if track[0] == 'v' {
		at = 4 + 3 + len(mark)
	}
	if at < 0 || len(data) < at+digits {
		return 0, fmt.Errorf("sample of %d bytes of track %s", len(data), track)
	}
	return strconv.Atoi(string(data[at : at+digits]))
}

// send pushes the feed to the first of some ingests that takes it, from its beginning on, however long the connection takes to be made: nobody else may
// have that. Whenever the connection is lost it is made again, and the feed goes on with the next key frame, until it ends.
func (e *encoder) send(channel string, to ...*member) {
	e.done.Go(func() {
		from := 0
		for i := 0; e.t.Context().Err() == nil; i++ {
			p, err := (&server{t: e.t, rtmp: to[i%len(to)].rtmp}).publish(channel)
			if err != nil {
				e.mu.Lock()
				ended := e.ended
				e.mu.Unlock()
				if ended {
					return
				}
				select {
				case <-e.t.Context().Done():
				case <-time.After(100 * time.Millisecond):
				}
				continue
			}
			if e.sendTo(p, from) {
				return
			}
			from = e.soFar()
		}
	})
}

// soFar is how many samples were made.
func (e *encoder) soFar() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.made)
}

// sendTo sends what was made from there on until the connection fails, or the feed ends: true.
func (e *encoder) sendTo(p *publisher, from int) bool {
	defer p.nc.Close()
	begun := false
	for i := from; ; i++ {
		s := e.next(i)
		if s == nil {
			p.stop()
			return true
		}
		if !begun && !s.key {
			continue
		}
		if !begun {
			p.configure(e.media, s.ms)
			begun = true
		}
		p.send(s.typ, s.ms, s.body)
		select {
		case <-p.gone:
			return false
		default:
		}
		if p.err != nil {
			return false
		}
	}
}

// next waits for sample i and is nil when the feed has ended before it.
func (e *encoder) next(i int) *encoded {
	for {
		e.mu.Lock()
		made, added, ended := len(e.made), e.added, e.ended
		e.mu.Unlock()
		if i < made {
			e.mu.Lock()
			defer e.mu.Unlock()
			return &e.made[i]
		}
		if ended {
			return nil
		}
		select {
		case <-added:
		case <-e.t.Context().Done():
			return nil
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// counts are how many pictures and sounds were made.
func (e *encoder) counts() map[string]int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return map[string]int{"v1": len(e.sums[rtmpVideo]), "a1": len(e.sums[rtmpAudio])}
}

// requireSample says that data is sample n as it was made.
func (e *encoder) requireSample(t testing.TB, track string, n int, data []byte) {
	t.Helper()
	typ := byte(rtmpAudio)
	if track[0] == 'v' {
		typ = rtmpVideo
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	require.Less(t, n, len(e.sums[typ]), "track %s", track)
	require.Equal(t, e.sums[typ][n], crc32.ChecksumIEEE(data), "sample %d of track %s is not as it was sent", n, track)
}
