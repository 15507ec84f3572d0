package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// feedRole is what an ingest does with the feed of channel live, and how often it has taken the channel over, in all and without a discontinuity.
type feedRole struct {
	Role      string
	Ready     bool
	Takeovers int
	Seamless  int
}

func (m *member) feed() (r feedRole) {
	status, body := tryGet(m.t.Context(), "http://"+m.admin+"/api/v1/channels/live", viewPatient)
	if status == http.StatusOK {
		var ch struct{ Feed feedRole }
		require.NoError(m.t, json.Unmarshal(body, &ch), "%s", body)
		r = ch.Feed
	}
	return r
}

// roles waits until one ingest writes and the other is ready to take its place.
func (c *cluster) roles() (writer, other *member) {
	c.t.Helper()
	eventually(c.t, time.Minute, "one ingest writes and the other is ready", func() bool {
		a, b := c.ingests[0], c.ingests[1]
		x, y := a.feed(), b.feed()
		if x.Role == "standby" {
			a, b, x, y = b, a, y, x
		}
		writer, other = a, b
		return x.Role == "writing" && y.Role == "standby" && y.Ready
	})
	return writer, other
}

// An encoder pushes to two ingests, of which one is killed, paused, or told to let go or to end: what people see has every sample once, in one
// run, without a discontinuity.
func TestRedundantIngestLosesNothing(t *testing.T) {
	t.Parallel()
	realtime(t, redundantIngestLosesNothing)
}

func redundantIngestLosesNothing(t *attempt) {
	c := startCluster(t, clusterSettings{nodes: 1, ingests: 2, edges: 2, channels: "  live: {dvr: 1h, segment: 1s, redundant: true}\n"})
	e := startEncoder(t)
	e.send("live", c.ingests[0])
	e.send("live", c.ingests[1])
	viewers := map[string]*viewer{"edge0": tuneIn(t, "live", c.edges[0]), "edge1": tuneIn(t, "live", c.edges[1]), "both": tuneIn(t, "live", c.edges...)}
	order := func(at *member) {
		status, body := post(t, "http://"+at.admin+"/api/v1/channels/live/takeover")
		require.Equal(t, http.StatusAccepted, status, body)
	}
	for _, m := range []struct {
		what string
		do   func(writer, other *member) (after func())
	}{
		{"the writer is killed", func(w, _ *member) func() { w.kill(); return w.start }},
		{"the writer is paused", func(w, _ *member) func() { w.pause(); return w.resume }},
		{"the one that stands by is told to take over", func(_, o *member) func() { order(o); return func() {} }},
		{"the writer is told to let go", func(w, _ *member) func() { order(w); return func() {} }},
		{"the writer is told to end, as by a rolling restart", func(w, _ *member) func() { w.stop(); return w.start }},
	} {
		writer, other := c.roles()
		c.waitLive(viewers)
		before := other.feed()
		from := time.Now()
		after := m.do(writer, other)
		eventually(t, time.Minute, "the takeover, as "+m.what, func() bool { return other.feed().Role == "writing" })
		taken := time.Since(from)
		c.waitLive(viewers)
		after()
		eventually(t, time.Minute, "the run goes on, as "+m.what, func() bool { return other.feed().Seamless == before.Seamless+1 })
		stood := time.Duration(0)
		for _, v := range viewers {
			stood = max(stood, v.stood(from))
		}
		t.Logf("%s: taken over within %s, the live edge stood still for %s", m.what, taken.Round(10*time.Millisecond), stood.Round(10*time.Millisecond))
	}
	c.roles()
	c.endFeed(e, viewers)
	c.requireNothingLost(e, viewers, 1)
	for _, m := range c.edges {
		require.NotContains(t, m.log.tail(10000), "damaged")
	}
}

// post sends a request without a body.
func post(t testing.TB, url string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(""))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	status, data := do(req)
	return status, string(data)
}
