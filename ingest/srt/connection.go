package srt

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	gosrt "github.com/datarhei/gosrt"
	"github.com/datarhei/gosrt/packet"

	"weir/ingest"
	"weir/ingest/mpegts"
)

const (
	// queued is how many packets may wait to be packaged: what a stall of the disk or of the collector may cost nobody.
	queued = 4096
	// watchEvery is how often a connection is looked at.
	watchEvery = 500 * time.Millisecond
	// sequences is how many sequence numbers there are (draft-sharabayko-srt, 3.1).
	sequences = 1 << 31
)

// connection is an established SRT connection that brings a feed, accepted or called. run belongs to one goroutine, transport to all.
type connection struct {
	log         *slog.Logger
	now         func() time.Time
	encrypted   bool
	firstWithin time.Duration // to the first packet of media
	idle        time.Duration // without a packet of media
	buffer      int64         // bytes that may wait for their time

	conn    atomic.Pointer[gosrt.Conn] // nil before attach
	missing atomic.Uint64              // packets that the feed went on without
	plain   atomic.Uint64              // packets that should have been encrypted
	last    atomic.Int64               // when the last packet of media was due, in nanoseconds since the epoch
	heard   atomic.Int64               // when packets of media were last seen to come in, as last
	count   atomic.Uint64              // of packets of media
}

func (c *connection) attach(conn gosrt.Conn) {
	now := c.now().UnixNano()
	c.last.Store(now)
	c.heard.Store(now)
	c.conn.Store(&conn)
}

// run hands the media to the feed until the sender stops (nil), the feed or ctx ends, or something goes wrong. The connection is closed
// then; the feed is not.
func (c *connection) run(parent context.Context, feed ingest.Feed) error {
	conn := *c.conn.Load()
	ctx, cancel := context.WithCancelCause(parent)
	var helpers sync.WaitGroup
	defer helpers.Wait()
	defer func() { _ = conn.Close() }()
	defer cancel(nil)
	queue := make(chan packet.Packet, queued)
	helpers.Go(func() { c.receive(ctx, conn, queue) })
	helpers.Go(func() {
		cancel(c.watch(ctx, conn, feed))
		_ = conn.Close() // ends receive
	})

	demuxer := mpegts.NewDemuxer(feed, mpegts.Config{Log: c.log, Now: c.now})
	for p := range queue {
		_, err := demuxer.Write(p.Data())
		p.Decommission()
		if err != nil {
			return err
		}
	}
	err := c.reason(parent, ctx, feed)
	if flushErr := demuxer.Flush(); err == nil {
		err = flushErr
	}
	return err
}

// reason is why there are no more packets; nil: the sender has stopped.
func (c *connection) reason(parent, ctx context.Context, feed ingest.Feed) error {
	select {
	case <-feed.Done():
		return feed.Err()
	case <-parent.Done():
		return ingest.ErrClosing
	default:
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	// gosrt does not tell a sender that has stopped from one that is not heard of any more.
	if silence := c.now().Sub(time.Unix(0, c.heard.Load())); silence > peerIdle-2*watchEvery {
		return fmt.Errorf("%w for %s", errLost, silence.Round(100*time.Millisecond))
	}
	return nil
}

// receive fetches packets as they become due and closes queue at the end. It may wait for room: what gosrt has to drop meanwhile is
// missing in the numbers.
func (c *connection) receive(ctx context.Context, conn gosrt.Conn, queue chan<- packet.Packet) {
	defer close(queue)
	next, begun := uint32(0), false
	for {
		p, err := conn.ReadPacket()
		if err != nil {
			return
		}
		c.last.Store(c.now().UnixNano())
		c.count.Add(1)
		number := p.Header().PacketSequenceNumber.Val()
		if begun {
			c.missing.Add(uint64((number - next) % sequences))
		}
		next, begun = (number+1)%sequences, true
		if c.encrypted && p.Header().KeyBaseEncryptionFlag == packet.UnencryptedPacket {
			c.plain.Add(1) // somebody else's: gosrt hands it over as it is
			p.Decommission()
			continue
		}
		select {
		case queue <- p:
		case <-ctx.Done():
			p.Decommission()
			return
		}
	}
}

// watch waits until the connection has to be closed, and says why; nil: ctx or the feed has ended.
func (c *connection) watch(ctx context.Context, conn gosrt.Conn, feed ingest.Feed) error {
	received := uint64(0)
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-feed.Done():
			return nil
		case <-ticker.C:
		}
		within := c.idle
		if c.count.Load() == 0 {
			within = c.firstWithin
		}
		if c.silence() >= within {
			return fmt.Errorf("%w for %s", errIdle, within)
		}
		var st gosrt.Statistics
		conn.Stats(&st)
		if n := st.Accumulated.PktRecv; n != received {
			received = n
			c.heard.Store(c.now().UnixNano())
		}
		if int64(st.Instantaneous.ByteRecvBuf) > c.buffer {
			return fmt.Errorf("%w: %d bytes", errBuffer, st.Instantaneous.ByteRecvBuf)
		}
	}
}

// silence is how long no media has come.
func (c *connection) silence() time.Duration { return c.now().Sub(time.Unix(0, c.last.Load())) }

// transport is how the connection does.
func (c *connection) transport() ingest.Transport {
	t := ingest.Transport{Encrypted: c.encrypted, Missing: c.missing.Load()}
	conn := c.conn.Load()
	if conn == nil {
		return t
	}
	var st gosrt.Statistics
	(*conn).Stats(&st)
	const mega = 1024 * 1024 // gosrt's
	now, all := st.Instantaneous, st.Accumulated
	t.RTT = time.Duration(now.MsRTT * float64(time.Millisecond))
	t.Latency = time.Duration(now.MsRecvTsbPdDelay) * time.Millisecond
	if now.PktRecvBuf > 0 { // else MsRecvBuf is what it was before
		t.Buffered = time.Duration(now.MsRecvBuf) * time.Millisecond
	}
	t.Rate = int64(now.MbpsRecvRate * mega)
	t.Bandwidth = int64(now.MbpsLinkCapacity * mega)
	t.Received, t.Lost, t.Retransmitted = all.PktRecv, all.PktRecvLoss, all.PktRecvRetrans
	t.Late, t.Undecrypted = all.PktRecvBelated, max(all.PktRecvUndecrypt, c.plain.Load())
	return t
}
