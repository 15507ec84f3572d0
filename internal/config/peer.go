package config

import (
	"fmt"
	"log/slog"
	"strings"
	"time"

	"weir/internal/shard"
)

// Peer is how edges of one bus ask each other for what they would read from elsewhere.
type Peer struct {
	Address string        // where others reach edge.listen: http://HOST:PORT; "": nothing is shared. Default: ""
	Secret  string        // that all edges know. Default: ""
	Timeout time.Duration // for the first byte of an answer, and each further piece. Default: 1 s
}

// Bounds of a peer's settings.
const (
	minPeerTimeout = 50 * time.Millisecond
	maxPeerTimeout = 30 * time.Second
	minPeerSecret  = 16
)

// String is the settings without the secret.
func (p Peer) String() string { return fmt.Sprintf("{address:%q timeout:%s}", p.Address, p.Timeout) }

// GoString is String, so that %#v keeps the secret to itself too.
func (p Peer) GoString() string { return "config.Peer" + p.String() }

// LogValue is String: a log has no secrets.
func (p Peer) LogValue() slog.Value { return slog.StringValue(p.String()) }

// peer reads the section of that name.
func peer(to *Peer) reader {
	return section(
		key{"address", value(&to.Address, peerAddress)},
		key{"secret", value(&to.Secret, peerSecret)},
		key{"timeout", value(&to.Timeout, peerTimeout)},
	)
}

func peerAddress(s string) (string, error) {
	if s == "" {
		return s, nil
	}
	if err := shard.CheckAddress(s); err != nil {
		return "", fmt.Errorf("%.100q %w", s, err)
	}
	return strings.TrimSuffix(s, "/"), nil
}

func peerSecret(s string) (string, error) {
	if s != "" && (len(s) < minPeerSecret || len(s) > 256 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })) {
		return "", fmt.Errorf("must be %d to 256 characters of ASCII without spaces", minPeerSecret)
	}
	return s, nil
}

func peerTimeout(s string) (time.Duration, error) {
	d, err := duration(s)
	if err == nil && (d < minPeerTimeout || d > maxPeerTimeout) {
		err = fmt.Errorf("%s is out of bounds, must be from %s to %s", d, minPeerTimeout, maxPeerTimeout)
	}
	return d, err
}

// checkPeer refuses settings that do not go together.
func (d *document) checkPeer(e Edge) error {
	if e.Peer.Address != "" && e.Peer.Secret == "" {
		return d.fail("edge.peer", "secret is missing, which keeps players from what edges ask of each other")
	}
	return nil
}
