package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

const (
	connectTimeout = 5 * time.Second
	requestTimeout = 5 * time.Second // of one request to JetStream
	closeTimeout   = 3 * time.Second // for what writers still hold when the bus is closed
)

// Bus is a connection to NATS, and the server too where it is embedded. It is safe for concurrent use.
type Bus struct {
	cfg Config
	srv *embedded // nil: outside

	// lock is that of the directory where NATS is outside: two processes of one name would take each other's leases.
	lock *dirLock

	// Media is written and read over connections of their own, so that an edge that catches up does not delay
	// acknowledgements, nor either of them the renewal of leases.
	nc, writeConn, readConn *nats.Conn
	js, readJS              jetstream.JetStream
	servers                 servers // where NATS is outside

	tap *tap // of the embedded server; otherwise nothing is put into it

	leases jetstream.KeyValue // nil: of an edge

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	wg     sync.WaitGroup // writers' goroutines and Reads

	mu        sync.Mutex
	closed    bool
	held      map[string]*Writer // by channel; nil while it is being acquired
	reads     map[string]*readCounters
	lags      map[string]*lag  // of readers, by channel
	missing   map[string]error // what an edge waits for, and how it was missed last
	found     bool             // an edge has found the stream of a channel
	disturbed chan struct{}    // closed and replaced when a connection was lost or came back
}

// Open starts the embedded server, or connects to the outside one, and returns when JetStream answers. Its errors are one
// line each, ErrLocked and ErrUnwritable among them.
func Open(ctx context.Context, cfg Config) (*Bus, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	b := &Bus{cfg: cfg, held: map[string]*Writer{}, reads: map[string]*readCounters{}, lags: map[string]*lag{}, tap: newTap(), missing: map[string]error{}, disturbed: make(chan struct{})}
	b.servers = servers{urls: cfg.URL, lookup: cfg.LookupSRV}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	if cfg.URL == "" {
		if b.srv, err = startServer(ctx, cfg); err != nil {
			b.cancel()
			return nil, err
		}
	}
	err = b.identify()
	if err == nil {
		_, err = b.cfg.identity() // files that are not there are not waited for
	}
	if err == nil {
		if err = b.connect(ctx); err != nil && b.srv == nil {
			err = away{err}
		}
	}
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	if cfg.Role == All || cfg.Role == Edge {
		b.wg.Go(b.watchLags)
	}
	return b, nil
}

// away is an error that is ErrAway, in words of its own.
type away struct{ error }

func (a away) Is(target error) bool { return target == ErrAway }
func (a away) Unwrap() error        { return a.error }

// identify finds out who this process is in leases.
func (b *Bus) identify() (err error) {
	if b.cfg.Instance == "" && b.srv == nil && b.cfg.Dir != "" {
		if b.lock, err = lockDir(b.cfg.Dir); err != nil {
			return err
		}
		b.cfg.Instance, err = readInstance(b.cfg.Dir)
		return err
	}
	if b.cfg.Instance == "" {
		b.cfg.Instance = nuid.Next() // the embedded server's leases end with it
	}
	return nil
}

// connect dials, and makes what every channel needs; an edge takes what is there when it reads.
func (b *Bus) connect(ctx context.Context) error {
	var err error
	if b.nc, b.js, err = b.dial(ctx, "weir"); err != nil {
		return err
	}
	if b.writeConn, _, err = b.dial(ctx, "weir write"); err != nil {
		return err
	}
	if b.readConn, b.readJS, err = b.dial(ctx, "weir read"); err != nil {
		return err
	}
	if b.cfg.Role == Edge || b.cfg.Role == Mirror {
		return nil
	}
	if _, err = b.KV(ctx, recordBucket); err != nil {
		return err
	}
	if b.leases, err = b.leaseBucket(ctx); err != nil {
		return err
	}
	if b.srv != nil {
		// The directory is locked: whoever held a lease in it is dead.
		if err := b.voidLeases(ctx); err != nil {
			return err
		}
	}
	return nil
}

// disturb tells writers and readers that a connection was lost or came back.
func (b *Bus) disturb() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.disturbed)
	b.disturbed = make(chan struct{})
}

// disturbance is closed at the next disturb.
func (b *Bus) disturbance() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.disturbed
}

// Ready is nil when JetStream answers and nothing is waited for. Joined errors are told one a line.
func (b *Bus) Ready() error {
	for _, nc := range []*nats.Conn{b.readConn, b.writeConn, b.nc} {
		if !nc.IsConnected() {
			return errors.New("bus: not connected to NATS")
		}
	}
	ctx, cancel := context.WithTimeout(b.ctx, requestTimeout)
	defer cancel()
	if _, err := b.js.AccountInfo(ctx); err != nil {
		return fmt.Errorf("bus: JetStream does not answer: %w", err)
	}
	return b.awaited()
}

// KV is the bucket of that name: in files, the newest value of each key. It is made where it is missing, but that an
// edge waits for it until ctx ends, and Ready says so meanwhile.
func (b *Bus) KV(ctx context.Context, bucket string) (jetstream.KeyValue, error) {
	if b.cfg.Role == Edge {
		return b.awaitBucket(ctx, bucket)
	}
	return b.bucket(ctx, jetstream.KeyValueConfig{Bucket: bucket})
}

func (b *Bus) bucket(ctx context.Context, cfg jetstream.KeyValueConfig) (jetstream.KeyValue, error) {
	cfg.History, cfg.Storage, cfg.Replicas = 1, jetstream.FileStorage, b.cfg.Replicas
	put := b.js.CreateOrUpdateKeyValue
	if b.cfg.Role == Ingest {
		put = b.makeBucket
	}
	var kv jetstream.KeyValue
	err := insist(ctx, func(ctx context.Context) (err error) {
		kv, err = put(ctx, cfg)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("bus: KV bucket %s: %w", cfg.Bucket, err)
	}
	return kv, nil
}

// enter counts a Read or writer in, so that Close waits for it. False: the bus is closed.
func (b *Bus) enter() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.wg.Add(1)
	return true
}

// Close ends all Reads, gives writers that are still open a few seconds to store what they hold, and stops the embedded
// server. It may be called again.
func (b *Bus) Close() error {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil
	}
	b.closed = true
	var writers []*Writer
	for _, w := range b.held {
		if w != nil {
			writers = append(writers, w)
		}
	}
	b.mu.Unlock()

	var errs []error
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	for _, w := range writers {
		errs = append(errs, w.Close(ctx))
	}
	b.cancel()
	b.wg.Wait()
	for _, nc := range []*nats.Conn{b.readConn, b.writeConn, b.nc} {
		if nc != nil {
			nc.Close()
		}
	}
	if b.srv != nil {
		errs = append(errs, b.srv.stop())
	}
	if b.lock != nil {
		errs = append(errs, b.lock.release())
	}
	return errors.Join(errs...)
}

// log is the logger of one channel.
func (b *Bus) log(channel string) *slog.Logger { return b.cfg.Log.With("channel", channel) }
