package control

import (
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// maxScrapes is how many may run at one time.
const maxScrapes = 4

// metrics answers scrapes, from a registry of its own.
func (s *Server) metrics() http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		newCollector(s),
	)
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{
		ErrorLog:            scrapeLog{s},
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: maxScrapes,
	})
}

// scrapeLog takes what went wrong in a scrape.
type scrapeLog struct{ s *Server }

// Println is what promhttp calls.
func (l scrapeLog) Println(v ...any) { l.s.cfg.Log.Error("metrics could not all be told", "err", v) }

// collector reads all statuses when it is scraped.
type collector struct {
	s *Server

	build, onAir, bitrate, runs, forcedCuts, droppedSamples, droppedSegments, pending *prometheus.Desc

	windowSeconds, windowBytes, windowRows, discontinuities, damaged, lost *prometheus.Desc

	requests, responseBytes *prometheus.Desc
}

func newCollector(s *Server) *collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("weir_"+name, help, labels, nil)
	}
	return &collector{
		s:     s,
		build: desc("build_info", "1, by the program's version.", "version"),

		onAir:           desc("feed_up", "1 while a feed comes in for the channel, else 0.", "channel"),
		bitrate:         desc("feed_bytes_per_second", "Media that comes in for the channel.", "channel"),
		runs:            desc("feed_runs_total", "Runs that the feed began: the first, and one a discontinuity.", "channel"),
		forcedCuts:      desc("feed_forced_cuts_total", "Segments that do not begin where decoding can start.", "channel"),
		droppedSamples:  desc("feed_dropped_samples_total", "Samples of the feed that could not be packaged.", "channel"),
		droppedSegments: desc("feed_dropped_segments_total", "Segments that were given up before the bus had them.", "channel"),
		pending:         desc("bus_pending_bytes", "Media that the bus has not acknowledged.", "channel"),

		windowSeconds:   desc("window_seconds", "What can be rewound of the channel.", "channel"),
		windowBytes:     desc("window_bytes", "Media that the channel's window holds in memory.", "channel"),
		windowRows:      desc("window_rows", "Segment numbers that the channel's manifests list.", "channel"),
		discontinuities: desc("window_discontinuities", "Discontinuities in the channel's window.", "channel"),
		damaged:         desc("window_damaged_segments_total", "Segments that arrived with a wrong size or checksum.", "channel"),
		lost:            desc("window_lost_segments_total", "Segments that did not arrive whole.", "channel"),

		requests:      desc("edge_requests_total", "Requests of players.", "kind", "status"),
		responseBytes: desc("edge_response_bytes_total", "Bodies that players got.", "kind", "status"),
	}
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.build, c.onAir, c.bitrate, c.runs, c.forcedCuts, c.droppedSamples, c.droppedSegments, c.pending,
		c.windowSeconds, c.windowBytes, c.windowRows, c.discontinuities, c.damaged, c.lost, c.requests, c.responseBytes,
	} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge(c.build, 1, c.s.cfg.Version)
	for _, ch := range c.s.cfg.Catalog.Channels() {
		if w, ok := c.s.window(ch.ID); ok {
			gauge(c.windowSeconds, w.Depth.Seconds(), ch.ID)
			gauge(c.windowBytes, float64(w.Bytes), ch.ID)
			gauge(c.windowRows, float64(w.Rows), ch.ID)
			gauge(c.discontinuities, float64(w.Discontinuities), ch.ID)
			count(c.damaged, w.Damaged, ch.ID)
			count(c.lost, w.Lost, ch.ID)
		}
		if c.s.cfg.Feeds == nil {
			continue
		}
		f, ok := c.s.feed(ch.ID)
		up := 0.0
		if f.State == OnAir {
			up = 1
		}
		gauge(c.onAir, up, ch.ID)
		if !ok {
			continue
		}
		if f.State == OnAir {
			gauge(c.bitrate, f.Bitrate/8, ch.ID)
		}
		count(c.runs, f.Runs, ch.ID)
		count(c.forcedCuts, f.ForcedCuts, ch.ID)
		count(c.droppedSamples, f.DroppedSamples, ch.ID)
		count(c.droppedSegments, f.DroppedSegments, ch.ID)
		gauge(c.pending, float64(f.PendingBytes), ch.ID)
	}
	if c.s.cfg.Edge == nil {
		return
	}
	for _, t := range c.s.cfg.Edge.Traffic() {
		status := strconv.Itoa(t.Status)
		count(c.requests, t.Count, t.Kind, status)
		count(c.responseBytes, t.Bytes, t.Kind, status)
	}
}
