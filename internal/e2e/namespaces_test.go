package e2e

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// place is where a member of a cluster runs; the zero place is this machine, and its loopback interface.
type place struct {
	host   string   // IP address that it listens at
	before []string // words before its command
}

// address is HOST:PORT of a port at the place.
func (p place) address(local string) string {
	if _, port, err := net.SplitHostPort(local); err == nil && p.host != "" {
		return net.JoinHostPort(p.host, port)
	}
	return local
}

// The sides of a network that can be cut.
const (
	smaller = iota
	larger
)

// What a cut does, in words.
const (
	unplugged = "the smaller side's line is down"
	deaf      = "nothing arrives at the smaller side"
	mute      = "nothing leaves the smaller side"
)

// twoSides is two network namespaces, each with a wire to a bridge in a third one. The test reaches each by another wire, that no cut touches: to
// everybody a member has one address, that of its side at the bridge.
type twoSides struct {
	t    testing.TB
	name string // what all names begin with
	run  int    // 0 to 255: no two runs at a time should have the same addresses
}

// newTwoSides makes the network, and removes it when the test has ended. It skips the test where the system does not let it.
func newTwoSides(t testing.TB) *twoSides {
	t.Helper()
	need(t, "ip")
	n := &twoSides{t: t, name: fmt.Sprintf("weir-%d", os.Getpid()), run: os.Getpid() % 256}
	if out, err := n.try("netns add " + n.hub()); err != nil {
		t.Skipf("this system lets nobody make network namespaces: %s", out)
	}
	n.removeLater("netns del " + n.hub())
	n.ip("-n %s link add bridge type bridge", n.hub())
	n.ip("-n %s link set bridge up", n.hub())
	for side := range 2 {
		space := n.space(side)
		n.ip("netns add %s", space)
		n.removeLater("netns del " + space)
		n.ip("-n %s link set lo up", space)
		n.ip("link add %s netns %s type veth peer name wire address %s netns %s", n.plug(side), n.hub(), mac(side), space)
		n.ip("-n %s link set %s master bridge up", n.hub(), n.plug(side))
		n.ip("-n %s addr add %s/24 dev wire", space, n.host(side))
		n.ip("-n %s link set wire up", space)
		// Who has which address is known: where one way is lost the other goes on.
		n.ip("-n %s neigh add %s lladdr %s dev wire nud permanent", space, n.host(1-side), mac(1-side))

		here := fmt.Sprintf("%s-%d", n.name, side) // 14 characters at most, of 15 that Linux takes
		n.ip("link add %s type veth peer name test netns %s", here, space)
		n.removeLater("link del " + here)
		n.ip("addr add 198.19.%d.%d/30 dev %s", n.run, 4*side+1, here)
		n.ip("link set %s up", here)
		n.ip("-n %s addr add 198.19.%d.%d/30 dev test", space, n.run, 4*side+2)
		n.ip("-n %s link set test up", space)
		n.ip("route add %s/32 via 198.19.%d.%d dev %s", n.host(side), n.run, 4*side+2, here)
	}
	return n
}

func (n *twoSides) hub() string { return n.name + "-hub" }

func (n *twoSides) space(side int) string { return fmt.Sprintf("%s-side%d", n.name, side) }

// plug is the end of a side's wire at the bridge.
func (n *twoSides) plug(side int) string { return fmt.Sprintf("plug%d", side) }

// host is an address for tests of networks (RFC 2544, appendix C.2.2), which nobody has.
func (n *twoSides) host(side int) string { return fmt.Sprintf("198.18.%d.%d", n.run, 1+side) }

func mac(side int) string { return fmt.Sprintf("02:00:00:00:00:%02x", 1+side) }

// place is where members of a side run.
func (n *twoSides) place(side int) place {
	return place{host: n.host(side), before: []string{"ip", "netns", "exec", n.space(side)}}
}

// cut does what one of the constants says. Connections stay: nobody is told that what it sends is lost.
func (n *twoSides) cut(what string) {
	n.t.Helper()
	switch what {
	case unplugged:
		n.ip("-n %s link set %s down", n.hub(), n.plug(smaller))
	case deaf:
		n.passes(smaller, false)
	case mute:
		n.passes(larger, false)
	}
}

// heal ends that.
func (n *twoSides) heal() {
	n.t.Helper()
	n.ip("-n %s link set %s up", n.hub(), n.plug(smaller))
	n.passes(smaller, true)
	n.passes(larger, true)
}

// passes says whether the bridge sends a side what is for it. A bridge sends what is for an address that it knows nothing of to all plugs but those that
// want no such flood: one that is to send nothing to a plug must not learn who is there.
func (n *twoSides) passes(side int, yes bool) {
	n.t.Helper()
	word := "off"
	if yes {
		word = "on"
	}
	n.ip("-n %s link set %s type bridge_slave learning %[3]s flood %[3]s mcast_flood %[3]s bcast_flood %[3]s fdb_flush", n.hub(), n.plug(side), word)
}

// ip runs a command of ip(8).
func (n *twoSides) ip(format string, args ...any) {
	n.t.Helper()
	command := fmt.Sprintf(format, args...)
	out, err := n.try(command)
	require.NoError(n.t, err, "ip %s: %s", command, out)
}

func (n *twoSides) removeLater(command string) {
	n.t.Cleanup(func() {
		if out, err := n.try(command); err != nil {
			n.t.Errorf("ip %s: %s", command, out)
		}
	})
}

// try is ip for a command that may fail; its time is its own, since the test's is over when all is removed.
func (n *twoSides) try(command string) (out string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	said, err := exec.CommandContext(ctx, "ip", strings.Fields(command)...).CombinedOutput()
	return strings.TrimSpace(string(said)), err
}
