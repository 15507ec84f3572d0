package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
)

// cluster is NATS nodes, ingests and edges, each a process of its own with a directory of its own. Their ports stay what they are when a process
// is started again.
type cluster struct {
	t       testing.TB
	nodes   []*member
	ingests []*member
	edges   []*member
	url     func(user string, nodes ...int) string // of these nodes, or of all
}

// member is one process of a cluster; server is the one that runs now.
type member struct {
	*server
	name, command string
	dir           string // of its data
	config        string // path of its configuration file
	binary        string // of the program
	arguments     []string
	variables     []string // of its environment
	place         place
	players       string // HOST:PORT, and so are these
	admin         string
	rtmp          string
	nats          string
}

// clusterSettings is what of a cluster tests choose.
type clusterSettings struct {
	nodes, ingests, edges int
	channels              string            // YAML, the lines under `channels:`
	store                 string            // what each node may keep, "" for 1GiB
	edge                  string            // YAML, more keys of `edge:` in braces, "" for none
	dirs                  map[string]string // data directories by the member's name, where they are not any
	binaries              map[string]string // builds of the program by the member's name, where they are not the usual one
	accounts              string            // file with the nodes' users, "" for docs/nats-accounts.conf
	environment           []string          // of all processes, beside passwords
	near                  map[string][]int  // nodes that a member knows, by its name, where these are not all
	places                map[string]place  // where members run, by their names, where that is not simply this machine
	// routes says to which addresses a node connects to find the others, where these are not the real ones: a test that cuts routes puts a
	// proxy between.
	routes func(node int, real []string) []string
}

const clusterPassword = "hunter2"

// startCluster starts all processes and returns once they are ready.
func startCluster(t testing.TB, s clusterSettings) *cluster {
	t.Helper()
	c := &cluster{t: t}
	if s.accounts == "" {
		s.accounts = "../../docs/nats-accounts.conf"
	}
	accounts, err := filepath.Abs(s.accounts)
	require.NoError(t, err)
	ports := steadyPorts(t, 3*s.nodes+2*s.ingests+2*s.edges)
	port := func(role string, i int) (address string) {
		address, ports = ports[0], ports[1:]
		return s.places[fmt.Sprint(role, i)].address(address)
	}
	var routes, clients []string
	for i := range s.nodes {
		routes, clients = append(routes, port("bus", i)), append(clients, port("bus", i))
	}
	c.url = func(user string, nodes ...int) string {
		login, known := "nats://"+user+":"+clusterPassword+"@", clients
		if len(nodes) > 0 {
			known = nil
		}
		for _, n := range nodes {
			known = append(known, clients[n])
		}
		return login + strings.Join(known, ","+login)
	}
	if s.store == "" {
		s.store = "1GiB"
	}
	for i := range s.nodes {
		m := c.member("bus", i, s)
		m.nats, m.admin = clients[i], port("bus", i)
		peers := routes
		if s.routes != nil {
			peers = s.routes(i, routes)
		}
		others := fmt.Sprintf(`, cluster: {listen: %q, routes: ["%s"], secret: s3cret}`, routes[i], strings.Join(peers, `", "`))
		if s.nodes == 1 {
			others = ""
		}
		m.configure(fmt.Sprintf("admin: {listen: %q}\nnode: {name: %s, listen: %q, accounts: %q, store: %s%s}\n",
			m.admin, m.name, m.nats, accounts, s.store, others))
		c.nodes = append(c.nodes, m)
	}
	for i := range s.ingests {
		m := c.member("ingest", i, s)
		m.rtmp, m.admin = port("ingest", i), port("ingest", i)
		m.configure(fmt.Sprintf("admin: {listen: %q}\ningest: {rtmp: %q, srt: \"127.0.0.1:0\", http: \"\", whip: {udp: \"127.0.0.1:0\"}}\n"+
			"bus: {url: %q, replicas: %d}\nchannels:\n%s", m.admin, m.rtmp, c.url("ingest", s.near[m.name]...), s.nodes, s.channels))
		c.ingests = append(c.ingests, m)
	}
	for i := range s.edges {
		m := c.member("edge", i, s)
		m.players, m.admin = port("edge", i), port("edge", i)
		more := ""
		if s.edge != "" {
			more = ", " + s.edge
		}
		m.configure(fmt.Sprintf("edge: {listen: %q%s}\nadmin: {listen: %q}\nbus: {url: %q}\nchannels:\n%s", m.players, more, m.admin, c.url("edge", s.near[m.name]...), s.channels))
		c.edges = append(c.edges, m)
	}
	for _, group := range [][]*member{c.nodes, c.ingests, c.edges} {
		for _, m := range group {
			m.start()
		}
		for _, m := range group {
			m.waitReady(time.Minute)
		}
	}
	return c
}

func (c *cluster) all() []*member {
	return append(append(append([]*member(nil), c.nodes...), c.ingests...), c.edges...)
}

func (c *cluster) member(role string, i int, s clusterSettings) *member {
	m := &member{server: &server{t: c.t}, name: fmt.Sprintf("%s%d", role, i), command: role}
	if m.dir = s.dirs[m.name]; m.dir == "" {
		m.dir = filepath.Join(c.t.TempDir(), "data")
	}
	m.variables, m.place = s.environment, s.places[m.name]
	if m.binary = s.binaries[m.name]; m.binary == "" {
		m.binary = weirBinary
	}
	return m
}

// configure writes the member's file: what all have in common, and more. When it is told to stop it goes on for a moment only: a test with five members
// would otherwise wait for half a minute at its end.
func (m *member) configure(more string) {
	m.t.Helper()
	m.config = filepath.Join(m.t.TempDir(), m.name+".yaml")
	require.NoError(m.t, os.WriteFile(m.config, []byte(fmt.Sprintf("data: %s\nlog: {format: json}\ndrain: 200ms\n", m.dir)+more), 0o600))
}

// start starts the member's process, for the first time or again. It does not wait until that can do anything.
func (m *member) start() {
	m.t.Helper()
	password := "=" + clusterPassword
	words := append(append([]string(nil), m.place.before...), m.binary, m.command, "--config", m.config)
	m.server = launchBinary(m.t, words[0], append(words[1:], m.arguments...),
		append(m.variables, "WEIR_INGEST_PASSWORD"+password, "WEIR_EDGE_PASSWORD"+password, "WEIR_OPERATOR_PASSWORD"+password)...)
	m.server.players, m.server.admin, m.server.rtmp = m.players, m.admin, m.rtmp
}

// pause makes the process stand still, as a machine that swaps does, and resume ends that.
func (m *member) pause() {
	m.t.Helper()
	require.NoError(m.t, m.cmd.Process.Signal(syscall.SIGSTOP))
	m.t.Cleanup(func() { _ = m.cmd.Process.Signal(syscall.SIGCONT) })
}

func (m *member) resume() {
	m.t.Helper()
	require.NoError(m.t, m.cmd.Process.Signal(syscall.SIGCONT))
}

// readiness is the answer of /readyz; status 0: there is none.
func (m *member) readiness() (status int, body string) {
	status, text := tryGet(m.t.Context(), "http://"+m.admin+"/readyz", 2*time.Second)
	return status, string(text)
}

func (m *member) waitReady(atMost time.Duration) {
	m.t.Helper()
	said := ""
	deadline := time.Now().Add(atMost)
	eventually(m.t, atMost+time.Second, m.name+" is ready", func() bool {
		status, body := m.readiness()
		said = body
		select {
		case <-m.exited:
			m.t.Fatalf("%s has ended:\n%s", m.name, m.log.tail(50))
		default:
		}
		require.True(m.t, status == http.StatusOK || time.Now().Before(deadline), "%s is not ready: %s\n%s", m.name, said, m.log.tail(50))
		return status == http.StatusOK
	})
}

// tail is the last n messages of a stream, in words.
func (c *cluster) tail(name string, n uint64) string {
	ctx, cancel := context.WithTimeout(c.t.Context(), 10*time.Second)
	defer cancel()
	s, leave, err := openStream(ctx, c.url("operator"), name)
	if err != nil {
		return err.Error()
	}
	defer leave()
	var all []string
	last := s.CachedInfo().State.LastSeq
	for seq := max(last, n) - n + 1; seq <= last; seq++ {
		m, err := s.GetMsg(ctx, seq)
		if err != nil {
			all = append(all, fmt.Sprintf("%d: %v", seq, err))
			continue
		}
		all = append(all, fmt.Sprintf("%d at %s: %s, %d bytes", seq, m.Time.Format(time.StampMilli), m.Subject, len(m.Data)))
	}
	return strings.Join(all, "\n")
}

// stream is what the cluster says of a stream; the error says why it says nothing.
func (c *cluster) stream(name string) (*jetstream.StreamInfo, error) {
	return streamAt(c.t.Context(), c.url("operator"), name)
}

// streamAt is what the servers of a URL say of a stream.
func streamAt(ctx context.Context, url, name string) (*jetstream.StreamInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	s, leave, err := openStream(ctx, url, name)
	if err != nil {
		return nil, err
	}
	defer leave()
	return s.CachedInfo(), nil
}

// openStream is a stream at the servers of a URL, over a connection of its own until leave is called.
func openStream(ctx context.Context, url, name string) (s jetstream.Stream, leave func(), err error) {
	nc, err := nats.Connect(url, nats.Timeout(2*time.Second))
	if err != nil {
		return nil, nil, err
	}
	js, err := jetstream.New(nc)
	if err == nil {
		s, err = js.Stream(ctx, name)
	}
	if err != nil {
		nc.Close()
		return nil, nil, err
	}
	return s, nc.Close, nil
}

// leader is the node that leads a stream, or nil.
func (c *cluster) leader(stream string) *member {
	info, err := c.stream(stream)
	if err != nil || info.Cluster == nil {
		return nil
	}
	for _, n := range c.nodes {
		if n.name == info.Cluster.Leader {
			return n
		}
	}
	return nil
}

// waitWhole waits until every process is ready and every node has all of the streams.
func (c *cluster) waitWhole(streams ...string) {
	c.t.Helper()
	for _, m := range c.all() {
		m.waitReady(2 * time.Minute)
	}
	for _, name := range streams {
		eventually(c.t, 2*time.Minute, "all nodes have stream "+name, func() bool {
			info, err := c.stream(name)
			if err != nil || info.Cluster == nil || info.Cluster.Leader == "" || len(info.Cluster.Replicas) != len(c.nodes)-1 {
				return false
			}
			for _, r := range info.Cluster.Replicas {
				if !r.Current || r.Offline {
					return false
				}
			}
			return true
		})
	}
}

// steadyPorts are addresses that nobody has, and that the system gives to nobody who asks for any port or connects somewhere.
func steadyPorts(t testing.TB, n int) (all []string) {
	t.Helper()
	for len(all) < n {
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 12_000+rand.IntN(20_000)))
		if err != nil {
			continue
		}
		defer ln.Close()
		all = append(all, ln.Addr().String())
	}
	return all
}

// tryGet fetches a URL; status 0 where there was no whole answer in time.
func tryGet(ctx context.Context, url string, atMost time.Duration) (status int, body []byte) {
	ctx, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil
	}
	return do(req)
}
