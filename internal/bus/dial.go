package bus

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// A server that answers no ping for 4 to 5 s is left for another, though the connection does not end: a machine or a line that is gone says nothing. That is
// how long an edge stands still then, for the fast path comes over the same connection. It is longer than a server or this process stands still
// where machines are loaded: of pings that were due meanwhile one is sent. Answers come behind the media that is on its way: a line that takes more than 4 s
// for pullBytes, less than 32 Mb/s, is lost and made again while an edge catches up over it.
const (
	pingEvery = time.Second
	pingsOut  = 4
)

// dial makes a connection that comes back by itself, to the embedded server or to one of those outside.
func (b *Bus) dial(ctx context.Context, name string) (*nats.Conn, jetstream.JetStream, error) {
	var made atomic.Pointer[nats.Conn] // once it is
	opts := []nats.Option{
		nats.Name(name),
		nats.CustomInboxPrefix(b.cfg.Role.inbox()),
		nats.Timeout(connectTimeout),
		nats.MaxReconnects(-1),
		nats.IgnoreAuthErrorAbort(), // credentials may be put right while the process runs
		nats.ReconnectWait(reconnectWait),
		// Writers keep what was not acknowledged. A buffer here would send later messages before them.
		nats.ReconnectBufSize(-1),
		nats.PingInterval(pingEvery),
		nats.MaxPingsOutstanding(pingsOut),
		nats.FlusherTimeout(10 * time.Second),
		nats.WriteBufferSize(256 << 10), // bytes: a chunk goes out in one write
		nats.DisconnectErrHandler(func(nc *nats.Conn, err error) {
			if err != nil {
				b.cfg.Log.Warn("bus: connection lost", "connection", name, "error", err)
			}
			b.disturb()
			b.renew(nc)
		}),
		nats.ReconnectHandler(func(*nats.Conn) {
			b.cfg.Log.Info("bus: connected again", "connection", name)
			b.disturb()
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			b.cfg.Log.Warn("bus: connection reports an error", "connection", name, "error", err)
		}),
	}
	var urls []string
	where := "the embedded server"
	if b.srv != nil {
		opts = append(opts, nats.InProcessServer(b.srv.srv))
	} else {
		where = withoutSecrets(b.cfg.URL)
		identity, err := b.cfg.identity()
		if err != nil {
			return nil, nil, err
		}
		opts = append(opts, identity...)
		if urls, err = b.servers.list(ctx); err != nil {
			return nil, nil, fmt.Errorf("connect to NATS at %s: %w", where, err)
		}
		if b.servers.dynamic() {
			opts = append(opts, nats.DontRandomize(), // DNS has its order
				nats.CustomReconnectDelay(func(int) time.Duration {
					b.renew(made.Load())
					return reconnectWait
				}))
		}
	}
	nc, err := nats.Connect(strings.Join(urls, ","), opts...)
	if err != nil {
		return nil, nil, fmt.Errorf("connect to NATS at %s: %w", where, err)
	}
	made.Store(nc)
	js, err := jetstream.New(nc)
	if err != nil {
		nc.Close()
		return nil, nil, fmt.Errorf("JetStream at %s: %w", where, err)
	}
	return nc, js, nil
}
