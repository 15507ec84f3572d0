package control

import (
	"github.com/prometheus/client_golang/prometheus"

	"weir/ingest"
)

// inputMetrics reads how the feeds of the channels take turns, when it is scraped.
type inputMetrics struct {
	s *Server

	inputs, switches, apart, role, takeovers, held, cut *prometheus.Desc
}

func newInputMetrics(s *Server) *inputMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("weir_feed_"+name, help, append([]string{"channel"}, labels...), nil)
	}
	return &inputMetrics{
		s:        s,
		inputs:   desc("inputs", "Feeds of the channel: active; on standby, while another input is on air; waiting, while nothing comes.", "state"),
		switches: desc("input_switches_total", "How often the channel went over from one input to another."),
		apart:    desc("apart_cuts_total", "Segments at whose beginning not all renditions have a key frame."),
		role:     desc("role", "What this process does with the feed of a redundant channel: writing or standby; 1 for what it does.", "role"),
		takeovers: desc("takeovers_total", "How often this process has taken a redundant channel over since the feed began: without a discontinuity or with one.",
			"how"),
		held: desc("held_seconds", "How much of the feed of a redundant channel this process holds: a takeover within that time loses nothing."),
		cut:  desc("held_cut_total", "Samples of what it holds that this process let go, since it holds no more bytes."),
	}
}

// Describe implements prometheus.Collector.
func (c *inputMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.inputs, c.switches, c.apart, c.role, c.takeovers, c.held, c.cut} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *inputMetrics) Collect(out chan<- prometheus.Metric) {
	e := emitter{out}
	for _, ch := range c.s.cfg.Catalog.Channels() {
		f, ok := c.s.feed(ch.ID)
		if !ok {
			continue
		}
		e.count(c.switches, int64(f.Switches), ch.ID)
		e.count(c.apart, int64(f.ApartCuts), ch.ID)
		if f.Redundant {
			for _, role := range []ingest.Role{ingest.Writing, ingest.Standby} {
				does := 0.0
				if f.Role == role && f.State != ingest.OffAir {
					does = 1
				}
				e.gauge(c.role, does, ch.ID, string(role))
			}
			e.gauge(c.held, f.Held.Seconds(), ch.ID)
			e.count(c.cut, int64(f.Cut), ch.ID)
			e.count(c.takeovers, int64(f.Seamless), ch.ID, "seamless")
			e.count(c.takeovers, int64(f.Takeovers-f.Seamless), ch.ID, "discontinuity")
		}
		n := make(map[ingest.InputState]int)
		for _, in := range f.Inputs {
			n[in.State]++
		}
		for _, state := range []ingest.InputState{ingest.InputActive, ingest.InputStandby, ingest.InputWaiting} {
			e.gauge(c.inputs, float64(n[state]), ch.ID, string(state))
		}
	}
}
