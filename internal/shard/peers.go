package shard

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// Prefix is before the paths of what one edge asks of another.
const Prefix = "/peer"

const (
	// DefaultTimeout is how long an owner has to the first byte, and to each further piece.
	DefaultTimeout = time.Second
	maxConns       = 64 // to one peer
	idleConns      = 90 * time.Second
)

// Errors of Ask that a caller may want to tell apart; all of them mean that the object is to be read from its source.
var (
	ErrOwn     = errors.New("the edge owns the object itself")
	ErrRefused = errors.New("the owner does not give the object")
)

// Object is what an owner is asked for.
type Object struct {
	Key  string // decides who owns it; objects that are read together have the same
	Path string // at the owner, behind Prefix, with its query: /vod/ASSET/TRACK/N.m4s?v=VERSION
	Size int64  // < 0: not known
	Tag  string // its entity tag, without quotes; "": not known
}

// Stats is what came of asking.
type Stats struct {
	Owned  uint64 // objects that the edge itself had to read
	Asked  uint64 // of owners
	Got    uint64 // whole
	Bytes  uint64
	Failed uint64 // and were read from the source
	Passed int    // members that are passed over now
}

// Peers asks owners. It is safe for concurrent use.
type Peers struct {
	members *Members
	secret  string
	timeout time.Duration
	log     *slog.Logger
	http    *http.Client

	owned, asked, got, bytes, failed atomic.Uint64

	over passed
}

// NewPeers asks members, which know the secret too. timeout 0 is DefaultTimeout.
func NewPeers(members *Members, secret string, timeout time.Duration, log *slog.Logger) *Peers {
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	return &Peers{
		members: members, secret: secret, timeout: timeout, log: log,
		http: &http.Client{
			Transport: &http.Transport{
				DialContext:         (&net.Dialer{Timeout: timeout}).DialContext,
				MaxConnsPerHost:     maxConns,
				MaxIdleConnsPerHost: maxConns,
				IdleConnTimeout:     idleConns,
				TLSHandshakeTimeout: timeout,
				DisableCompression:  true,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Close lets go of connections.
func (p *Peers) Close() { p.http.CloseIdleConnections() }

// Stats is what came of asking up to now.
func (p *Peers) Stats() Stats {
	return Stats{p.owned.Load(), p.asked.Load(), p.got.Load(), p.bytes.Load(), p.failed.Load(), p.over.count(p.members.cfg.Now())}
}

// Members is who lives, by ID.
func (p *Peers) Members() []State { return p.members.List() }

// Ask begins to read an object from its owner: when it returns the first byte is there. Errors: ErrOwn, and whatever keeps it from being read so.
func (p *Peers) Ask(ctx context.Context, o Object) (io.ReadCloser, error) {
	to, others := p.members.Owner(o.Key, p.passes)
	if !others {
		p.owned.Add(1)
		return nil, ErrOwn
	}
	p.asked.Add(1)
	a, err := p.ask(ctx, to, o)
	if err != nil {
		p.failed.Add(1)
		if ctx.Err() == nil && !errors.Is(err, ErrRefused) {
			p.missed(to, err)
		}
		return nil, fmt.Errorf("ask edge %s for %s: %w", to.ID, o.Path, err)
	}
	p.over.answered(to.ID)
	return a, nil
}

// Others tells whether an object is to be asked for: that it is another's who lives, as far as is known.
func (p *Peers) Others(key string) bool {
	_, others := p.members.Owner(key, p.passes)
	return others
}

func (p *Peers) passes(id string) bool { return p.over.passes(id, p.members.cfg.Now()) }

// missed is that a member has not answered.
func (p *Peers) missed(m Member, why error) {
	late := errors.Is(why, context.Canceled) // by the timer
	if p.over.missed(m.ID, late, p.members.cfg.Now()) {
		p.log.Warn("an edge is passed over for a moment", "edge", m.ID, "address", m.Address, "err", why)
	}
}

func (p *Peers) ask(ctx context.Context, to Member, o Object) (*answer, error) {
	a := &answer{of: p, from: to, ctx: ctx}
	ctx, a.cancel = context.WithCancel(ctx)
	a.timer = time.AfterFunc(p.timeout, a.cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(to.Address, "/")+Prefix+o.Path, nil)
	if err != nil {
		a.end()
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+p.secret)
	resp, err := p.http.Do(req)
	if err != nil {
		a.end()
		return nil, err
	}
	a.body = resp.Body
	switch {
	case resp.StatusCode >= 500 && resp.StatusCode != http.StatusBadGateway: // 502: it could not read it from where it lies
		err = fmt.Errorf("status %d", resp.StatusCode)
	case resp.StatusCode != http.StatusOK:
		err = fmt.Errorf("%w: status %d", ErrRefused, resp.StatusCode)
	case o.Size >= 0 && resp.ContentLength != o.Size:
		err = fmt.Errorf("%w: %d bytes of %d", ErrRefused, resp.ContentLength, o.Size)
	case o.Tag != "" && strings.Trim(resp.Header.Get("Etag"), `"`) != o.Tag:
		err = fmt.Errorf("%w: it has another version", ErrRefused)
	default:
		a.left = resp.ContentLength
		if n, first := resp.Body.Read(a.first[:]); n > 0 || errors.Is(first, io.EOF) {
			a.begun = n
		} else if err = first; err == nil {
			err = io.ErrNoProgress
		}
	}
	if err != nil {
		a.end()
		_ = resp.Body.Close()
		return nil, err
	}
	a.timer.Stop()
	return a, nil
}

// Authorized tells whether the Authorization field of a request is that of an edge which knows the secret.
func Authorized(field []byte, secret string) bool {
	asked, want := sha256.Sum256(field), sha256.Sum256([]byte("Bearer "+secret))
	return secret != "" && subtle.ConstantTimeCompare(asked[:], want[:]) == 1
}
