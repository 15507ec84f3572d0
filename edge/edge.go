package edge

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"weir/internal/catalog"
	"weir/internal/media"
)

// Config is what an edge needs.
type Config struct {
	Catalog Catalog
	// Read hands over a channel's media until ctx ends, of what is old without the media itself: bus.Bus.Join. It is called once at a time for
	// a channel, and again, after a pause, when it gives up.
	Read func(ctx context.Context, channel string, h Handler) error
	// Segment reads the media of a segment that was Stored, or let go of for want of memory: bus.Bus.Segment. nil: all is kept in memory.
	Segment func(ctx context.Context, channel string, end media.SegmentEnd) ([]byte, error)
	// Lag is for how long the reader of a channel has lacked what the bus has: bus.Bus.Lag. nil: it is not known.
	Lag func(channel string) time.Duration
	// Best is how many channels lag at that other edge of the group where the fewest do; false: there is no other. nil: there never is.
	Best     func() (lagging int, other bool)
	Memory   int64         // bytes that media should stay under; windows have WindowsMemory of it. Over it a warning is logged. 0: no limit
	Backfill int64         // bytes a second at which media that was Stored is read into memory at the most; 0: no limit
	Idle     time.Duration // a channel is read from the first request on until there was none for so long; 0: all are, always
	Assets   Assets        // what is served under /vod/; nil: nothing
	Peer     PeerAccess
	Group    string   // of edges that this one belongs to: channels that are pinned to others are not served. "": none
	Carry    []string // query parameters that manifests carry to all URLs in them
	Web      fs.FS    // files of the player page, with index.html at its root; nil: there is none
	Log      *slog.Logger
	Now      func() time.Time // nil: time.Now

	render       *renderers    // nil: those of packages hls and dash
	release      func()        // nil: debug.FreeOSMemory
	writeTimeout time.Duration // 0: the constant
	longest      time.Duration // that a request is held; 0: what the rules say
}

// Catalog tells which channels there are; *catalog.Catalog is one.
type Catalog interface {
	Channels() []catalog.Channel
	// Watch delivers all channels that there are, then every change, and is closed when ctx or the catalog ends.
	Watch(ctx context.Context) <-chan catalog.Change
}

// Handler is who takes what the bus has of a channel; it is that of package bus.
type Handler interface {
	Target(d time.Duration)
	Run(run media.Run, inits []media.Init)
	Chunk(c media.Chunk)
	End(e media.SegmentEnd)
	Stored(e media.SegmentEnd) // an End of which no chunk is handed over
	Signal(s media.Signal)
	Retract(track string, segment uint64, chunk int)
	CaughtUp()
}

// Limits of a connection. A player that does not take what it asked for is cut off, so that it cannot hold media in memory.
const (
	maxConnections = 256 << 10
	readTimeout    = 15 * time.Second // for a request, from its first byte on
	writeTimeout   = 60 * time.Second // for an answer
	idleTimeout    = 90 * time.Second // between requests
	maxHeader      = 8 << 10          // bytes of a request's header
	maxBody        = 4 << 10          // bytes of a request's body, which is not looked at
	expireEvery    = 5 * time.Second
	serverName     = "weir"
)

// Server is an edge. Make one with New; end it with Shutdown.
type Server struct {
	log        *slog.Logger
	now        func() time.Time
	catalog    Catalog
	render     *renderers
	memory     int64
	backfill   int64 // bytes a second; 0: no limit
	carry      []string
	longest    time.Duration // that a request is held; 0: what the rules say
	static     *static
	index      index
	assetIndex index
	counts     counters
	vod        assets
	peer       PeerAccess
	group      string
	elsewhere  elsewhere
	peered     atomic.Uint64 // requests of other edges
	lagOf      func(channel string) time.Duration
	best       func() (lagging int, other bool)
	began      time.Time

	channels channelSet
	releaser releaser
	http     *fasthttp.Server
	conns    connections
	hot      hotSet
	readback readback
	resumed  chan *connection   // to who serves them
	idle     atomic.Int32       // goroutines that wait for them
	inPlace  atomic.Int64       // requests that wait in goroutines of their own
	slow     atomic.Int64       // answers on their way to who does not take them at once
	stop     context.CancelFunc // ends the goroutines and whoever waits for media
	ctx      context.Context
	wg       sync.WaitGroup
}

// New starts to follow the catalog's channels. It fails if a file of cfg.Web cannot be read.
func New(cfg Config) (*Server, error) {
	s := &Server{log: cfg.Log, now: cfg.Now, memory: cfg.Memory, backfill: cfg.Backfill, carry: cfg.Carry, longest: cfg.longest, render: cfg.render}
	if s.now == nil {
		s.now = time.Now
	}
	if s.render == nil {
		s.render = &renderers{}
	}
	if cfg.writeTimeout == 0 {
		cfg.writeTimeout = writeTimeout
	}
	var err error
	if s.static, err = loadStatic(cfg.Web); err != nil {
		return nil, fmt.Errorf("load the player page: %w", err)
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.resumed = make(chan *connection)
	s.lagOf, s.best, s.began = cfg.Lag, cfg.Best, s.now()
	s.channels.init(s, cfg.Read)
	for _, ch := range cfg.Catalog.Channels() {
		s.channels.first[ch.ID] = true
	}
	s.releaser.init(cfg.release)
	s.vod.from, s.peer, s.group = cfg.Assets, cfg.Peer, cfg.Group
	s.conns.writeTimeout = cfg.writeTimeout
	s.hot.limit, s.hot.log = hotBytes, s.log
	if cfg.Memory > 0 {
		s.hot.limit = int(min(hotBytes, cfg.Memory/8))
	}
	s.catalog = cfg.Catalog
	s.http = &fasthttp.Server{
		Handler:                      s.handle,
		ErrorHandler:                 s.broken,
		Name:                         serverName,
		Logger:                       quietLogger{s.log},
		Concurrency:                  maxConnections,
		ReadBufferSize:               maxHeader,
		MaxRequestBodySize:           maxBody,
		NoDefaultContentType:         true,
		DisablePreParseMultipartForm: true,
		CloseOnShutdown:              true,
		TCPKeepalive:                 false, // Go's listeners switch it on
	}
	s.readback.init(s.ctx, cfg)
	s.channels.idleAfter = cfg.Idle
	changes := cfg.Catalog.Watch(s.ctx)
	s.wg.Go(func() { s.channels.follow(changes) })
	s.wg.Go(s.expire)
	s.wg.Go(s.keepAtHand)
	s.wg.Go(func() { s.releaser.run(s.ctx.Done()) })
	return s, nil
}

// Serve answers requests that come in on ln, which it closes, until Shutdown, and then returns nil.
func (s *Server) Serve(ln net.Listener) error {
	if s.ctx.Err() != nil {
		return ln.Close()
	}
	// Whoever ends it before fasthttp knows of ln would not be noticed there.
	ours := s.conns.listen(ln)
	defer context.AfterFunc(s.ctx, func() { _ = ours.Close() })()
	err := s.http.Serve(ours)
	if err != nil && s.ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("serve players on %s: %w", ln.Addr(), err)
	}
	return nil
}

// Shutdown takes no more connections, lets answers that are on their way be finished, and lets go of those who wait for
// media. When ctx ends first, it cuts the rest off and returns its error. It ends the following of channels and waits for
// all goroutines.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stop()
	err := s.http.ShutdownWithContext(ctx)
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	err = errors.Join(err, s.awaitSlow(ctx))
	s.conns.closeAll()
	s.wg.Wait()
	s.channels.closeAll()
	s.hot.close()
	if err != nil {
		return fmt.Errorf("end players' connections: %w", err)
	}
	return nil
}

// awaitSlow is until nobody is left who has not taken an answer yet that was written apart from fasthttp.
func (s *Server) awaitSlow(ctx context.Context) error {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for s.slow.Load() > 0 {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// expire empties windows whose feed is gone for long, and looks at how much memory all of them need.
func (s *Server) expire() {
	ticker := time.NewTicker(expireEvery)
	defer ticker.Stop()
	over := false
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-ticker.C:
		}
		over = s.look(over)
	}
}

// look is one round of expire; over tells whether the windows were over the limit in the last.
func (s *Server) look(over bool) bool {
	s.hot.sweep()
	held := s.readback.bytes()
	for _, c := range *s.channels.all.Load() {
		s.releaser.while(c.window, func() {
			if c.window.Expire(s.now()) {
				s.log.Info("nothing has come for longer than can be rewound: the window is emptied", "channel", c.id)
			}
		})
		held += c.window.Stats().Bytes
		if c.wanted.idle(s.now(), s.channels.idleAfter) {
			select {
			case s.channels.idle <- c:
			case <-s.ctx.Done():
			}
		}
		c.playlists.sweep(s.now())
	}
	if s.memory <= 0 || held <= s.memory {
		return false
	}
	if !over {
		s.log.Warn("windows hold more than edge.memory, though they keep no more than what is live: raise it", "bytes", held, "limit", s.memory)
	}
	return true
}

// quietLogger passes on what fasthttp has to say, which is about single connections.
type quietLogger struct{ log *slog.Logger }

func (l quietLogger) Printf(format string, args ...any) {
	l.log.Debug("http: " + fmt.Sprintf(format, args...))
}
