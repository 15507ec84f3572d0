package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What may happen to one process of a cluster, in words.
const (
	killed = "killed"
	paused = "paused"
)

// mishap is something that happens to one process, and how long the live edge stood still over it.
type mishap struct {
	what string
	to   func(c *cluster) *member // nil: nobody is that now
	gone time.Duration            // how long it is gone, or stands still
}

const chaosStream = "weir-live-live"

// A cluster of three NATS nodes, two ingests with the same feed and two edges loses one process after the other while people watch: of what was sent nothing is
// missing, nothing comes twice, and both edges have the same bytes.
func TestClusterLosesNothing(t *testing.T) {
	t.Parallel()
	realtime(t, clusterLosesNothing)
}

func clusterLosesNothing(t *attempt) {
	follower := func(c *cluster) *member {
		for _, n := range c.nodes {
			if l := c.leader(chaosStream); l != nil && n != l {
				return n
			}
		}
		return nil
	}
	leader := func(c *cluster) *member { return c.leader(chaosStream) }
	var both *viewer
	edge := func(*cluster) *member { return both.asks() }
	mishaps := []mishap{
		{"NATS leader " + killed, leader, time.Second},
		{"edge " + killed, edge, time.Second},
		{"writer " + killed, (*cluster).writer, time.Second},
		{"writer " + paused, (*cluster).writer, 3 * time.Second},
		{"NATS leader " + paused, leader, 3 * time.Second},
		{"NATS follower without its disk " + killed, follower, time.Second},
		{"edge " + paused, edge, 3 * time.Second},
	}
	rounds, seed := len(mishaps), uint64(time.Now().UnixNano())
	if text := os.Getenv("WEIR_CHAOS"); text != "" { // ROUNDS or ROUNDS,SEED
		n, s, _ := strings.Cut(text, ",")
		var err error
		rounds, err = strconv.Atoi(n)
		require.NoError(t, err)
		if s != "" {
			seed, err = strconv.ParseUint(s, 10, 64)
			require.NoError(t, err)
		}
	}
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	c := startCluster(t, clusterSettings{nodes: 3, ingests: 2, edges: 2, channels: "  live: {dvr: 1h, segment: 1s, redundant: true}\n"})
	e := startEncoder(t)
	for _, in := range c.ingests {
		e.send("live", in)
	}
	viewers := map[string]*viewer{
		"edge0": tuneIn(t, "live", c.edges[0]), "edge1": tuneIn(t, "live", c.edges[1]), "both": tuneIn(t, "live", c.edges...),
	}
	both = viewers["both"]
	c.waitLive(viewers)
	order := random.Perm(len(mishaps))
	for i := range rounds {
		c.suffer(mishaps[order[i%len(order)]], viewers)
	}
	c.endFeed(e, viewers)
	c.requireNothingLost(e, viewers, 1)
}

// role is what an ingest does with the channel's feed: "writing", "standby", or "" where it has none.
func (m *member) role(channel string) string {
	var status struct{ Feed struct{ Role string } }
	code, body := tryGet(m.t.Context(), "http://"+m.admin+"/api/v1/channels/"+channel, viewPatient)
	if code != http.StatusOK || json.Unmarshal(body, &status) != nil {
		return ""
	}
	return status.Feed.Role
}

// writer is the ingest that writes the channel, once another stands by for it.
func (c *cluster) writer() (writer *member) {
	c.t.Helper()
	eventually(c.t, time.Minute, "one ingest writes, the other stands by", func() bool {
		writes, stands := 0, 0
		for _, in := range c.ingests {
			switch in.role("live") {
			case "writing":
				writer = in
				writes++
			case "standby":
				stands++
			}
		}
		return writes == 1 && stands == len(c.ingests)-1
	})
	return writer
}

// suffer lets something happen, and waits until all is well again.
func (c *cluster) suffer(m mishap, viewers map[string]*viewer) {
	c.t.Helper()
	victim := m.to(c)
	require.NotNil(c.t, victim, m.what)
	from := time.Now()
	moves := viewers["both"].moveCount()
	if strings.HasSuffix(m.what, killed) {
		victim.kill()
		if strings.Contains(m.what, "without its disk") {
			require.NoError(c.t, os.RemoveAll(victim.dir))
		}
		c.pass(m.gone)
		victim.start()
	} else {
		victim.pause()
		c.pass(m.gone)
		victim.resume()
	}
	c.waitWhole(chaosStream, "KV_weir-live", "KV_weir-leases")
	c.writer()
	c.waitLive(viewers)
	said := ""
	for _, name := range []string{"edge0", "edge1", "both"} {
		said += fmt.Sprintf(", %s %s", name, viewers[name].stood(from).Round(10*time.Millisecond))
	}
	c.t.Logf("%s (%s) for %s: the live edge stood still%s; %d moves; whole after %s", m.what, victim.name, m.gone, said,
		viewers["both"].moveCount()-moves, time.Since(from).Round(100*time.Millisecond))
}

// pass lets so much time pass.
func (c *cluster) pass(d time.Duration) {
	select {
	case <-time.After(d):
	case <-c.t.Context().Done():
	}
}

// waitLive waits until the live edge has moved on for all, by a segment and more.
func (c *cluster) waitLive(viewers map[string]*viewer) {
	c.t.Helper()
	from := map[string]liveEdge{}
	for name, v := range viewers {
		from[name] = v.at()
	}
	for name, v := range viewers {
		eventually(c.t, 2*time.Minute, "the live edge moves on for "+name, func() bool {
			at := v.at()
			return from[name].segment+1 < at.segment
		})
	}
}

// endFeed ends the feed, and the viewers when they have its last sample.
func (c *cluster) endFeed(e *encoder, viewers map[string]*viewer) {
	c.t.Helper()
	e.stop()
	for name, v := range viewers {
		for track, n := range e.counts() {
			begun, state := time.Now(), ""
			eventually(c.t, time.Minute, fmt.Sprintf("%s has the last of %d samples of %s", name, n, track), func() bool {
				v.mu.Lock()
				defer v.mu.Unlock()
				last := uint64(0)
				for number := range v.got[track] {
					last = max(last, number)
				}
				state = ""
				for number := last; number+3 > last; number-- {
					s, samples := v.got[track][number], 0
					for sample := range n {
						if strings.Contains(string(s.body), fmt.Sprintf("%0*d", digits, sample)) {
							samples = sample + 1
						}
					}
					state += fmt.Sprintf(" segment %d: %d bytes, samples before %d, gap %t, discontinuity %t;", number, len(s.body), samples, s.gap, s.discontinuity)
					if samples == n {
						return true
					}
				}
				if time.Since(begun) > 20*time.Second {
					c.t.Fatalf("%s lacks the last of %d samples of %s:%s\nthe stream ends with\n%s", name, n, track, state, c.tail(chaosStream, 20))
				}
				return false
			})
		}
		v.stop()
	}
}

// requireNothingLost says that each viewer has got every sample once, in order, and that all got the same bytes, which are also those that the edges
// have now. What was sent came in so many feeds: between two of them there is a discontinuity, and something may be missing.
func (c *cluster) requireNothingLost(e *encoder, viewers map[string]*viewer, feeds int) {
	c.t.Helper()
	fresh := map[string]*viewer{}
	for _, edge := range c.edges {
		v := &viewer{t: c.t, channel: "live", edges: []*member{edge}, got: map[string]map[uint64]viewed{"v1": {}, "a1": {}}}
		require.True(c.t, v.look(c.t.Context()), edge.name)
		fresh["what "+edge.name+" has"] = v
	}
	for track, sent := range e.counts() {
		var first []viewed
		for _, group := range []map[string]*viewer{viewers, fresh} {
			for name, v := range group {
				segments := v.segments(c.t, track)
				if first == nil {
					first = segments
					got := v.show(c.t, track, e)
					missing := got.requireEach(c.t, sent, feeds, track)
					require.Equal(c.t, feeds-1, got.discontinuities, "discontinuities of %s", track)
					require.LessOrEqual(c.t, got.gaps, feeds-1, "gaps of %s", track)
					c.t.Logf("track %s: %d samples in %d segments, each once, %d between %d feeds missing", track, len(got.numbers), len(first), missing, feeds)
				}
				require.Len(c.t, segments, len(first), "%s, track %s", name, track)
				for i := range first {
					a, b := first[i], segments[i]
					a.time, b.time = time.Time{}, time.Time{}
					require.Equal(c.t, a.listed, b.listed, "%s, track %s", name, track)
					require.Equal(c.t, string(a.header), string(b.header), "%s, init of %s", name, a.uri)
					require.Equal(c.t, string(a.body), string(b.body), "%s, %s", name, a.uri)
				}
			}
		}
	}
}

// requireEach says that the numbers rise from 0 to n-1 in so many stretches at most, and is how many are missing.
func (s *shown) requireEach(t testing.TB, n, stretches int, track string) (missing int) {
	t.Helper()
	holes, want := 0, 0
	for i, got := range s.numbers {
		require.GreaterOrEqual(t, got, want, "sample %d of %s comes twice or too late; of all\n%s", i, track, strings.Join(s.rows, "\n"))
		if got > want {
			missing += got - want
			holes++
		}
		want = got + 1
	}
	require.Equal(t, n, want, "samples of %s: the last are missing", track)
	require.Less(t, holes, stretches, "holes in %s, in all %d samples; of all\n%s", track, missing, strings.Join(s.rows, "\n"))
	return missing
}
