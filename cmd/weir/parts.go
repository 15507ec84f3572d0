package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"weir/edge"
	"weir/ingest"
	"weir/ingest/ladder"
	"weir/internal/bus"
	"weir/internal/catalog"
	"weir/internal/clip"
	"weir/internal/config"
	"weir/internal/control"
	"weir/web"
)

// parts is what runs on an open bus: what takes media in, what hands it out, or both.
type parts struct {
	cfg      config.Config
	ports    *ports
	bus      *bus.Bus
	channels *catalog.Catalog
	admin    *control.Server
	log      *slog.Logger

	// Of an ingest; nil of others.
	feeds   *ingest.Server
	hook    *ingest.Hook
	ladders *ladder.Ladders

	// Of an edge; nil of others.
	vod     *holdings
	players *edge.Server
	peers   *peers // nil: it shares its bus with nobody

	fits *capacity // of all
}

// open makes the parts of a role. After an error too, close has to be called.
func (p *parts) open(ctx context.Context, r role) (err error) {
	if r.takesIn() {
		if _, err = p.bus.KV(ctx, catalog.AssetsBucket); err != nil { // edges wait for it
			return err
		}
		if p.cfg.Bus.URL != "" {
			if _, err = p.bus.Edges(ctx); err != nil { // likewise
				return err
			}
		}
	}
	if r.handsOut() {
		if err = p.openEdge(ctx); err != nil {
			return err
		}
	}
	if r.takesIn() {
		p.feeds, p.hook = newIngest(p.cfg.Ingest, p.bus, p.channels, p.log)
		p.ladders = newLadders(p.cfg.Ingest.Ladder, p.feeds, p.channels, p.log)
	}
	p.fits = &capacity{channels: p.channels.Channels, room: p.bus.Room, memory: p.cfg.Edge.Memory, log: p.log.With("area", "capacity")}
	if p.feeds != nil {
		p.fits.feed = p.feeds.Status
	}
	if p.players != nil {
		p.fits.window = p.players.Status
	}
	return nil
}

func (p *parts) openEdge(ctx context.Context) (err error) {
	if !web.Built() {
		p.log.Warn("the player page is not in this program: `make build` builds it")
	}
	p.peers = joinPeers(p.cfg, p.bus, p.log)
	if p.vod, err = openHoldings(ctx, p.cfg, p.bus, p.peers.sharing(), p.log); err != nil {
		return err
	}
	p.players, err = edge.New(edge.Config{
		Catalog: p.channels,
		Read:    func(ctx context.Context, channel string, h edge.Handler) error { return p.bus.Join(ctx, channel, h) },
		Lag:     p.bus.Lag, Best: p.peers.best,
		Segment: p.bus.Segment, Memory: p.cfg.Edge.Memory, Backfill: p.cfg.Edge.Backfill, Idle: p.cfg.Edge.Idle,
		Peer:   edge.PeerAccess{Secret: p.cfg.Edge.Peer.Secret, Owners: p.peers.sharing(), Assets: p.vod.library.Own()},
		Group:  p.cfg.Edge.Group,
		Assets: p.vod.library, Carry: p.cfg.Edge.Carry, Web: web.Pages(), Log: p.log.With("area", "edge"), Now: time.Now,
	})
	if err == nil {
		p.peers.count(p.players)
	}
	return err
}

// close closes what is open. What is served from it must have ended.
func (p *parts) close() {
	p.hook.Close()
	p.peers.close()
	if p.vod != nil {
		p.vod.close()
	}
}

// api is what the admin API tells of the parts.
func (p *parts) api() control.Config {
	c := control.Config{Catalog: p.channels, Bus: p.bus, Capacity: p.fits, Version: version, Log: p.log.With("area", "admin")}
	if p.feeds != nil {
		c.Feeds, c.Splices, c.Ladders = p.feeds, p.feeds, p.ladders
	}
	if p.players != nil {
		c.Edge, c.Clips = p.players, clip.NewMaker(p.vod.clips, p.players)
		c.Assets, c.Library, c.Sites = p.vod.assets, p.vod.library, p.vod.origin
		c.Edges = p.peers.known()
	}
	return c
}

// serve runs all parts until ctx ends or one of them fails. ended tells of the admin API's listener, and is left as it was found.
func (p *parts) serve(ctx context.Context, ended chan error) error {
	p.admin.Start(p.api())

	// What takes media in ends when all are told of the stop; what hands it out goes on until nothing more comes in.
	told := ctx
	ctx, stopAll := context.WithCancel(context.WithoutCancel(ctx))
	defer stopAll()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		drain(ctx, told, p.cfg.Drain, p.admin, p.log)
		stopAll()
		return nil
	})
	if p.feeds != nil {
		p.takeIn(ctx, group)
	}
	group.Go(func() error { p.fits.run(ctx); return nil })
	outward := make(chan error, 1)
	if p.players != nil {
		p.handOut(ctx, group)
		go func() { outward <- p.players.Serve(p.ports.players) }()
		p.log.Info("listening", "for", "players", "address", p.ports.players.Addr().String())
	}
	p.log.Info("listening", "for", "admin", "address", p.ports.admin.Addr().String())
	group.Go(func() error {
		select {
		case err := <-outward:
			return err
		case err := <-ended:
			ended <- nil
			return err
		case <-ctx.Done():
			return nil
		}
	})

	<-ctx.Done()
	p.log.Info("stopping")
	err := group.Wait()
	stop, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if p.feeds != nil {
		p.feeds.Close(stop)
	}
	if p.players != nil {
		err = errors.Join(err, inTime(p.players.Shutdown(stop), p.log))
	}
	return errors.Join(err, inTime(p.admin.Shutdown(stop), p.log))
}

// takeIn runs what gets feeds to the bus.
func (p *parts) takeIn(ctx context.Context, group *errgroup.Group) {
	in := p.cfg.Ingest
	group.Go(func() error { newStreams(p.bus, p.log, time.Now).keep(ctx, p.channels.Watch(ctx)); return nil })
	serveRTMP(ctx, group, in, "rtmp", p.ports.rtmp, p.ladders, p.log)
	serveRTMP(ctx, group, in, "rtmps", p.ports.rtmps, p.ladders, p.log)
	serveSRT(ctx, group, in, p.ports.srt, p.ladders, p.channels, p.log)
	if p.ports.ingest != nil {
		serveHTTP(ctx, group, in, p.ports, p.feeds, p.ladders, p.channels, p.log)
	}
	serveSources(ctx, group, in.Limits, p.ladders, p.channels, p.log)
}

// handOut runs what players need beside their listener.
func (p *parts) handOut(ctx context.Context, group *errgroup.Group) {
	group.Go(func() error { p.vod.library.Run(ctx); return nil })
	group.Go(func() error {
		followMemory(ctx, func() int64 {
			live := heldBytes(p.channels, p.players)
			p.vod.library.Fit(vodMemory(p.cfg, live))
			return live + p.players.ReadBack() + p.vod.library.Stats().CacheBytes
		})
		return nil
	})
}
