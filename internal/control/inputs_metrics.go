package control

import (
	"github.com/prometheus/client_golang/prometheus"

	"weir/ingest"
)

// inputMetrics reads how the feeds of the channels take turns, when it is scraped.
type inputMetrics struct {
	s *Server

	inputs, switches, apart *prometheus.Desc
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
	}
}

// Describe implements prometheus.Collector.
func (c *inputMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.inputs, c.switches, c.apart} {
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
		n := make(map[ingest.InputState]int)
		for _, in := range f.Inputs {
			n[in.State]++
		}
		for _, state := range []ingest.InputState{ingest.InputActive, ingest.InputStandby, ingest.InputWaiting} {
			e.gauge(c.inputs, float64(n[state]), ch.ID, string(state))
		}
	}
}
