package edge

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"weir/internal/bus"
	"weir/internal/catalog"
	"weir/internal/library"
	"weir/internal/origin"
	"weir/internal/shard"
	"weir/testdata"
)

const peerSecret = "what all edges know"

// films is a catalog of one asset, film.
type films struct{}

func (films) Resolve(id string) (catalog.Asset, bool) {
	return catalog.Asset{ID: id, Sites: []string{"web"}, Files: []catalog.AssetFile{{Path: "demo.mp4"}}}, id == "film"
}
func (films) Tracks(catalog.Asset) ([]catalog.Asset, error)    { return nil, nil }
func (films) Page(string, string, int) []catalog.Asset         { return nil }
func (films) Libraries() []catalog.Library                     { return nil }
func (films) Watch(context.Context) <-chan catalog.AssetChange { return nil }

// site is where the film lies. It counts what is read of it, and by how many.
type site struct {
	url   string
	reads atomic.Int64
	bytes atomic.Int64
}

func newSite(t *testing.T) *site {
	s := &site{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"1"`)
		counting := &countingWriter{ResponseWriter: w, to: &s.bytes}
		s.reads.Add(1)
		http.ServeContent(counting, r, "demo.mp4", time.Unix(1, 0), strings.NewReader(testdata.Demo))
	}))
	t.Cleanup(server.Close)
	s.url = server.URL + "/"
	return s
}

type countingWriter struct {
	http.ResponseWriter
	to *atomic.Int64
}

func (w *countingWriter) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.to.Add(int64(n))
	return n, err
}

// peer is one of several edges.
type peer struct {
	t       *testing.T
	url     string
	server  *Server
	library *library.Library
	members *shard.Members
	peers   *shard.Peers
	ends    sync.Once
}

// newPeers are that many edges of one bus, which know each other.
func newPeers(t *testing.T, from *site, n int) (all []*peer) {
	t.Helper()
	b, err := bus.Open(t.Context(), bus.Config{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	for i := range n {
		all = append(all, newPeer(t, b, from, fmt.Sprintf("edge-%d", i)))
	}
	for _, p := range all {
		require.Eventually(t, func() bool { return p.members.Others() == n-1 }, time.Minute, 5*time.Millisecond)
	}
	return all
}

func newPeer(t *testing.T, b *bus.Bus, from *site, id string) *peer {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &peer{t: t, url: "http://" + ln.Addr().String()}
	p.members = shard.Join(shard.Config{
		Bucket: func(ctx context.Context) (jetstream.KeyValue, error) { return b.Edges(ctx) },
		Self:   shard.Member{ID: id, Address: p.url}, Log: quiet,
	})
	t.Cleanup(p.members.Close)
	p.peers = shard.NewPeers(p.members, peerSecret, 10*time.Second, quiet)
	t.Cleanup(p.peers.Close)
	files, err := origin.New([]origin.Config{{Name: "web", URL: from.url}}, quiet, time.Now)
	require.NoError(t, err)
	t.Cleanup(files.Close)
	p.library = library.New(library.Config{
		Catalog: films{}, Origin: files, Segment: 4 * time.Second, Memory: 64 << 20, Peers: p.peers, Log: quiet, Now: time.Now,
	})
	t.Cleanup(p.library.Close)
	p.server, err = New(Config{
		Catalog: &fakeCatalog{changes: make(chan catalog.Change)}, Assets: p.library,
		Peer: PeerAccess{Secret: peerSecret, Assets: p.library.Own()}, Log: quiet, Now: time.Now,
	})
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- p.server.Serve(ln) }()
	t.Cleanup(func() { p.kill(); require.NoError(t, <-served) })
	return p
}

// kill ends what the edge serves, and nothing else: it beats on, as a machine whose port is closed.
func (p *peer) kill() {
	p.ends.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		require.NoError(p.t, p.server.Shutdown(ctx))
	})
}

func (p *peer) get(path string, header ...string) (int, []byte) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.url+path, nil)
	require.NoError(p.t, err)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	require.NoError(p.t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(p.t, err)
	return resp.StatusCode, data
}

// paths are all segments of the film.
func paths(t *testing.T, p *peer) (all []string) {
	t.Helper()
	a, err := p.library.Open(t.Context(), "film")
	require.NoError(t, err)
	defer a.Release()
	w := a.Window()
	for i := range w.Rows.Len() {
		for _, seg := range w.Rows.At(i).Segments {
			all = append(all, fmt.Sprintf("/vod/film/%s/%d.m4s?v=%s", seg.Track, w.Rows.At(i).Number, a.Version()))
		}
	}
	require.Greater(t, len(all), 4)
	return all
}

// playAll reads all segments at all edges at one time, and wants them to be equal.
func playAll(t *testing.T, all []*peer, segments []string) {
	t.Helper()
	got := make([][][]byte, len(all))
	var players sync.WaitGroup
	for i, p := range all {
		got[i] = make([][]byte, len(segments))
		players.Go(func() {
			for k, path := range segments {
				status, data := p.get(path)
				if status != 200 {
					t.Errorf("%s at %s: %d", path, p.url, status)
				}
				got[i][k] = data
			}
		})
	}
	players.Wait()
	for i := range all {
		for k := range segments {
			if len(got[i][k]) == 0 || !bytes.Equal(got[i][k], got[0][k]) {
				t.Errorf("%s: %d bytes at edge %d, %d at the first", segments[k], len(got[i][k]), i, len(got[0][k]))
			}
		}
	}
}

// Several edges read a film from where it lies as often as one does, but for its index.
func TestEdgesReadAnAssetOnce(t *testing.T) {
	t.Parallel()
	alone := newSite(t)
	one := newPeers(t, alone, 1)
	segments := paths(t, one[0])
	index := alone.bytes.Load()
	playAll(t, one, segments)
	media := alone.bytes.Load() - index

	const edges = 4
	shared := newSite(t)
	all := newPeers(t, shared, edges)
	for _, p := range all {
		paths(t, p)
	}
	before := shared.bytes.Load()
	playAll(t, all, segments)
	read := shared.bytes.Load() - before
	t.Logf("media read from the site: %d bytes by one edge, %d by %d", media, read, edges)
	require.Less(t, read, media*5/4, "what lies between the stretches of a row's tracks is all that is read twice")
	asked, failed := uint64(0), uint64(0)
	for _, p := range all {
		st := p.peers.Stats()
		asked, failed = asked+st.Got, failed+st.Failed
	}
	require.NotZero(t, asked)
	require.Zero(t, failed)
	playAll(t, all, segments)
	require.Equal(t, before+read, shared.bytes.Load(), "all is in memory")
}

// An owner that does not answer costs a read from the site, and nobody notices.
func TestWhoIsGoneIsReadAround(t *testing.T) {
	t.Parallel()
	all := newPeers(t, newSite(t), 3)
	segments := paths(t, all[0])
	all[2].kill()
	playAll(t, all[:2], segments)
	gone := all[0].peers.Stats().Failed + all[1].peers.Stats().Failed
	owned := false
	for i := uint64(0); i <= 8; i++ {
		m, _ := all[0].members.Owner(fmt.Sprintf("film\x00%s\x00%d", strings.SplitN(segments[0], "?v=", 2)[1], i), nil)
		owned = owned || m.ID == "edge-2"
	}
	require.True(t, owned)
	require.NotZero(t, gone)
	all[2].members.Close()
	require.Eventually(t, func() bool { return all[0].members.Others() == 1 && all[1].members.Others() == 1 }, time.Minute, 5*time.Millisecond)
	playAll(t, all[:2], segments)
}

// Nothing under /peer/ is for players, and what is there is segments.
func TestPeerPathsAreForEdges(t *testing.T) {
	t.Parallel()
	p := newPeers(t, newSite(t), 1)[0]
	segments := paths(t, p)
	status, want := p.get(segments[0])
	require.Equal(t, 200, status)
	status, got := p.get("/peer"+segments[0], "Authorization", "Bearer "+peerSecret)
	require.Equal(t, 200, status)
	require.Equal(t, want, got)
	for _, field := range []string{"", "Bearer ", "Bearer wrong", peerSecret, "Basic " + peerSecret} {
		status, _ = p.get("/peer"+segments[0], "Authorization", field)
		require.Equal(t, 404, status, field)
	}
	for _, path := range []string{"/peer/vod/film/index.m3u8", "/peer/", "/peer/live/index.json", "/peer/peer" + segments[0], "/peer/vod/film/v1/99999.m4s"} {
		status, _ = p.get(path, "Authorization", "Bearer "+peerSecret)
		require.Equal(t, 404, status, path)
	}
}
