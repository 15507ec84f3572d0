package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"time"
)

// Errors that callers must tell apart. They come wrapped, with what was tried on what.
var (
	ErrLocked     = errors.New("data directory is in use by another process")
	ErrUnwritable = errors.New("data directory is not writable")
	ErrAway       = errors.New("NATS does not answer") // or not as it should: it may later
	ErrTaken      = errors.New("channel already has a publisher")
	ErrNoChannel  = errors.New("channel has no stream")
	ErrClosed     = errors.New("bus is closed")
	ErrLost       = errors.New("writer has lost the channel's lease")
	ErrMalformed  = errors.New("malformed message")
	ErrNotFound   = errors.New("not found")
)

// The bounds that are used where Config has zero.
const (
	DefaultInFlight = 16 << 20 // bytes
	DefaultBacklog  = 64 << 20 // bytes
	DefaultLeaseTTL = 15 * time.Second
	DefaultMaxStore = 1 << 40 // bytes
)

// Config says where the bus is and how much it may hold.
type Config struct {
	// Dir is where the embedded server keeps its streams. It is locked against a second process. With an outside NATS it may
	// be "", or keeps no more than who this process is.
	Dir string
	// URL names an outside NATS with JetStream, several servers separated by commas; "" means the embedded server. One that begins with
	// srv+nats:// or srv+tls:// names a DNS service, such as _nats._tcp.example, whose servers are looked up anew for each reconnect.
	URL string
	// Credentials is a file with a user's JWT and seed, NKey one with a user's seed: at most one of them, read again for each connection.
	Credentials, NKey string
	TLS               TLS
	Role              Role
	// LookupSRV finds the servers of a DNS service, the best first; nil asks the system's resolver.
	LookupSRV func(ctx context.Context, service string) ([]*net.SRV, error)
	// Replicas is how many servers of an outside cluster keep each stream; 0 means 1. The embedded server has one.
	Replicas int
	// Instance names this process in leases: after a restart the same instance takes its own leases back at once. "" means
	// one that Dir keeps, or a random one without Dir.
	Instance string

	// NoFastPath keeps readers to what the stream has, and writers from telling them of more. Messages then go to a reader once.
	NoFastPath bool

	InFlight int64         // bytes a writer has sent but not got acknowledged; 0: DefaultInFlight
	Backlog  int64         // bytes a writer keeps in all, before it gives up the oldest segment; 0: DefaultBacklog
	MaxStore int64         // bytes that the embedded server's streams may take together; 0: DefaultMaxStore
	LeaseTTL time.Duration // how long a dead writer keeps its channel; 0: DefaultLeaseTTL. Below 15 s a cluster's election makes it lapse.

	Log *slog.Logger     // nil: none
	Now func() time.Time // nil: time.Now
}

// withDefaults is c with zeros replaced, or what is wrong with it.
func (c Config) withDefaults() (Config, error) {
	if c.URL == "" && c.Dir == "" {
		return c, errors.New("bus: neither a data directory nor a NATS URL is configured")
	}
	if c.InFlight < 0 || c.Backlog < 0 || c.MaxStore < 0 || c.LeaseTTL < 0 || c.Replicas < 0 || c.Replicas > 5 {
		return c, fmt.Errorf("bus: a limit is out of range: in flight %d, backlog %d, store %d bytes, lease %s, replicas %d (0 to 5)",
			c.InFlight, c.Backlog, c.MaxStore, c.LeaseTTL, c.Replicas)
	}
	if c.Role != All && c.URL == "" {
		return c, errors.New("bus: no NATS URL is configured: an ingest and an edge of their own meet on an outside NATS")
	}
	if c.Credentials != "" && c.NKey != "" {
		return c, errors.New("bus: there are credentials and an nkey: one of them says who this is")
	}
	if (c.TLS.Certificate == "") != (c.TLS.Key == "") {
		return c, errors.New("bus: a certificate and its key are two files: one of them is missing")
	}
	if c.LookupSRV == nil {
		c.LookupSRV = lookupSRV
	}
	c.InFlight = orDefault(c.InFlight, DefaultInFlight)
	c.Backlog = max(orDefault(c.Backlog, DefaultBacklog), c.InFlight)
	c.MaxStore = orDefault(c.MaxStore, DefaultMaxStore)
	c.LeaseTTL = orDefault(c.LeaseTTL, DefaultLeaseTTL)
	c.Replicas = orDefault(c.Replicas, 1)
	if c.URL == "" {
		c.Replicas = 1
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, nil
}

// withoutSecrets is a list of URLs as a message may show it: a user may be a token.
func withoutSecrets(urls string) string {
	all := strings.Split(urls, ",")
	for i, one := range all {
		scheme, rest, ok := strings.Cut(strings.TrimSpace(one), "://")
		if !ok {
			scheme, rest = "nats", scheme
		}
		rest = rest[strings.LastIndexByte(rest, '@')+1:]
		rest, _, _ = strings.Cut(rest, "?")
		all[i] = scheme + "://" + rest
	}
	return strings.Join(all, ",")
}

func orDefault[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}

var channelName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// checkChannel keeps names out of subjects that would mean something else there.
func checkChannel(channel string) error {
	if !channelName.MatchString(channel) {
		return fmt.Errorf("channel %q: a name is 1 to 64 of A-Z a-z 0-9 _ -, the first a letter or digit", channel)
	}
	return nil
}
