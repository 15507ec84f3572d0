package bus

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
	"github.com/stretchr/testify/require"
)

// authority makes certificates, of its own as well.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	a := &authority{dir: t.TempDir()}
	a.cert, a.key = a.issue(t, "ca")
	return a
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

// issue writes NAME.pem and NAME.key.
func (a *authority) issue(t *testing.T, name string) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: a.cert == nil, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	require.NoError(t, err)
	secret, err := x509.MarshalECPrivateKey(key)
	require.NoError(t, err)
	write := func(file, kind string, data []byte) {
		require.NoError(t, os.WriteFile(a.file(file), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600))
	}
	write(name+".pem", "CERTIFICATE", der)
	write(name+".key", "EC PRIVATE KEY", secret)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return cert, key
}

func (a *authority) server(t *testing.T) *tls.Config {
	a.issue(t, "server")
	pair, err := tls.LoadX509KeyPair(a.file("server.pem"), a.file("server.key"))
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	return &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: roots, ClientAuth: tls.RequireAndVerifyClientCert}
}

// works tries one row over a bus.
func works(t *testing.T, b *Bus) {
	t.Helper()
	require.NoError(t, b.Ready())
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	w := acquire(t, b, "news")
	closeWriter(t, w)
}

// refused is the one line that Open says.
func refused(t *testing.T, cfg Config) string {
	t.Helper()
	_, err := Open(testContext(t), cfg)
	require.Error(t, err)
	require.NotContains(t, err.Error(), "\n")
	return err.Error()
}

func TestServersWithTLS(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	a.issue(t, "weir")
	o := startOutsideWith(t, func(opts *server.Options) { opts.TLSConfig, opts.TLSVerify, opts.TLSTimeout = a.server(t), true, 10 })
	url := strings.Replace(o.url(), "nats://", "tls://", 1)
	own := TLS{CA: a.file("ca.pem"), Certificate: a.file("weir.pem"), Key: a.file("weir.key")}
	works(t, openBus(t, Config{URL: url, TLS: own}))
	require.Contains(t, refused(t, Config{URL: url, TLS: TLS{CA: own.CA}}), "tls", "the server wants one")
	require.Contains(t, refused(t, Config{URL: url}), "certificate", "nobody knows the authority")
	require.Contains(t, refused(t, Config{URL: url, TLS: TLS{CA: a.file("none.pem")}}), "none.pem")
	require.Contains(t, refused(t, Config{URL: url, TLS: TLS{Key: own.Key}}), "missing")

	plain := startOutside(t)
	require.Contains(t, refused(t, Config{URL: plain.url(), TLS: own}), "secure", "nothing is sent where nobody is recognised")
}

func TestUserByNKey(t *testing.T) {
	t.Parallel()
	pair, public := newUser(t)
	o := startOutsideWith(t, func(opts *server.Options) { opts.Nkeys = []*server.NkeyUser{{Nkey: public}} })
	file := seedFile(t, pair)
	works(t, openBus(t, Config{URL: o.url(), NKey: file}))
	require.Contains(t, strings.ToLower(refused(t, Config{URL: o.url()})), "authorization")
	other, _ := newUser(t)
	require.Contains(t, strings.ToLower(refused(t, Config{URL: o.url(), NKey: seedFile(t, other)})), "authorization")
	require.Contains(t, refused(t, Config{URL: o.url(), NKey: "/nowhere/user.nk"}), "/nowhere/user.nk")
	require.Contains(t, refused(t, Config{URL: o.url(), NKey: file, Credentials: file}), "one of them")
}

func newUser(t *testing.T) (nkeys.KeyPair, string) {
	pair, err := nkeys.CreateUser()
	require.NoError(t, err)
	public, err := pair.PublicKey()
	require.NoError(t, err)
	return pair, public
}

func seedFile(t *testing.T, pair nkeys.KeyPair) string {
	seed, err := pair.Seed()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "user.nk")
	require.NoError(t, os.WriteFile(file, seed, 0o600))
	return file
}

func TestUserByCredentials(t *testing.T) {
	t.Parallel()
	key := func(make func() (nkeys.KeyPair, error)) (nkeys.KeyPair, string) {
		pair, err := make()
		require.NoError(t, err)
		public, err := pair.PublicKey()
		require.NoError(t, err)
		return pair, public
	}
	operator, trusted := key(nkeys.CreateOperator)
	account, accountID := key(nkeys.CreateAccount)
	system, systemID := key(nkeys.CreateAccount)
	_ = system
	user, userID := key(nkeys.CreateUser)
	resolver := &server.MemAccResolver{}
	for _, id := range []string{accountID, systemID} {
		claims := jwt.NewAccountClaims(id)
		if id == accountID {
			claims.Limits.JetStreamLimits = jwt.JetStreamLimits{DiskStorage: 1 << 30, MemoryStorage: 1 << 20, Streams: -1, Consumer: -1}
		}
		token, err := claims.Encode(operator)
		require.NoError(t, err)
		require.NoError(t, resolver.Store(id, token))
	}
	token, err := jwt.NewUserClaims(userID).Encode(account)
	require.NoError(t, err)
	seed, err := user.Seed()
	require.NoError(t, err)
	creds, err := jwt.FormatUserConfig(token, seed)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "weir.creds")
	require.NoError(t, os.WriteFile(file, creds, 0o600))

	o := startOutsideWith(t, func(opts *server.Options) {
		opts.TrustedKeys, opts.AccountResolver, opts.SystemAccount = []string{trusted}, resolver, systemID
	})
	works(t, openBus(t, Config{URL: o.url(), Credentials: file}))
	require.Contains(t, strings.ToLower(refused(t, Config{URL: o.url()})), "authorization")
	require.Contains(t, refused(t, Config{URL: o.url(), Credentials: "/nowhere/weir.creds"}), "/nowhere/weir.creds")
}

// names is a DNS that tests change.
type names struct {
	mu      sync.Mutex
	records []*net.SRV
	asked   []string
}

func (n *names) lookup(_ context.Context, service string) ([]*net.SRV, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, service)
	if n.records == nil {
		return nil, &net.DNSError{Err: "no such host", Name: service, Server: "192.0.2.53:53"}
	}
	return n.records, nil
}

func (n *names) set(ports ...int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.records = nil
	for _, p := range ports {
		n.records = append(n.records, &net.SRV{Target: "127.0.0.1.", Port: uint16(p)})
	}
}

// A cluster whose nodes have all been replaced is found by its name again.
func TestServersThatHaveMovedAreLookedUpAgain(t *testing.T) {
	t.Parallel()
	o := startOutside(t)
	dns := &names{}
	dns.set(1, o.port) // nobody is at the first
	b := openBus(t, Config{URL: "srv+nats://bob:hunter2@_nats._tcp.example", LookupSRV: dns.lookup})
	works(t, b)
	require.Equal(t, "_nats._tcp.example", dns.asked[0])
	was := o.port
	o.stop()
	hold, err := net.Listen("tcp", o.host()) // so that nobody gets the old port
	require.NoError(t, err)
	o.port = server.RANDOM_PORT
	o.start()
	require.NotEqual(t, was, o.port)
	require.NoError(t, hold.Close())
	dns.set(o.port)
	eventually(t, "the connections to the server that has moved", func() bool { return b.Ready() == nil })
}

func TestServiceThatDNSDoesNotKnow(t *testing.T) {
	t.Parallel()
	dns := &names{}
	cfg := Config{URL: "srv+nats://bob:hunter2@_nats._tcp.example", LookupSRV: dns.lookup}
	said := refused(t, cfg)
	require.Contains(t, said, "srv+nats://_nats._tcp.example: no such host")
	require.NotContains(t, said, "hunter2")
	cfg.LookupSRV = func(context.Context, string) ([]*net.SRV, error) { return []*net.SRV{{Target: "."}}, nil }
	require.Contains(t, refused(t, cfg), "no server is recorded")
	cfg.LookupSRV = func(context.Context, string) ([]*net.SRV, error) { return nil, errors.New("broken") }
	require.Contains(t, refused(t, cfg), "broken")
	cfg.URL = "srv+nats://bob:hunter%ter@x"
	require.NotContains(t, refused(t, cfg), "hunter")

	o := startOutside(t)
	cfg = Config{URL: "srv+nats://_nats._tcp.example," + o.url(), LookupSRV: dns.lookup}
	works(t, openBus(t, cfg)) // others of the list are there
}

func TestServiceOfVeryManyServersIsBounded(t *testing.T) {
	t.Parallel()
	many := make([]*net.SRV, 1000)
	for i := range many {
		many[i] = &net.SRV{Target: "nats.example.", Port: uint16(i + 1)}
	}
	s := servers{urls: "srv+tls://_nats._tcp.example", lookup: func(context.Context, string) ([]*net.SRV, error) { return many, nil }}
	list, err := s.list(t.Context())
	require.NoError(t, err)
	require.Len(t, list, maxServers)
	require.Equal(t, "tls://nats.example:1", list[0])
}
