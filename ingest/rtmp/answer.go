package rtmp

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/bluenviron/gortmplib/pkg/amf0"
	rtmpmessage "github.com/bluenviron/gortmplib/pkg/message"

	"weir/ingest"
)

// write sends a message. A client that does not read is given up after writeTimeout.
func (c *conn) write(m rtmpmessage.Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.nc.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	return c.out.Write(m)
}

// result answers the command of that transaction.
func (c *conn) result(transaction int, args ...any) error {
	if transaction == 0 {
		return nil // the client wants no answer (RTMP 1.0, 7.1.1)
	}
	return c.call("_result", transaction, args...)
}

// call sends a command.
func (c *conn) call(name string, transaction int, args ...any) error {
	return c.write(&rtmpmessage.CommandAMF0{ChunkStreamID: commandStream, Name: name, CommandID: transaction, Arguments: args})
}

// status sends onStatus (RTMP 1.0, 7.2.2).
func (c *conn) status(transaction int, level, code, description string) error {
	return c.write(&rtmpmessage.CommandAMF0{
		ChunkStreamID: statusStream, MessageStreamID: mediaStreamSwap, Name: "onStatus", CommandID: transaction,
		Arguments: amf0.Data{nil, about(level, code, description)},
	})
}

// about is what answers say.
func about(level, code, description string) amf0.Object {
	return amf0.Object{{Key: "level", Value: level}, {Key: "code", Value: code}, {Key: "description", Value: description}}
}

// failed answers the command of that transaction.
func (c *conn) failed(transaction int, code, description string) error {
	if transaction == 0 {
		return nil
	}
	return c.call("_error", transaction, nil, about("error", code, description))
}

// askToReconnect tells a client that understands it to connect again (Enhanced RTMP v2, "Reconnect Request"): to the same address, where another
// server may answer.
func (c *conn) askToReconnect() {
	if err := c.call("onStatus", 0, nil, about("status", codeReconnect, "the server is shutting down: connect again")); err != nil {
		c.log.Debug("publisher not told", "code", codeReconnect, "err", err)
	}
}

// tell is status to a client that may be gone.
func (c *conn) tell(level, code, description string) {
	if err := c.status(0, level, code, description); err != nil {
		c.log.Debug("publisher not told", "code", code, "err", err)
	}
}

// sendAway answers a client that is not admitted, if it came so far that it understands.
func (c *conn) sendAway(transaction int, err error) {
	if c.out == nil {
		return
	}
	var r *refusal
	switch {
	case errors.As(err, &r):
		if transaction != noTransaction {
			_ = c.status(transaction, "error", r.code, r.description)
		}
	case errors.Is(err, errProtocol):
		c.tell("error", codeFailed, err.Error())
	case errors.Is(err, ingest.ErrClosing), errors.Is(err, context.Canceled):
		c.tell("error", codeClosed, "the server is shutting down: try again later")
	default:
		return
	}
	c.linger()
}

// linger waits until the client has read the last words and closed: closing with bytes of it unread would reset the
// connection, and the words would be lost. A client that does not close by itself is shown the end of our side then, not before:
// GStreamer reports an end that comes with the words instead of the words.
func (c *conn) linger() {
	if c.drain() {
		return
	}
	if half, ok := c.nc.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil && !c.drain() {
		c.log.Debug("client did not close in time")
	}
}

// drain reads for a while; true: the client is gone, or has said too much.
func (c *conn) drain() bool {
	if err := c.nc.SetReadDeadline(time.Now().Add(lingerTime)); err != nil {
		return true
	}
	_, err := io.CopyN(io.Discard, c.nc, lingerBytes)
	return !errors.Is(err, os.ErrDeadlineExceeded)
}
