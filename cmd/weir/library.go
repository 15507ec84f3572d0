package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"weir/internal/bus"
	"weir/internal/catalog"
	"weir/internal/clip"
	"weir/internal/config"
	"weir/internal/library"
	"weir/internal/origin"
	"weir/internal/thumbnail"
)

// holdings is all that is served under /vod/, and what it is made of.
type holdings struct {
	clips   *clip.Store
	assets  *catalog.Assets
	origin  *origin.Origin
	library *library.Library
}

// vodShare is the part of edge.memory that segments of files may have at the most; live windows come first.
const vodShare = 2

func openHoldings(ctx context.Context, cfg config.Config, b *bus.Bus, peers library.Peers, log *slog.Logger) (_ *holdings, err error) {
	h := &holdings{}
	defer func() {
		if err != nil {
			h.close()
		}
	}()
	if h.clips, err = clip.Open(clip.Config{Dir: filepath.Join(cfg.Data, "clips"), Log: log.With("area", "clips"), Now: time.Now}); err != nil {
		return nil, err
	}
	kv, err := b.KV(ctx, catalog.AssetsBucket)
	if err != nil {
		return nil, err
	}
	if h.assets, err = catalog.OpenAssets(ctx, kv, cfg.Assets, cfg.VOD.Places(), log.With("area", "assets")); err != nil {
		return nil, err
	}
	if h.origin, err = origin.New(cfg.VOD.Origins(), log.With("area", "sites"), time.Now); err != nil {
		return nil, err
	}
	var thumbnails library.Thumbnails
	if maker := thumbnail.New(cfg.Ingest.Ladder.FFmpeg, cfg.Ingest.Ladder.Nice, log.With("area", "vod")); maker != nil {
		thumbnails = maker
	}
	h.library = library.New(library.Config{
		Thumbnails: thumbnails, Peers: peers,
		Clips: h.clips, Catalog: h.assets, Origin: h.origin, Segment: cfg.VOD.Segment,
		Memory: vodMemory(cfg, 0), Head: headMemory(cfg), Log: log.With("area", "vod"), Now: time.Now,
	})
	return h, nil
}

// vodMemory is how many bytes segments of files may take where live windows take that many.
func vodMemory(cfg config.Config, live int64) int64 {
	memory := min(cfg.Edge.Memory-live, cfg.Edge.Memory/vodShare)
	return max(memory-headMemory(cfg), cfg.Edge.Memory/32)
}

// headMemory is how many bytes the beginnings of assets may take that stay in memory.
func headMemory(cfg config.Config) int64 { return min(cfg.VOD.Head, cfg.Edge.Memory/vodShare) }

// close closes what is open. What is served from it must have ended.
func (h *holdings) close() {
	if h.library != nil {
		h.library.Close()
	}
	if h.origin != nil {
		h.origin.Close()
	}
	if h.assets != nil {
		h.assets.Close()
	}
	if h.clips != nil {
		h.clips.Close()
	}
}
