package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"weir/edge"
	"weir/ingest/srt"
	"weir/ingest/whip"
	"weir/internal/bus"
	"weir/internal/catalog"
	"weir/internal/clip"
	"weir/internal/config"
	"weir/internal/control"
	"weir/web"
)

// stopTimeout is how long players and publishers have to finish when the program is told to stop.
const stopTimeout = 10 * time.Second

// serveCommand is `weir serve`.
type serveCommand struct {
	Config string `short:"c" type:"path" help:"The YAML file. Without one there are the channels demo, a looped clip, and live, open for a push."`
}

// Run serves until ctx ends, then lets everybody finish.
func (c *serveCommand) Run(ctx context.Context) error {
	cfg := config.Default()
	if c.Config != "" {
		var err error
		if cfg, err = config.Load(c.Config); err != nil {
			return err
		}
	}
	log := newLog(cfg.Log.Level, cfg.Log.Format)
	ports, err := listen(cfg)
	if err != nil {
		return err
	}
	defer ports.close()
	log.Info("starting", "version", version, "data", cfg.Data, "channels", len(cfg.Channels))

	b, err := connectBus(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer func() {
		if err := b.Close(); err != nil {
			log.Error("the bus did not close well", "err", err)
		}
	}()
	kv, err := b.KV(ctx, "weir-catalog")
	if err != nil {
		return err
	}
	channels, err := catalog.Open(ctx, kv, cfg.Channels, log.With("area", "catalog"))
	if err != nil {
		return err
	}
	defer channels.Close()
	if err := prepareStreams(ctx, b, channels, log); err != nil {
		return err
	}
	return serve(ctx, cfg, ports, b, channels, log)
}

// serve runs all parts on an open bus until ctx ends or one of them fails.
func serve(ctx context.Context, cfg config.Config, ports *ports, b *bus.Bus, channels *catalog.Catalog, log *slog.Logger) error {
	if !web.Built() {
		log.Warn("the player page is not in this program: `make build` builds it")
	}
	vod, err := openHoldings(ctx, cfg, b, log)
	if err != nil {
		return err
	}
	defer vod.close()
	feeds, hook := newIngest(cfg.Ingest, b, channels, log)
	defer hook.Close()
	players, err := edge.New(edge.Config{
		Catalog: channels,
		Read:    func(ctx context.Context, channel string, h edge.Handler) error { return b.Read(ctx, channel, h) },
		Memory:  cfg.Edge.Memory, Assets: vod.library, Carry: cfg.Edge.Carry, Web: web.Pages(), Log: log.With("area", "edge"), Now: time.Now,
	})
	if err != nil {
		feeds.Close(ctx)
		return err
	}
	ladders := newLadders(cfg.Ingest.Ladder, feeds, channels, log)
	admin := control.New(control.Config{
		Catalog: channels, Feeds: feeds, Splices: feeds, Ladders: ladders, Edge: players, Bus: b, Clips: clip.NewMaker(vod.clips, players),
		Assets: vod.assets, Library: vod.library, Sites: vod.origin, Version: version, Log: log.With("area", "admin"),
	})

	// What takes media in ends with ctx; what hands it out goes on until nothing more comes in.
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { newStreams(b, log, time.Now).keep(ctx, channels.Watch(ctx)); return nil })
	group.Go(func() error { vod.library.Run(ctx); return nil })
	group.Go(func() error {
		followMemory(ctx, func() int64 {
			live := heldBytes(channels, players)
			vod.library.Fit(vodMemory(cfg, live))
			return live + vod.library.Stats().CacheBytes
		})
		return nil
	})
	serveRTMP(ctx, group, cfg.Ingest, "rtmp", ports.rtmp, ladders, log)
	serveRTMP(ctx, group, cfg.Ingest, "rtmps", ports.rtmps, ladders, log)
	serveSRT(ctx, group, cfg.Ingest, ports.srt, ladders, channels, log)
	if ports.ingest != nil {
		serveHTTP(ctx, group, cfg.Ingest, ports, feeds, ladders, channels, log)
	}
	serveSources(ctx, group, cfg.Ingest.Limits, ladders, channels, log)

	outward := make(chan error, 2)
	go func() { outward <- players.Serve(ports.players) }()
	log.Info("listening", "for", "players", "address", ports.players.Addr().String())
	go func() { outward <- admin.Serve(ports.admin) }()
	log.Info("listening", "for", "admin", "address", ports.admin.Addr().String())
	group.Go(func() error {
		select {
		case err := <-outward:
			return err
		case <-ctx.Done():
			return nil
		}
	})

	<-ctx.Done()
	log.Info("stopping")
	err = group.Wait()
	stop, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	feeds.Close(stop)
	return errors.Join(err, inTime(players.Shutdown(stop), log), inTime(admin.Shutdown(stop), log))
}

// inTime is err, but that a client did not finish in time is no failure of ours.
func inTime(err error, log *slog.Logger) error {
	if errors.Is(err, context.DeadlineExceeded) {
		log.Warn("clients that did not finish in time were cut off", "after", stopTimeout)
		return nil
	}
	return err
}

// ports are the open listeners: opened before all else, so that a used port is the first thing to show.
type ports struct {
	players, admin, rtmp, rtmps, ingest net.Listener
	srt                                 *srt.Listener
	whip                                *whip.Listener
}

func listen(cfg config.Config) (*ports, error) {
	p := &ports{}
	for _, l := range []struct {
		to           *net.Listener
		key, address string
	}{
		{&p.players, "edge.listen", cfg.Edge.Listen},
		{&p.admin, "admin.listen", cfg.Admin.Listen},
		{&p.rtmp, "ingest.rtmp", cfg.Ingest.RTMP},
		{&p.rtmps, "ingest.rtmps.listen", cfg.Ingest.RTMPS.Listen},
		{&p.ingest, "ingest.http", cfg.Ingest.HTTP},
	} {
		if l.address == "" {
			continue
		}
		ln, err := net.Listen("tcp", l.address)
		if err != nil {
			p.close()
			return nil, fmt.Errorf("%s: %w", l.key, err)
		}
		*l.to = ln
	}
	if err := p.secure(cfg.Ingest.RTMPS); err != nil {
		p.close()
		return nil, fmt.Errorf("ingest.rtmps: %w", err)
	}
	if cfg.Ingest.SRT.Listen != "" {
		ln, err := srt.Listen(cfg.Ingest.SRT.Listen, cfg.Ingest.SRT.Latency)
		if err != nil {
			p.close()
			return nil, fmt.Errorf("ingest.srt: %w", err)
		}
		p.srt = ln
	}
	var err error
	if p.whip, err = listenWHIP(cfg.Ingest); err != nil {
		p.close()
		return nil, fmt.Errorf("ingest.whip: %w", err)
	}
	return p, nil
}

// close closes what is still open.
func (p *ports) close() {
	for _, ln := range []net.Listener{p.players, p.admin, p.rtmp, p.rtmps, p.ingest} {
		if ln != nil {
			_ = ln.Close()
		}
	}
	if p.srt != nil {
		p.srt.Close()
	}
	if p.whip != nil {
		p.whip.Close()
	}
}

// heldBytes is how much media all windows hold.
func heldBytes(channels *catalog.Catalog, players *edge.Server) int64 {
	held := int64(0)
	for _, ch := range channels.Channels() {
		if st, ok := players.Status(ch.ID); ok {
			held += st.Bytes
		}
	}
	return held
}
