package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

const (
	startTimeout = 2 * time.Minute // a store of many hours is read at start
	// maxPayload is the largest that the server takes without a warning. Media is split above it.
	maxPayload = 8 << 20 // bytes
	// maxMemory bounds what is not on disk: the state of consumers, no media.
	maxMemory = 64 << 20 // bytes
)

// embedded is the nats-server in this process.
type embedded struct {
	srv     *server.Server
	lock    *dirLock
	started chan struct{} // closed when Start has returned
}

// syncInterval is how much a power cut may take: what is stored reaches the operating system at once, the disk after this.
const syncInterval = 10 * time.Second

// startServer locks cfg.Dir and starts a server on it that nobody but this process reaches.
func startServer(ctx context.Context, cfg Config) (*embedded, error) {
	e, err := launch(ctx, cfg.Dir, &server.Options{
		ServerName:             "weir",
		DontListen:             true,
		NoSigs:                 true, // its handler would end the process
		NoSystemAccount:        true,
		JetStream:              true,
		StoreDir:               filepath.Join(cfg.Dir, "bus"),
		JetStreamMaxStore:      cfg.MaxStore,
		JetStreamMaxMemory:     maxMemory,
		MaxPayload:             maxPayload,
		SyncInterval:           syncInterval,
		DisableJetStreamBanner: true,
		DisableShortFirstPing:  true,
	}, cfg.Log)
	if err != nil && !errors.Is(err, ErrLocked) && !errors.Is(err, ErrUnwritable) { // these name the directory
		err = fmt.Errorf("embedded nats-server on %s: %w", cfg.Dir, err)
	}
	return e, err
}

// launch locks dir and starts a server that has its store there.
func launch(ctx context.Context, dir string, opts *server.Options, to *slog.Logger) (*embedded, error) {
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	srv, err := server.NewServer(opts)
	if err != nil {
		return nil, errors.Join(err, lock.release())
	}
	log := &serverLog{log: to}
	srv.SetLoggerV2(log, to.Enabled(ctx, slog.LevelDebug), false, false)
	e := &embedded{srv: srv, lock: lock, started: make(chan struct{})}
	go func() {
		defer close(e.started)
		srv.Start()
	}()
	if err := e.await(ctx, log); err != nil {
		return nil, errors.Join(err, e.stop())
	}
	return e, nil
}

// await returns when clients can connect. Start recovers the streams first, which takes as long as it takes.
func (e *embedded) await(ctx context.Context, log *serverLog) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	select {
	case <-e.started:
	case <-ctx.Done():
		return fmt.Errorf("start: %w", ctx.Err())
	}
	if msg := log.fatal.Load(); msg != nil {
		return errors.New(*msg)
	}
	if !e.srv.ReadyForConnections(10 * time.Second) {
		return errors.New("not ready for connections in 10 s")
	}
	return nil
}

func (e *embedded) stop() error {
	e.srv.Shutdown()
	e.srv.WaitForShutdown()
	<-e.started
	return e.lock.release()
}

// serverLog passes the server's own lines on. Its notices are of no interest to an operator of Weir.
type serverLog struct {
	log   *slog.Logger
	fatal atomic.Pointer[string]
}

func (l *serverLog) line(level slog.Level, format string, v []any) {
	if l.log.Enabled(context.Background(), level) {
		l.log.Log(context.Background(), level, "nats-server: "+fmt.Sprintf(format, v...))
	}
}

func (l *serverLog) Noticef(format string, v ...any) { l.line(slog.LevelDebug, format, v) }
func (l *serverLog) Warnf(format string, v ...any)   { l.line(slog.LevelWarn, format, v) }
func (l *serverLog) Errorf(format string, v ...any)  { l.line(slog.LevelWarn, format, v) }
func (l *serverLog) Debugf(format string, v ...any)  { l.line(slog.LevelDebug, format, v) }
func (l *serverLog) Tracef(string, ...any)           {}

// Fatalf must not end the process: Open returns what it said.
func (l *serverLog) Fatalf(format string, v ...any) {
	msg := fmt.Sprintf(format, v...)
	l.fatal.CompareAndSwap(nil, &msg)
}
