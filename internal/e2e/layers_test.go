package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/testdata"
)

// filmSite is a site with any number of films, all the same, that counts what is read of them.
type filmSite struct {
	*httptest.Server
	read atomic.Int64 // bytes
}

func newFilmSite(t testing.TB) *filmSite {
	t.Helper()
	s := &filmSite{}
	made := time.Now()
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(counting{w, &s.read}, r, "film.mp4", made, strings.NewReader(testdata.Demo))
	}))
	t.Cleanup(s.Close)
	return s
}

// counting counts the bytes of bodies.
type counting struct {
	http.ResponseWriter
	n *atomic.Int64
}

func (c counting) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.n.Add(int64(n))
	return n, err
}

// playsFilm has an edge serve all of a film, and gives its segments by their paths within it.
func (m *member) playsFilm(film string) map[string]string {
	m.t.Helper()
	all := map[string]string{}
	for _, track := range []string{"v1", "a1"} {
		list, ok := m.media("vod/"+film, track)
		require.True(m.t, ok, film)
		for _, segment := range list.segments {
			status, body := m.get(segment.uri)
			require.Equal(m.t, http.StatusOK, status, segment.uri)
			require.NotEmpty(m.t, body, segment.uri)
			all[track+"/"+strconv.FormatUint(segment.number, 10)] = string(body)
		}
	}
	return all
}

// Two edges of one bus know each other: what both serve of films is read from their site once, and when one of them is dead the other reads what was that
// one's. Behind them an edge in a partner's network, without a bus, plays the live channel: when all that it gets it from are dead it serves what it
// has, and goes on when they are back, with the same bytes.
func TestEdgesBehindEdges(t *testing.T) {
	t.Parallel()
	realtime(t, edgesBehindEdges)
}

func edgesBehindEdges(t *attempt) {
	need(t, "ffmpeg")
	const films = 6 // enough that each edge owns one, but for one time in 32
	site := newFilmSite(t)
	channels := "  live: {dvr: 10m, segment: 1s}\n"
	c := startCluster(t, clusterSettings{nodes: 1, ingests: 1, channels: channels})
	ports := steadyPorts(t, 6)
	edge := func(name, addresses, more string) *member {
		m := c.member("edge", len(c.all()), clusterSettings{})
		m.name, m.players, m.admin = name, ports[0], ports[1]
		ports = ports[2:]
		m.configure(fmt.Sprintf("edge: {listen: %q, %s}\nadmin: {listen: %q}\n", m.players, strings.ReplaceAll(addresses, "ITSELF", "http://"+m.players), m.admin) + more)
		m.start()
		return m
	}
	const peer = `peer: {address: "ITSELF", secret: "the-secret-of-the-edges"}`
	library := fmt.Sprintf("bus: {url: %q}\nchannels:\n%svod:\n  head: 0\n  libraries: {films: {sites: [site]}}\n  sites: {site: {url: %q}}\n", c.url("edge"), channels, site.URL+"/")
	near, other := edge("near", peer, library), edge("other", peer, library)
	relay := edge("relay", fmt.Sprintf("upstream: [%q]", "http://"+near.players), "")
	for _, m := range []*member{near, other, relay} {
		m.waitReady(time.Minute)
	}
	e := startEncoder(t)
	e.send("live", c.ingests[0])
	viewers := map[string]*viewer{"near": tuneIn(t, "live", near), "relay": tuneIn(t, "live", relay)}
	for _, m := range []*member{near, other} {
		eventually(t, time.Minute, m.name+" knows both", func() bool {
			_, metrics := fetch(t, http.MethodGet, "http://"+m.admin+"/metrics", "")
			return strings.Contains(string(metrics), "weir_peer_members 2\n")
		})
	}

	film := near.playsFilm("films~0.mp4")
	for n := range films {
		for _, m := range []*member{near, other} {
			require.Equal(t, film, m.playsFilm(fmt.Sprintf("films~%d.mp4", n)), "film %d at %s", n, m.name)
		}
	}
	times := float64(site.read.Load()) / float64(films*len(testdata.Demo))
	t.Logf("what two edges serve is read %.2f times", times)
	require.Less(t, times, 1.5)
	c.waitLive(viewers)

	other.kill()
	for n := range films {
		require.Equal(t, film, near.playsFilm(fmt.Sprintf("films~again~%d.mp4", n)), "film %d without its owner", n)
	}

	seen := viewers["relay"].segments(t, "v1")
	near.kill()
	_, ok := relay.media("live", "v1")
	require.True(t, ok, "the relay serves what it has")
	for _, s := range seen {
		status, body := relay.get(s.uri)
		require.Equal(t, http.StatusOK, status, s.uri)
		require.Equal(t, string(s.body), string(body), s.uri)
	}
	near.start()
	c.waitLive(viewers)
	c.edges = []*member{near, relay}
	c.endFeed(e, viewers)
	c.requireNothingLost(e, viewers, 1)
}
