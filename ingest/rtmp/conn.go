package rtmp

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortmplib/pkg/amf0"
	"github.com/bluenviron/gortmplib/pkg/bytecounter"
	"github.com/bluenviron/gortmplib/pkg/handshake"
	rtmpmessage "github.com/bluenviron/gortmplib/pkg/message"

	"weir/ingest"
)

const (
	readBuffer   = 64 << 10
	ackWindow    = 2_500_000 // bytes; what encoders are used to
	writeTimeout = 5 * time.Second
	lingerTime   = time.Second // twice
	lingerBytes  = 4 << 20
)

// conn is one client. Its goroutine reads; write may be called by others.
type conn struct {
	Config
	nc  net.Conn
	log *slog.Logger

	counter *bytecounter.ReadWriter
	chunks  *chunkReader
	window  uint64 // bytes after which the client wants an acknowledgement
	acked   uint64

	connected  bool // the client has sent connect, and in it:
	app, tcURL string
	abilities  uint32
	name       string // of the stream that it publishes

	interrupted atomic.Bool

	mu  sync.Mutex // guards out
	out *rtmpmessage.Writer
}

func newConn(cfg Config, nc net.Conn) *conn {
	return &conn{Config: cfg, nc: nc, log: cfg.Log.With("remote", nc.RemoteAddr().String()), window: ackWindow}
}

// serve goes the connection's whole way: one feed, or several one after another. It returns when the client is gone or was sent away; nc
// is still open.
func (c *conn) serve(ctx context.Context) error {
	for again := false; ; again = true {
		stop := context.AfterFunc(ctx, func() { c.interrupt() })
		feed, transaction, err := c.admit(ctx)
		stop()
		if err != nil && ctx.Err() != nil {
			err = ingest.ErrClosing
		}
		if err != nil && again && (lost(err) || errors.Is(err, os.ErrDeadlineExceeded)) {
			return nil // most publish once
		}
		if err != nil {
			c.sendAway(transaction, err)
			return err
		}
		if goesOn, err := c.publish(ctx, feed, transaction); !goesOn {
			return err
		}
	}
}

// admit is everything before the first media byte. It takes no longer than Config.HandshakeTimeout.
func (c *conn) admit(ctx context.Context) (ingest.Feed, int, error) {
	if err := c.nc.SetDeadline(time.Now().Add(c.HandshakeTimeout)); err != nil {
		return nil, noTransaction, err
	}
	if ctx.Err() != nil {
		return nil, noTransaction, ingest.ErrClosing
	}
	ctx, cancel := context.WithTimeout(ctx, c.HandshakeTimeout)
	defer cancel()
	if c.out == nil {
		if err := c.shakeHands(); err != nil {
			return nil, noTransaction, fmt.Errorf("handshake: %w", err)
		}
	}
	a, transaction, err := c.negotiate()
	if err != nil {
		return nil, noTransaction, err
	}
	c.name = a.stream()
	switch {
	case a.App != application || a.Channel == "":
		return nil, transaction, &refusal{code: codeBadName, description: fmt.Sprintf("the stream name is missing: publish to rtmp://HOST/%s/CHANNEL", application)}
	case a.Extra:
		return nil, transaction, &refusal{code: codeBadName, description: fmt.Sprintf("too many slashes: publish to rtmp://HOST/%s/CHANNEL", application)}
	}
	feed, err := c.Ingest.Open(ctx, ingest.Publish{
		Channel: a.Channel, Rendition: a.Rendition, Input: a.Input, Key: a.Key, Protocol: "rtmp", Remote: c.nc.RemoteAddr().String(),
	})
	if err != nil {
		return nil, transaction, refuse(a, err)
	}
	return feed, transaction, nil
}

// shakeHands is RTMP 1.0, 5.2. Version 6, encrypted by a key that anybody can have, is not offered.
func (c *conn) shakeHands() error {
	// The reader is the handshake's and the chunks', so that what a client sends early is not lost.
	in := bytecounter.NewReader(c.nc)
	br := bufio.NewReaderSize(in, readBuffer)
	c.counter = &bytecounter.ReadWriter{Reader: in, Writer: bytecounter.NewWriter(c.nc)}
	version, err := br.Peek(1)
	if err != nil {
		return err
	}
	if version[0] != 3 {
		return fmt.Errorf("%w: version %d", errProtocol, version[0])
	}
	if _, _, err := handshake.DoServer(struct {
		io.Reader
		io.Writer
	}{br, c.counter.Writer}, false); err != nil {
		return err
	}
	c.chunks = newChunkReader(br)
	c.out = rtmpmessage.NewWriter(c.counter.Writer, c.counter.Writer, false)
	return nil
}

// publish takes the feed in until it ends, by whosever wish. goesOn: the client has stopped, and may publish again.
func (c *conn) publish(ctx context.Context, feed ingest.Feed, transaction int) (goesOn bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			feed.Close(fmt.Errorf("%w: panic on the connection", ingest.ErrInternal))
			panic(p) // logged by the server
		}
		feed.Close(err)
	}()
	err = errors.Join(
		c.call("onFCPublish", 0, nil, amf0.Object{{Key: "code", Value: codePublished}, {Key: "description", Value: "publishing"}}),
		c.status(transaction, "status", codePublished, "publishing"))
	if err != nil {
		return false, err
	}
	// One goroutine waits for the server's wish to end it, and wakes the reader.
	gone := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		select {
		case <-gone:
			return
		case <-feed.Done():
		case <-ctx.Done():
		}
		c.interrupt()
	})
	err = c.stream(feed)
	close(gone)
	watcher.Wait()

	select {
	case <-feed.Done():
		err = feed.Err()
	default:
		if ctx.Err() != nil {
			err = ingest.ErrClosing
		}
	}
	if err == nil {
		c.tell("status", codeUnpublished, "stopped")
		return true, nil
	}
	if !lost(err) {
		c.sayFarewell(err)
		feed.Close(err) // others can have the channel while this client reads
		c.linger()
	}
	return false, err
}

// sayFarewell tells a publisher why its feed is over.
func (c *conn) sayFarewell(err error) {
	if errors.Is(err, ingest.ErrClosing) && c.abilities&canReconnect != 0 {
		c.askToReconnect()
	}
	level, code, description := ended(err)
	c.tell(level, code, description)
	if errors.Is(err, ingest.ErrClosing) {
		c.tell("status", codeClosed, description)
	}
}

// next reads a message, and does what control messages want.
func (c *conn) next() (message, error) {
	for {
		m, err := c.chunks.read()
		if err != nil {
			return m, err
		}
		if err := c.acknowledge(); err != nil {
			return m, err
		}
		switch m.Type {
		case typeSetWindow:
			if len(m.Body) >= 4 {
				c.window = uint64(max(binary.BigEndian.Uint32(m.Body), 1))
			}
		case typeUserControl:
			if len(m.Body) >= 6 && binary.BigEndian.Uint16(m.Body) == uint16(rtmpmessage.UserControlTypePingRequest) {
				pong := &rtmpmessage.UserControlPingResponse{ServerTime: binary.BigEndian.Uint32(m.Body[2:])}
				if err := c.write(pong); err != nil {
					return m, err
				}
			}
		default:
			return m, nil
		}
	}
}

// acknowledge is RTMP 1.0, 5.4.3: some clients stop sending without it.
func (c *conn) acknowledge() error {
	n := c.counter.Reader.Count()
	if n-c.acked < c.window {
		return nil
	}
	c.acked = n
	return c.write(&rtmpmessage.Acknowledge{Value: uint32(n)})
}

// interrupt makes a read that waits, and every later one, fail.
func (c *conn) interrupt() {
	c.interrupted.Store(true)
	_ = c.nc.SetReadDeadline(time.Unix(1, 0))
}

// lost tells whether err means that nobody is there to be told.
func lost(err error) bool {
	var ne net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.As(err, &ne) && !ne.Timeout()
}
