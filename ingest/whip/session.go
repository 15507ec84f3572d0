package whip

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"weir/ingest"
	"weir/internal/media"
)

const (
	sessionQueue = 512                   // packets that wait for a session's goroutine
	beat         = 20 * time.Millisecond // how often a session looks at what has not come
)

// What ends a session from the publisher's side.
var (
	errNotConnected = errors.New("no connection: the publisher's packets do not arrive, see ingest.whip.udp and ingest.whip.nat")
	errIdle         = errors.New("no packets")
	errConnection   = errors.New("connection lost")
)

// session is one publisher. Its goroutine, run, owns all but what is said to be others'.
type session struct {
	id, etag string // random; constant
	ufrag    string // of the publisher; constant
	log      *slog.Logger
	feed     ingest.Feed
	peer     *webrtc.PeerConnection
	connect  time.Duration
	idle     time.Duration
	now      func() time.Time

	events  chan event
	state   chan webrtc.PeerConnectionState
	leave   chan struct{} // closed by end
	ending  sync.Once
	over    chan struct{} // closed when run has returned, for the readers
	closed  chan struct{} // closed when the channel is free again
	readers sync.WaitGroup

	*intake
	received time.Time // when the last packet came
}

// event is something that came from the publisher: a track, a packet of one or a sender report of one.
type event struct {
	track    *webrtc.TrackRemote
	receiver *webrtc.RTPReceiver
	kind     media.Kind
	packet   packet
	report   *senderReport
}

type senderReport struct {
	ntp  uint64
	time uint32
}

// newSession answers an offer. The feed is closed by run, or by the caller where this fails.
func newSession(ctx context.Context, s *Server, o offer, feed ingest.Feed, p ingest.Publish, local bool) (*session, string, error) {
	peer, err := s.newPeer(o, local)
	if err != nil {
		return nil, "", err
	}
	log := s.cfg.Log.With("channel", p.Channel, "remote", p.Remote)
	c := &session{
		log: log, feed: feed, peer: peer, ufrag: o.ufrag, connect: s.cfg.ConnectTimeout, idle: s.cfg.IdleTimeout, now: s.cfg.Now,
		events: make(chan event, sessionQueue), state: make(chan webrtc.PeerConnectionState, 8), leave: make(chan struct{}),
		over: make(chan struct{}), closed: make(chan struct{}),
		intake: newIntake(feed, s.cfg.segment(p.Channel), waits{video: s.cfg.VideoWait, audio: s.cfg.AudioWait}, o, log),
	}
	peer.OnTrack(func(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
		c.send(event{track: track, receiver: receiver})
	})
	peer.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		select {
		case c.state <- state:
		default: // the states that matter come once
		}
	})
	answer, err := c.answer(ctx, o)
	if err != nil {
		_ = peer.GracefulClose()
		return nil, "", err
	}
	return c, answer, nil
}

// answer is that to the offer, with all candidates.
func (c *session) answer(ctx context.Context, o offer) (answer string, err error) {
	defer func() {
		if p := recover(); p != nil {
			c.log.Error("panic at an offer", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("%w: panic at the offer", ingest.ErrInternal)
		}
	}()
	if err := c.peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: o.sdp}); err != nil {
		return "", fmt.Errorf("%w: %w", errOffer, err)
	}
	description, err := c.peer.CreateAnswer(nil)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errOffer, err)
	}
	gathered := webrtc.GatheringCompletePromise(c.peer)
	if err := c.peer.SetLocalDescription(description); err != nil {
		return "", fmt.Errorf("%w: %w", errOffer, err)
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return "", fmt.Errorf("gather the addresses of this server: %w", ctx.Err())
	}
	return raiseLevels(c.peer.LocalDescription().SDP), nil
}

// errOffer is an offer that cannot be answered, for reasons that only show when it is tried.
var errOffer = errors.New("the offer cannot be answered")

// end is the publisher's wish to stop.
func (c *session) end() { c.ending.Do(func() { close(c.leave) }) }

// run takes the feed in until it ends, by whosever wish. ctx is the server's.
func (c *session) run(ctx context.Context) {
	defer close(c.closed)
	err := c.guarded(ctx)
	close(c.over)
	select {
	case <-c.feed.Done():
		err = c.feed.Err()
	default:
	}
	c.feed.Close(err) // others can have the channel from now on
	_ = c.peer.GracefulClose()
	c.readers.Wait()
}

func (c *session) guarded(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.log.Error("panic in a session", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("%w: panic in the session", ingest.ErrInternal)
		}
	}()
	return c.loop(ctx)
}

func (c *session) loop(ctx context.Context) error {
	late := time.NewTimer(c.connect)
	defer late.Stop()
	ticks := time.NewTicker(beat)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return ingest.ErrClosing
		case <-c.feed.Done():
			return c.feed.Err()
		case <-c.leave:
			return nil
		case <-late.C:
			if c.received.IsZero() {
				return fmt.Errorf("%w (within %s)", errNotConnected, c.connect)
			}
		case state := <-c.state:
			switch state {
			case webrtc.PeerConnectionStateConnected:
				late.Reset(max(c.connect, c.idle))
				c.log.Info("publisher connected")
			case webrtc.PeerConnectionStateFailed:
				return errConnection
			case webrtc.PeerConnectionStateClosed: // by the publisher: DTLS says so
				return nil
			}
		case e := <-c.events:
			if err := c.take(e); err != nil {
				return err
			}
		case <-ticks.C:
			now := c.now()
			if !c.received.IsZero() && now.Sub(c.received) > c.idle {
				return fmt.Errorf("%w for %s", errIdle, c.idle)
			}
			if err := c.intake.tick(now); err != nil {
				return err
			}
			c.askForLost(now)
		}
		c.askForKey()
	}
}

// take does what one event wants.
func (c *session) take(e event) error {
	now := c.now()
	switch {
	case e.track != nil:
		c.begin(e.track, e.receiver)
		return nil
	case e.report != nil:
		c.intake.reported(e.kind, *e.report)
		return nil
	}
	c.received = now
	return c.intake.packet(e.kind, e.packet, now)
}
