package pull

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"weir/ingest"
	"weir/ingest/mpegts"
	"weir/ingest/source"
	"weir/internal/catalog"
)

const (
	datagramSize = 64 << 10
	// look is how often a socket without datagrams looks after its feed.
	look = 50 * time.Millisecond
	// faithful is how long datagrams of others are passed by after one of the sender.
	faithful = 2 * time.Second
)

// udp takes what comes to a socket until something ends it: feed after feed.
func (cfg Config) udp(ctx context.Context, j source.Job) error {
	from, err := catalog.ParseUDP(j.URL)
	if err != nil {
		return err
	}
	conn, err := bind(from)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	j.Log.Info("waiting for datagrams", "address", conn.LocalAddr().String())
	r := &receiver{cfg: cfg, job: j, conn: conn, program: from.Program, buf: make([]byte, datagramSize), oob: make([]byte, dropsSpace)}
	return r.run(ctx)
}

// receiver is a socket and the feed of those who send to it, if there is one.
type receiver struct {
	cfg     Config
	job     source.Job
	conn    *net.UDPConn
	program uint16 // 0: any
	buf     []byte
	oob     []byte

	feed    ingest.Feed // nil between feeds
	demuxer *mpegts.Demuxer
	order   reorder
	sender  netip.AddrPort
	heard   time.Time // the last datagram of the sender
	dropped uint32    // by the kernel, as it counts

	count counters
}

// counters are for the status of the feed.
type counters struct{ received, late, missing atomic.Uint64 }

func (c *counters) transport() ingest.Transport {
	return ingest.Transport{Received: c.received.Load(), Late: c.late.Load(), Missing: c.missing.Load()}
}

func (r *receiver) run(ctx context.Context) (err error) {
	defer func() {
		if r.feed != nil {
			r.feed.Close(err)
		}
	}()
	var until time.Time // when the socket stops waiting
	for {
		// A deadline for each datagram would be a timer for each.
		if now := time.Now(); until.Sub(now) < look/2 {
			until = now.Add(look)
			if err := r.conn.SetReadDeadline(until); err != nil {
				return err
			}
		}
		n, oobn, _, from, err := r.conn.ReadMsgUDPAddrPort(r.buf, r.oob)
		if ctx.Err() != nil {
			return nil
		}
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			err = r.silence()
		case err == nil:
			r.overflows(r.oob[:oobn])
			err = r.datagram(ctx, r.buf[:n], from)
		}
		if err != nil {
			return err
		}
	}
}

// overflows counts what the kernel had no room for.
func (r *receiver) overflows(oob []byte) {
	n, ok := drops(oob)
	if !ok || n == r.dropped {
		return
	}
	r.count.missing.Add(uint64(n - r.dropped))
	r.dropped = n
	if r.feed != nil {
		r.feed.Dropped("datagrams came faster than they were read: the kernel dropped some; raise net.core.rmem_max")
	}
}

// datagram takes one datagram.
func (r *receiver) datagram(ctx context.Context, b []byte, from netip.AddrPort) error {
	now := r.cfg.Now()
	if from != r.sender {
		if r.feed != nil && now.Sub(r.heard) < faithful {
			r.count.late.Add(1)
			return nil // two streams in one make none
		}
		r.sender = from
	}
	r.heard = now
	r.count.received.Add(1)
	if r.feed == nil {
		if !promising(b) {
			return nil
		}
		if err := r.begin(ctx); err != nil {
			return err
		}
	}
	payload, number, ok := unwrap(b)
	var err error
	if ok {
		late, missing := r.order.late, r.order.missing
		if err = r.order.expire(now, r.write); err == nil {
			err = r.order.push(number, payload, now, r.write)
		}
		r.count.late.Add(r.order.late - late)
		r.count.missing.Add(r.order.missing - missing)
	} else {
		err = r.write(b)
	}
	if err != nil {
		return over(r.feed, err)
	}
	return r.wanted()
}

// promising tells whether a datagram looks like a transport stream: a feed does not begin with anything else.
func promising(b []byte) bool {
	const syncByte, timecode = 0x47, 4
	if payload, _, ok := unwrap(b); ok {
		b = payload
	}
	return len(b) > timecode && (b[0] == syncByte || b[timecode] == syncByte)
}

func (r *receiver) write(b []byte) error {
	_, err := r.demuxer.Write(b)
	return err
}

// begin opens a feed for the sender.
func (r *receiver) begin(ctx context.Context) error {
	feed, err := r.job.Open(ctx, "udp", catalog.HideSource(r.job.URL), r.count.transport)
	if err != nil {
		return err
	}
	r.feed, r.order = feed, reorder{}
	r.demuxer = mpegts.NewDemuxer(feed, mpegts.Config{Program: r.program, Log: r.job.Log, Now: r.cfg.Now})
	r.job.Log.Info("datagrams come", "from", r.sender.String())
	return nil
}

// silence looks after the feed while nothing comes.
func (r *receiver) silence() error {
	if r.feed == nil {
		return nil
	}
	if err := r.wanted(); err != nil {
		return err
	}
	now := r.cfg.Now()
	if err := r.order.expire(now, r.write); err != nil {
		return over(r.feed, err)
	}
	if now.Sub(r.heard) < r.cfg.IdleTimeout {
		return nil
	}
	err := errors.Join(fmt.Errorf("%w for %s", errIdle, r.cfg.IdleTimeout), r.end())
	r.feed.Close(err)
	r.feed, r.demuxer = nil, nil
	return nil
}

// end hands over what is held.
func (r *receiver) end() error {
	if err := r.order.flush(r.write); err != nil {
		return err
	}
	return r.demuxer.Flush()
}

// wanted is why the server wants no more of the feed.
func (r *receiver) wanted() error {
	select {
	case <-r.feed.Done():
		if err := r.feed.Err(); err != nil {
			return err
		}
		return ingest.ErrEnded
	default:
		return nil
	}
}
