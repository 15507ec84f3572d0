package origin

import (
	"context"
	"net"
	"net/http"
	"time"
)

// network is what HTTP and S3 are spoken over.
type network struct {
	// dial connects; nil: by the system, and through the proxy that the environment names, if any.
	dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// What connections to a site are held to.
const (
	maxIdle     = 32               // connections kept for later requests
	idleFor     = 60 * time.Second // less than most servers keep theirs
	maxHeaders  = 64 << 10         // bytes of an answer's header
	keepAlive   = 15 * time.Second
	maxTrouble  = 64 << 10 // bytes that are read of an answer that tells of an error
	maxListPage = 16 << 20 // bytes of one page of a listing: 1000 names of 1 KB each, written as XML
)

// transport has HTTP/1.1 only: large stretches that are read at once would share the one connection of HTTP/2, and its fate.
func (n network) transport(timeout time.Duration) *http.Transport {
	dial, proxy := n.dial, http.ProxyFromEnvironment
	if dial == nil {
		dial = (&net.Dialer{Timeout: timeout / 2, KeepAlive: keepAlive}).DialContext
	} else {
		proxy = nil
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  proxy,
		DialContext:            dial,
		TLSHandshakeTimeout:    timeout,
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    maxIdle,
		IdleConnTimeout:        idleFor,
		MaxResponseHeaderBytes: maxHeaders,
		DisableCompression:     true,
		Protocols:              protocols,
	}
}
