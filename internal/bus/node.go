package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

const (
	nodeMemory  = 256 << 20 // bytes of what is not on disk: the state of readers' consumers
	nodeClients = 10_000    // connections; each process of Weir has three

	// How long a node that leaves gives its clients to find the others, and waits before it sends the first of them away.
	leaveTime  = 5 * time.Second
	leaveGrace = time.Second

	clusterUser = "weir" // that nodes are to each other

	// A route over which no ping was answered for 10 to 15 s is made anew. It takes that long on purpose: what elects leaders has pulses of its own, and
	// a route that is not lost goes on where it was. Left to itself, TCP tries again less and less often, so that a line that was down for
	// a minute would be found to be back after another.
	routePing     = 5 * time.Second
	routePingsOut = 2
)

// NodeConfig is a NATS server of a cluster.
type NodeConfig struct {
	Dir     string // of its streams; it is locked
	Name    string // no two nodes of a cluster have the same
	Listen  string // HOST:PORT for clients
	Cluster NodeCluster
	// Accounts is a file of the form that nats-server reads, of which accounts, users, leaf nodes and the JetStream domain are
	// taken; "": everybody may do everything.
	Accounts string
	MaxStore int64 // bytes that all streams may take; 0: DefaultMaxStore
	Log      *slog.Logger
}

// NodeCluster is where the other nodes are. Without a Listen address there are none.
type NodeCluster struct {
	Name   string   // the same in all nodes
	Listen string   // HOST:PORT for other nodes
	Routes []string // HOST:PORT of nodes, itself perhaps among them; one that is there tells of the others
	Secret string   // that all nodes know; "": whoever reaches Listen is a node
}

// Node is a running server. It is safe for concurrent use.
type Node struct {
	*embedded
	close func() error // once
}

// StartNode starts a node and returns when clients can connect. It does not wait for the others: Ready tells. Errors are one line each,
// ErrLocked and ErrUnwritable among them.
func StartNode(ctx context.Context, cfg NodeConfig) (*Node, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	opts, err := cfg.options()
	if err != nil {
		return nil, fmt.Errorf("NATS node: %w", err)
	}
	e, err := launch(ctx, cfg.Dir, opts, cfg.Log)
	if err != nil {
		return nil, fmt.Errorf("NATS node: %w", err)
	}
	return &Node{e, sync.OnceValue(func() error {
		e.srv.LameDuckShutdown()
		return e.stop()
	})}, nil
}

func (c *NodeConfig) options() (*server.Options, error) {
	host, port, err := hostPort(c.Listen)
	if err != nil {
		return nil, err
	}
	opts := &server.Options{
		ServerName: c.Name, Host: host, Port: port, NoSigs: true,
		JetStream: true, StoreDir: filepath.Join(c.Dir, "node"),
		JetStreamMaxStore: orDefault(c.MaxStore, DefaultMaxStore), JetStreamMaxMemory: nodeMemory,
		MaxPayload: maxPayload, MaxConn: nodeClients, SyncInterval: syncInterval,
		LameDuckDuration: leaveTime, LameDuckGracePeriod: leaveGrace, DisableJetStreamBanner: true,
	}
	if c.Accounts != "" {
		file, err := server.ProcessConfigFile(c.Accounts)
		if err != nil {
			return nil, fmt.Errorf("accounts in %s: %s", c.Accounts, strings.ReplaceAll(err.Error(), "\n", "; "))
		}
		if len(file.Users)+len(file.Nkeys) == 0 {
			return nil, fmt.Errorf("accounts: %s has no users", c.Accounts)
		}
		opts.Accounts, opts.Users, opts.Nkeys, opts.SystemAccount = file.Accounts, file.Users, file.Nkeys, file.SystemAccount
		opts.LeafNode, opts.JetStreamDomain = file.LeafNode, file.JetStreamDomain
	}
	if c.Cluster.Listen == "" {
		return opts, nil
	}
	if c.Name == "" || c.Cluster.Name == "" {
		return nil, errors.New("a node of a cluster needs a name, and so does the cluster")
	}
	if host, port, err = hostPort(c.Cluster.Listen); err != nil {
		return nil, err
	}
	opts.Cluster = server.ClusterOpts{
		Name: c.Cluster.Name, Host: host, Port: port, AuthTimeout: connectTimeout.Seconds(), PingInterval: routePing, MaxPingsOut: routePingsOut,
	}
	var user *url.Userinfo
	if c.Cluster.Secret != "" {
		opts.Cluster.Username, opts.Cluster.Password = clusterUser, c.Cluster.Secret
		user = url.UserPassword(clusterUser, c.Cluster.Secret)
	}
	for _, r := range c.Cluster.Routes {
		opts.Routes = append(opts.Routes, &url.URL{Scheme: "nats", User: user, Host: r})
	}
	return opts, nil
}

// hostPort takes an address apart. Port 0 is any.
func hostPort(address string) (host string, port int, err error) {
	host, p, err := net.SplitHostPort(address)
	if err == nil {
		port, err = strconv.Atoi(p)
	}
	if err != nil {
		return "", 0, fmt.Errorf("address %q: %w", address, err)
	}
	if host == "" {
		host = "0.0.0.0"
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	return host, port, nil
}

// Addr is where clients connect.
func (n *Node) Addr() net.Addr { return n.srv.Addr() }

// Ready is nil when the node knows the cluster's leader and has what it should have of the streams.
func (n *Node) Ready() error {
	if h := n.srv.Healthz(&server.HealthzOptions{}); h.Error != "" {
		return errors.New(h.Error)
	}
	return nil
}

// Close hands the node's work over to the others, sends its clients to them, and stops. It takes a few seconds where there are any.
// It may be called again.
func (n *Node) Close() error { return n.close() }
