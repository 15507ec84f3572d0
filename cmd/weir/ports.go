package main

import (
	"fmt"
	"net"

	"weir/ingest/srt"
	"weir/ingest/whip"
	"weir/internal/config"
)

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
