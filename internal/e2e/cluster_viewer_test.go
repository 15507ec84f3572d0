package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"
	"github.com/stretchr/testify/require"
)

const (
	viewEvery   = 50 * time.Millisecond // between two looks at a playlist
	viewPatient = 2 * time.Second       // for an answer, before a viewer tries again, or elsewhere
)

// viewer asks edges for all of a channel as a player does that goes on elsewhere when it gets no answer, and keeps what it got.
type viewer struct {
	t       testing.TB
	channel string
	edges   []*member // the one it asks is first
	done    sync.WaitGroup
	cancel  context.CancelFunc

	mu    sync.Mutex
	got   map[string]map[uint64]viewed // by track and number
	times []time.Time                  // when the live edge was seen to have moved
	edge  liveEdge
	moves int // from one edge to another
}

// viewed is a segment that a viewer got.
type viewed struct {
	listed
	header, body []byte    // init segment, media; nil where it is a gap
	from         string    // the edge that it came from
	at           time.Time // when
}

// liveEdge is how far a playlist goes: number of the open segment, and parts of it.
type liveEdge struct {
	segment uint64
	parts   int
}

func (e liveEdge) before(o liveEdge) bool {
	return e.segment < o.segment || e.segment == o.segment && e.parts < o.parts
}

// tuneIn watches a channel until the viewer is stopped.
func tuneIn(t testing.TB, channel string, edges ...*member) *viewer {
	edges = append([]*member(nil), edges...)
	ctx, cancel := context.WithCancel(t.Context())
	v := &viewer{t: t, channel: channel, edges: edges, cancel: cancel, got: map[string]map[uint64]viewed{"v1": {}, "a1": {}}}
	v.done.Go(func() { v.run(ctx) })
	t.Cleanup(v.stop)
	return v
}

func (v *viewer) stop() {
	v.cancel()
	v.done.Wait()
}

func (v *viewer) run(ctx context.Context) {
	tick := time.NewTicker(viewEvery)
	defer tick.Stop()
	for {
		if !v.look(ctx) && len(v.edges) > 1 && ctx.Err() == nil {
			v.mu.Lock()
			v.edges = append(v.edges[1:len(v.edges):len(v.edges)], v.edges[0])
			v.moves++
			v.mu.Unlock()
			continue // at once
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look reads the playlists and what is new in them; false: an answer did not come.
func (v *viewer) look(ctx context.Context) bool {
	edge := v.asks()
	for _, track := range []string{"v1", "a1"} {
		base := "/live/" + v.channel + "/" + track
		at := "http://" + edge.players
		status, body := tryGet(ctx, at+base+"/index.m3u8", viewPatient)
		if status != http.StatusOK {
			return false
		}
		list := parsePlaylist(v.t, base, body)
		if track == "v1" {
			v.moved(liveEdge{list.sequence + uint64(len(list.segments)), list.parts})
		}
		for _, s := range list.segments {
			if _, ok := v.got[track][s.number]; ok {
				continue
			}
			seg := viewed{listed: s, from: edge.name, at: time.Now()}
			if !s.gap {
				var a, b int
				if a, seg.header = tryGet(ctx, at+s.init, viewPatient); a == http.StatusOK {
					b, seg.body = tryGet(ctx, at+s.uri, viewPatient)
				}
				if a != http.StatusOK || b != http.StatusOK {
					return false
				}
			}
			v.mu.Lock()
			v.got[track][s.number] = seg
			v.mu.Unlock()
		}
	}
	return true
}

// moved takes down where the live edge is.
func (v *viewer) moved(to liveEdge) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.edge.before(to) {
		v.edge = to
		v.times = append(v.times, time.Now())
	}
}

// stood is the longest time since from in which the live edge did not move.
func (v *viewer) stood(from time.Time) (longest time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	last := from
	for _, at := range v.times {
		if at.After(from) {
			longest, last = max(longest, at.Sub(last)), at
		}
	}
	return max(longest, time.Since(last))
}

// at is where the live edge is.
func (v *viewer) at() liveEdge {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.edge
}

// asks is the edge that is asked now.
func (v *viewer) asks() *member {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.edges[0]
}

// moveCount is how often the viewer has gone to another edge.
func (v *viewer) moveCount() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.moves
}

// segments are those of a track from its first to its last, which are all there.
func (v *viewer) segments(t testing.TB, track string) (all []viewed) {
	t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	first := ^uint64(0)
	for n := range v.got[track] {
		first = min(first, n)
	}
	for n := first; len(all) < len(v.got[track]); n++ {
		s, ok := v.got[track][n]
		require.True(t, ok, "segment %d of %s was never listed", n, track)
		all = append(all, s)
	}
	return all
}

// shown is what a track of a channel showed.
type shown struct {
	numbers         []int    // of the samples, as the encoder has numbered them
	rows            []string // what each segment brought, in words
	discontinuities int
	gaps            int
}

// show takes the segments of a track apart. Every sample is as it was made, and none comes at a time other than its own: all of what lies between two
// discontinuities is as long after the encoder's time.
func (v *viewer) show(t testing.TB, track string, e *encoder) (all shown) {
	t.Helper()
	apart, known := 0.0, false
	for _, s := range v.segments(t, track) {
		if s.discontinuity {
			all.discontinuities++
			known = false
		}
		before := len(all.numbers)
		tell := func(what string) {
			all.rows = append(all.rows, fmt.Sprintf("segment %d, from %s at %s, discontinuity %t: %s",
				s.number, s.from, s.at.Format(time.StampMilli), s.discontinuity, what))
		}
		if s.gap {
			all.gaps++
			tell("a gap")
			continue
		}
		file, err := mp4.DecodeFile(bytes.NewReader(append(append([]byte(nil), s.header...), s.body...)))
		require.NoError(t, err, s.uri)
		timescale := float64(file.Init.Moov.Trak.Mdia.Mdhd.Timescale)
		for _, one := range file.Segments {
			for _, fragment := range one.Fragments {
				samples, err := fragment.GetFullSamples(file.Init.Moov.Mvex.Trex)
				require.NoError(t, err)
				for _, sample := range samples {
					n, err := numberOf(track, sample.Data)
					require.NoError(t, err, s.uri)
					e.requireSample(t, track, n, sample.Data)
					made := float64(n) * 0.04
					if track[0] == 'a' {
						made = float64(n) * 1024 / 48000
					}
					if at := float64(sample.DecodeTime)/timescale - made; !known {
						apart, known = at, true
					} else {
						require.InDelta(t, apart, at, 0.003, "time of sample %d of track %s, segment %d", n, track, s.number)
					}
					all.numbers = append(all.numbers, n)
				}
			}
		}
		got := all.numbers[before:]
		require.NotEmpty(t, got, s.uri)
		tell(fmt.Sprintf("samples %d to %d", got[0], got[len(got)-1]))
	}
	return all
}

// do sends a request; status 0 where there was no whole answer.
func do(req *http.Request) (status int, body []byte) {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	if body, err = io.ReadAll(resp.Body); err != nil {
		return 0, nil
	}
	return resp.StatusCode, body
}
