package rtmp

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/bluenviron/gortmplib/pkg/amf0"

	"weir/ingest"
)

// errIdle is a publisher that stays connected and sends nothing.
var errIdle = errors.New("nothing received")

// stream hands the client's media to the feed until the client stops (nil) or something goes wrong.
func (c *conn) stream(feed ingest.Feed) error {
	c.chunks.limit = maxMessage
	d := &discovery{feed: feed, now: c.Now, mayBeFine: c.abilities&canNanos != 0, still: func() {
		c.log.Warn("the feed has no timestamps: the times at which its frames arrive take their place", "stream", shorten(c.name))
	}}
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
	case typeVideo, typeAudio:
		return false, d.media(m)
	case typeAggregate:
		return false, d.forgive(split(m, func(m message) error {
			if m.Type == typeCommand || m.Type == typeCommandAMF3 { // has no place there
				return nil
			}
			_, err := c.handle(m, d)
			return err
		}))
	case typeData, typeDataAMF3:
		if !d.announced && len(m.Body) <= maxHello {
			if meta, ok := parseMetadata(m.Body, m.Type == typeDataAMF3); ok {
				d.meta = meta
			}
		}
	case typeCommand, typeCommandAMF3:
		return c.obey(m)
	}
	return false, nil
}

// obey does what a command in mid-stream wants.
func (c *conn) obey(m message) (over bool, err error) {
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
		if a := parseAddress(c.app, c.tcURL, cmd.text(1)); a.stream() == c.name {
			return false, c.status(cmd.id, "status", codePublished, "publishing") // said twice
		}
		return false, fmt.Errorf("%w: a second publish on one connection: use a connection for each stream", errProtocol)
	case "createStream":
		return false, c.failed(cmd.id, codeCallFailed, "one stream a connection is taken: use a connection for each")
	case "releaseStream", "FCPublish":
		return false, c.result(cmd.id, nil, amf0.Undefined{})
	}
	return false, nil
}
