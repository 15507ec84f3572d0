package e2e

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// routeNet is the network between the nodes of a cluster: a proxy for each node and each other one that it connects to. Nodes tell each other of
// nodes by the address from which these came: a proxy connects from one where nobody listens, so that there is no way past it.
type routeNet struct {
	t    testing.TB
	done sync.WaitGroup

	mu     sync.Mutex
	apart  int           // the node that is cut off; -1: none
	healed chan struct{} // closed when nothing is cut off
}

// newRouteNet is a network without faults, for clusterSettings.routes.
func newRouteNet(t testing.TB) *routeNet {
	n := &routeNet{t: t, apart: -1, healed: make(chan struct{})}
	close(n.healed)
	t.Cleanup(func() { n.heal(); n.done.Wait() })
	return n
}

// routes are the addresses at which a node finds the others.
func (n *routeNet) routes(node int, real []string) (all []string) {
	n.t.Helper()
	for i, to := range real {
		if i == node {
			continue
		}
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(n.t, err)
		all = append(all, ln.Addr().String())
		ctx, cancel := context.WithCancel(n.t.Context())
		n.t.Cleanup(func() { cancel(); _ = ln.Close() })
		n.done.Go(func() {
			for {
				conn, err := ln.Accept()
				if err != nil {
					return
				}
				n.done.Go(func() { n.relay(ctx, conn, node, i, to) })
			}
		})
	}
	return all
}

// relay connects one node with another, until either hangs up.
func (n *routeNet) relay(ctx context.Context, from net.Conn, node, other int, address string) {
	defer from.Close()
	if !n.passes(ctx, node, other) {
		return
	}
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+node))}}
	to, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	defer to.Close()
	defer context.AfterFunc(ctx, func() { _, _ = from.Close(), to.Close() })()
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{from, to}, {to, from}} {
		both.Go(func() {
			defer way[1].Close()
			defer way[0].Close()
			buf := make([]byte, 64<<10)
			for {
				read, err := way[0].Read(buf)
				if !n.passes(ctx, node, other) {
					return
				}
				if _, werr := way[1].Write(buf[:read]); err != nil || werr != nil {
					return
				}
			}
		})
	}
	both.Wait()
}

// passes waits until the way between two nodes is open; false: ctx has ended.
func (n *routeNet) passes(ctx context.Context, a, b int) bool {
	n.mu.Lock()
	apart, healed := n.apart, n.healed
	n.mu.Unlock()
	if apart != a && apart != b {
		return ctx.Err() == nil
	}
	select {
	case <-healed:
		return true
	case <-ctx.Done():
		return false
	}
}

// cut lets nothing through any more from and to a node. Connections stay, as they do when a switch dies.
func (n *routeNet) cut(node int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.apart, n.healed = node, make(chan struct{})
}

// heal ends that: what was on its way arrives.
func (n *routeNet) heal() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.apart >= 0 {
		n.apart = -1
		close(n.healed)
	}
}
