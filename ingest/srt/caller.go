package srt

import (
	"context"
	"errors"
	"strings"
	"time"

	"weir/ingest/source"
	"weir/internal/catalog"
)

// CallConfig is what calling senders needs. Zero durations and counts stand for the defaults.
type CallConfig struct {
	Now func() time.Time

	HandshakeTimeout time.Duration // to the first packet of media; 10 s
	IdleTimeout      time.Duration // without a packet of media; 30 s
	BufferBytes      int64         // that may wait for their time on one connection; 128 MiB
}

// Sources are senders that are called.
func Sources(cfg CallConfig) source.Kind {
	defaults(&cfg.HandshakeTimeout, &cfg.IdleTimeout, &cfg.BufferBytes)
	return source.Kind{
		Area: "srt", Run: cfg.run, Failed: "srt feed failed, calling again", Panicked: "panic in an srt feed", Passphrase: true,
		Is: func(url string) bool { return strings.HasPrefix(url, catalog.SourceSRT) },
	}
}

// run calls a sender and takes its feed in until something ends it.
func (cfg CallConfig) run(ctx context.Context, j source.Job) (err error) {
	src, err := catalog.ParseSRT(j.URL)
	if err != nil {
		return err
	}
	if src.Passphrase == "" {
		src.Passphrase = j.Passphrase
	}
	conn, err := call(ctx, src)
	if err != nil {
		return err
	}
	defer hangUp(conn)
	c := &connection{
		log: j.Log, now: cfg.Now, encrypted: src.Passphrase != "", firstWithin: cfg.HandshakeTimeout, idle: cfg.IdleTimeout,
		buffer: cfg.BufferBytes,
	}
	c.attach(conn)
	feed, err := j.Open(ctx, "srt", src.Address, c.transport)
	if err != nil {
		return err
	}
	defer func() { feed.Close(err) }()
	if err = c.run(ctx, feed); err == nil {
		err = errHungUp
	}
	return err
}

// errHungUp is a sender that ended the connection.
var errHungUp = errors.New("the sender has hung up")
