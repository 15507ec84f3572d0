package rtmp

import (
	"errors"
	"fmt"
	"os"
	"time"

	"weir/ingest"
)

// errIdle is a publisher that stays connected and sends nothing.
var errIdle = errors.New("nothing received")

// stream hands the client's media to the feed until the client stops (nil) or something goes wrong.
func (c *conn) stream(feed ingest.Feed) error {
	c.chunks.limit = maxMessage
	d := &discovery{feed: feed}
	err := c.messages(d)
	if err == nil || lost(err) || errors.Is(err, errIdle) {
		// A feed shorter than the discovery is a feed too.
		if flushErr := d.flush(); flushErr != nil {
			return flushErr
		}
	}
	if lost(err) {
		return fmt.Errorf("connection lost: %w", err)
	}
	return err
}

func (c *conn) messages(d *discovery) error {
	for {
		// The watcher may have interrupted before: only a deadline that is set first and checked after cannot undo that.
		if err := c.nc.SetReadDeadline(time.Now().Add(c.IdleTimeout)); err != nil {
			return err
		}
		if c.interrupted.Load() {
			return os.ErrDeadlineExceeded
		}
		m, err := c.next()
		if errors.Is(err, os.ErrDeadlineExceeded) && !c.interrupted.Load() {
			return fmt.Errorf("%w for %s", errIdle, c.IdleTimeout)
		}
		if err != nil {
			return err
		}
		over, err := c.handle(m, d)
		if over || err != nil {
			return err
		}
	}
}

// handle does what one message wants; over tells that the publisher has stopped.
func (c *conn) handle(m message, d *discovery) (over bool, err error) {
	switch m.Type {
	case typeVideo:
		return false, parseVideo(m.Body, func(p packet) error { return d.take(p, m.Time) })
	case typeAudio:
		return false, parseAudio(m.Body, func(p packet) error { return d.take(p, m.Time) })
	case typeData, typeDataAMF3:
		if !d.announced && len(m.Body) <= maxHello {
			if only := onlyKind(m.Body, m.Type == typeDataAMF3); only != "" {
				d.only = only
			}
		}
	case typeCommand, typeCommandAMF3:
		cmd, err := parseCommand(m)
		if err != nil {
			return false, err
		}
		switch cmd.name {
		case "FCUnpublish":
			return false, c.call("onFCUnpublish", 0, nil)
		case "deleteStream", "closeStream":
			return true, nil
		case "publish":
			return false, fmt.Errorf("%w: a second publish on one connection", errProtocol)
		case "createStream":
			return false, c.result(cmd.id, nil, float64(mediaStream))
		}
	}
	return false, nil
}
