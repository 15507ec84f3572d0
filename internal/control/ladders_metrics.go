package control

import (
	"github.com/prometheus/client_golang/prometheus"

	"weir/ingest/ladder"
)

// ladderMetrics reads how the ladders of the channels do, when it is scraped.
type ladderMetrics struct {
	s *Server

	running, restarts, frames, dropped *prometheus.Desc
}

func newLadderMetrics(s *Server) *ladderMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("weir_ladder_"+name, help, append([]string{"channel", "input"}, labels...), nil)
	}
	return &ladderMetrics{
		s:        s,
		running:  desc("running", "1 while ffmpeg makes the renditions of the feed, else 0."),
		restarts: desc("restarts_total", "How often ffmpeg had to be started again."),
		frames:   desc("frames_total", "Frames that ffmpeg has made, since it was started.", "rung"),
		dropped:  desc("dropped_frames_total", "Frames of the feed that ffmpeg was too slow for: they are missing in the renditions."),
	}
}

// Describe implements prometheus.Collector.
func (c *ladderMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.running, c.restarts, c.frames, c.dropped} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *ladderMetrics) Collect(out chan<- prometheus.Metric) {
	e := emitter{out}
	for _, ch := range c.s.cfg.Catalog.Channels() {
		for _, l := range c.s.cfg.Ladders.Status(ch.ID) {
			running := 0.0
			if l.State == ladder.Running {
				running = 1
			}
			e.gauge(c.running, running, ch.ID, l.Input)
			e.count(c.restarts, int64(l.Restarts), ch.ID, l.Input)
			e.count(c.dropped, int64(l.DroppedFrames), ch.ID, l.Input)
			for _, r := range l.Rungs {
				e.count(c.frames, int64(r.Frames), ch.ID, l.Input, r.Name)
			}
		}
	}
}
