package control

import (
	"github.com/prometheus/client_golang/prometheus"

	"weir/ingest"
)

// transports reads how the connections of the feeds do, when it is scraped. Counts begin anew with each connection.
type transports struct {
	s *Server

	rtt, latency, buffered, bandwidth, packets *prometheus.Desc
}

func newTransports(s *Server) *transports {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("weir_transport_"+name, help, append([]string{"channel"}, labels...), nil)
	}
	return &transports{
		s:         s,
		rtt:       desc("rtt_seconds", "Round-trip time to the publisher, smoothed."),
		latency:   desc("latency_seconds", "How long there is to make losses good: what both ends agreed on."),
		buffered:  desc("buffered_seconds", "What came and waits for its time."),
		bandwidth: desc("bandwidth_bytes_per_second", "What the line is thought to carry; 0: not known."),
		packets: desc("packets_total", "Packets of the feed: received; lost, and asked for again; retransmitted; late, when given up already; "+
			"missing, that the feed went on without; undecrypted.", "what"),
	}
}

// Describe implements prometheus.Collector.
func (c *transports) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.rtt, c.latency, c.buffered, c.bandwidth, c.packets} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *transports) Collect(out chan<- prometheus.Metric) {
	e := emitter{out}
	for _, ch := range c.s.cfg.Catalog.Channels() {
		f, ok := c.s.feed(ch.ID)
		if !ok || f.Transport == nil {
			continue
		}
		t := f.Transport
		if f.State != ingest.OffAir {
			e.gauge(c.rtt, t.RTT.Seconds(), ch.ID)
			e.gauge(c.latency, t.Latency.Seconds(), ch.ID)
			e.gauge(c.buffered, t.Buffered.Seconds(), ch.ID)
			e.gauge(c.bandwidth, float64(t.Bandwidth)/8, ch.ID)
		}
		for what, n := range map[string]uint64{
			"received": t.Received, "lost": t.Lost, "retransmitted": t.Retransmitted, "late": t.Late, "missing": t.Missing, "undecrypted": t.Undecrypted,
		} {
			e.count(c.packets, int64(n), ch.ID, what)
		}
	}
}
