package bus

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	srvPrefix     = "srv+" // of a URL that names a DNS service where others name a host
	lookupTimeout = 2 * time.Second
	maxServers    = 64 // that a connection knows

	reconnectWait = 250 * time.Millisecond // between rounds over all servers
)

// TLS is how servers are recognised and how this process proves who it is, in PEM files that are read again for each connection. With any
// of them, servers without TLS are refused.
type TLS struct {
	CA               string // of the servers' certificates; "": those that the system knows
	Certificate, Key string // of this process; "": none
}

// servers are where NATS is, as Config.URL lists them.
type servers struct {
	urls   string
	lookup func(ctx context.Context, service string) ([]*net.SRV, error)
}

// dynamic tells whether the list names services, which may have other servers the next time.
func (s *servers) dynamic() bool {
	for one := range strings.SplitSeq(s.urls, ",") {
		if strings.HasPrefix(strings.TrimSpace(one), srvPrefix) {
			return true
		}
	}
	return false
}

// list is the URLs of all servers, the best first; those of services are looked up. A service that is not found is no error where the list
// has others. Errors show no user and no password.
func (s *servers) list(ctx context.Context) ([]string, error) {
	var all []string
	var failed error
	for one := range strings.SplitSeq(s.urls, ",") {
		one = strings.TrimSpace(one)
		rest, service := strings.CutPrefix(one, srvPrefix)
		u, err := url.Parse(rest)
		if err != nil {
			return nil, errors.New("bus: a server is not written as nats://HOST:PORT") // err would show it
		}
		if !service {
			all = append(all, one)
			continue
		}
		found, err := s.find(ctx, u)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("look up %s: %w", withoutSecrets(one), err))
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		return nil, failed
	}
	return all[:min(len(all), maxServers)], nil
}

// find is the servers of a DNS service, by priority and weight.
func (s *servers) find(ctx context.Context, service *url.URL) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	records, err := s.lookup(ctx, service.Hostname())
	if err != nil {
		var dns *net.DNSError
		if errors.As(err, &dns) {
			return nil, errors.New(dns.Err)
		}
		return nil, err
	}
	var all []string
	for _, r := range records {
		u := url.URL{Scheme: service.Scheme, User: service.User}
		// RFC 2782: a target of "." says that there is no such service.
		if host := strings.TrimSuffix(r.Target, "."); host != "" && r.Port != 0 {
			u.Host = net.JoinHostPort(host, strconv.Itoa(int(r.Port)))
			all = append(all, u.String())
		}
	}
	if len(all) == 0 {
		return nil, errors.New("no server is recorded")
	}
	return all, nil
}

// lookupSRV asks the system's resolver.
func lookupSRV(ctx context.Context, service string) ([]*net.SRV, error) {
	_, records, err := net.DefaultResolver.LookupSRV(ctx, "", "", service)
	return records, err
}

// renew puts what is found now into the connection. Where nothing is found it keeps the servers that it knows.
func (b *Bus) renew(nc *nats.Conn) {
	if nc == nil || !b.servers.dynamic() {
		return
	}
	urls, err := b.servers.list(b.ctx)
	if err == nil {
		err = nc.SetServerPool(urls)
	}
	if err != nil && b.ctx.Err() == nil && !errors.Is(err, nats.ErrConnectionClosed) {
		b.cfg.Log.Warn("bus: NATS servers could not be looked up again", "error", err)
	}
}

// identity is the options that say who this process is, and how servers are recognised.
func (c *Config) identity() ([]nats.Option, error) {
	var opts []nats.Option
	if c.Credentials != "" {
		opts = append(opts, nats.UserCredentials(c.Credentials))
	}
	if c.NKey != "" {
		o, err := nats.NkeyOptionFromSeed(c.NKey)
		if err != nil {
			return nil, fmt.Errorf("bus: nkey %s: %w", c.NKey, err)
		}
		opts = append(opts, o)
	}
	if c.TLS.CA != "" {
		opts = append(opts, nats.RootCAs(c.TLS.CA))
	}
	if c.TLS.Certificate != "" {
		opts = append(opts, nats.ClientCert(c.TLS.Certificate, c.TLS.Key))
	}
	return opts, nil
}
