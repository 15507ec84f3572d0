package control

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"weir/edge"
	"weir/ingest"
	"weir/internal/bus"
)

// collector reads all statuses when it is scraped. Of each channel it tells what feed and window know; counts of a feed begin
// anew with the next one, which Prometheus takes for a restart.
type collector struct {
	s *Server

	build, up, feedRate, feedSpeed, feedBytes, runs, forcedCuts, unevenChunks, lateFrames, lateLines, droppedSamples, droppedSegments *prometheus.Desc

	pending, stored, resent, readDropped, readRecovered, readFast, readUnsettled, readLag *prometheus.Desc

	windowSeconds, windowBytes, windowStored, rows, gaps, discontinuities, damaged, lost, restarts, retracted *prometheus.Desc

	requests, responseBytes, connections, held, hotBytes, renderings, peers *prometheus.Desc
}

func newCollector(s *Server) *collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("weir_"+name, help, labels, nil)
	}
	channel := func(name, help string) *prometheus.Desc { return desc(name, help, "channel") }
	return &collector{
		s:     s,
		build: desc("build_info", "1, by the program's version.", "version"),

		up:              channel("feed_up", "1 while a feed comes in for the channel, else 0."),
		feedRate:        channel("feed_bytes_per_second", "Media that comes in, over the last seconds."),
		feedSpeed:       channel("feed_speed", "How fast the feed's time goes: 1 is real time, 0 not known."),
		feedBytes:       channel("feed_received_bytes_total", "Media that came in."),
		runs:            channel("feed_runs_total", "Runs that the feed began: the first, and one a discontinuity."),
		forcedCuts:      channel("feed_forced_cuts_total", "Segments that do not begin where decoding can start."),
		unevenChunks:    channel("feed_uneven_chunks_total", "Chunks shorter or longer than players of low latency are told."),
		lateFrames:      channel("feed_late_frames_total", "Frames that came later than the one before was said to last: short gaps."),
		lateLines:       channel("feed_late_lines_total", "Lines of subtitles that were pushed when their time was past: they are not shown."),
		droppedSamples:  channel("feed_dropped_samples_total", "Samples of the feed that could not be packaged."),
		droppedSegments: channel("feed_dropped_segments_total", "Segments that were given up before the bus had them."),

		pending: channel("bus_pending_bytes", "Media that the bus has not acknowledged."),
		stored:  channel("bus_stored_bytes_total", "Media that the bus has acknowledged."),
		resent:  channel("bus_resent_messages_total", "Messages that had to be sent to the bus again."),

		readDropped: desc("bus_read_dropped_messages_total",
			"Messages of the bus that could not be used: of a writer that was replaced, malformed, or of a run that is not recorded.", "channel", "reason"),
		readRecovered: channel("bus_read_recovered_total", "How often reading was begun again after a failure."),
		readFast:      channel("bus_read_fast_messages_total", "Messages that came past the stream, before it had them."),
		readUnsettled: channel("bus_read_unsettled_messages_total", "Messages that came past the stream, and that it then had otherwise, or never."),
		readLag:       channel("bus_read_lag_seconds", "For how long the edge has lacked what the bus has of the channel."),

		windowSeconds:   channel("window_seconds", "What can be rewound of the channel."),
		windowBytes:     channel("window_bytes", "Media that the channel's window holds in memory."),
		windowStored:    channel("window_stored_bytes", "Media of the channel's window that is not in memory, and is read back from the bus when it is asked for."),
		rows:            channel("window_rows", "Segment numbers that the channel's manifests list."),
		gaps:            channel("window_gaps", "Segments without media in the channel's window."),
		discontinuities: channel("window_discontinuities", "Discontinuities in the channel's window."),
		damaged:         channel("window_damaged_segments_total", "Segments that arrived with a wrong size or checksum."),
		lost:            channel("window_lost_segments_total", "Segments that did not arrive whole."),
		restarts:        channel("window_restarts_total", "How often the window had to begin anew behind a hole."),
		retracted:       channel("window_retracted_chunks_total", "Chunks that came past the stream, and were taken back because it has otherwise: players may have been given them."),

		requests:      desc("edge_requests_total", "Requests of players, by what was asked for and the status of the answer.", "kind", "status"),
		responseBytes: desc("edge_response_bytes_total", "Bodies that players got.", "kind"),
		connections:   desc("edge_connections", "Connections of players."),
		held:          desc("edge_held_requests", "Requests of players that wait for media to come."),
		hotBytes:      desc("edge_hot_bytes", "Memory of the second copy of segments that are asked for often."),
		renderings:    desc("edge_renderings_total", "Manifests that were rendered."),
		peers:         desc("edge_peer_requests_total", "Requests of other edges for what assets are made of; they are among those by kind too."),
	}
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.build, c.up, c.feedRate, c.feedSpeed, c.feedBytes, c.runs, c.forcedCuts, c.unevenChunks, c.lateFrames, c.lateLines, c.droppedSamples, c.droppedSegments,
		c.pending, c.stored, c.resent, c.readDropped, c.readRecovered, c.readFast, c.readUnsettled, c.readLag,
		c.windowSeconds, c.windowBytes, c.windowStored, c.rows, c.gaps, c.discontinuities, c.damaged, c.lost, c.restarts, c.retracted,
		c.requests, c.responseBytes, c.connections, c.held, c.hotBytes, c.renderings, c.peers,
	} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	e := emitter{out}
	e.gauge(c.build, 1, c.s.cfg.Version)
	for _, ch := range c.s.cfg.Catalog.Channels() {
		if w, ok := c.s.window(ch.ID); ok {
			c.window(e, ch.ID, w)
			if c.s.cfg.Bus != nil {
				c.read(e, ch.ID, c.s.cfg.Bus.ReadStats(ch.ID))
			}
		}
		if f, ok := c.s.feed(ch.ID); ok {
			c.feed(e, ch.ID, f)
		} else if c.s.cfg.Feeds != nil {
			e.gauge(c.up, 0, ch.ID)
		}
	}
	if c.s.cfg.Edge != nil {
		c.edge(e, c.s.cfg.Edge.Stats())
	}
}

func (c *collector) feed(e emitter, id string, f ingest.Status) {
	up := 0.0
	if f.State == ingest.OnAir {
		up = 1
	}
	e.gauge(c.up, up, id)
	e.gauge(c.feedRate, float64(f.BitrateIn)/8, id)
	e.gauge(c.feedSpeed, f.Speed, id)
	e.count(c.feedBytes, f.Bytes, id)
	e.count(c.runs, int64(f.Runs), id)
	e.count(c.forcedCuts, int64(f.ForcedCuts), id)
	e.count(c.unevenChunks, int64(f.UnevenChunks), id)
	e.count(c.lateFrames, int64(f.LateFrames), id)
	e.count(c.lateLines, int64(f.LateLines), id)
	e.count(c.droppedSamples, int64(f.DroppedSamples), id)
	e.count(c.droppedSegments, f.LostSegments, id)
	e.gauge(c.pending, float64(f.Writer.PendingBytes), id)
	e.count(c.stored, f.Writer.StoredBytes, id)
	e.count(c.resent, f.Writer.Resent, id)
}

func (c *collector) read(e emitter, id string, r bus.ReadStats) {
	e.count(c.readDropped, r.Stale, id, "stale")
	e.count(c.readDropped, r.Malformed, id, "malformed")
	e.count(c.readDropped, r.Unknown, id, "unknown")
	e.count(c.readRecovered, r.Recovered, id)
	e.count(c.readFast, r.Fast, id)
	e.count(c.readUnsettled, r.Unsettled, id)
}

func (c *collector) window(e emitter, id string, w edge.Status) {
	e.gauge(c.windowSeconds, w.Depth.Seconds(), id)
	e.gauge(c.readLag, w.Lag.Seconds(), id)
	e.gauge(c.windowBytes, float64(w.Bytes), id)
	e.gauge(c.windowStored, float64(w.Stored), id)
	e.gauge(c.rows, float64(w.Rows), id)
	e.gauge(c.gaps, float64(w.Gaps), id)
	e.gauge(c.discontinuities, float64(w.Discontinuities), id)
	e.count(c.damaged, int64(w.Damaged), id)
	e.count(c.lost, int64(w.Lost), id)
	e.count(c.restarts, int64(w.Restarts), id)
	e.count(c.retracted, int64(w.Retracted), id)
}

func (c *collector) edge(e emitter, st edge.Stats) {
	for _, r := range st.Requests {
		status := "other"
		if r.Status != 0 {
			status = strconv.Itoa(r.Status)
		}
		e.count(c.requests, int64(r.Count), r.Kind, status)
	}
	for kind, n := range st.Bytes {
		e.count(c.responseBytes, int64(n), kind)
	}
	e.gauge(c.connections, float64(st.Connections))
	e.gauge(c.held, float64(st.Held+st.HeldInPlace))
	e.gauge(c.hotBytes, float64(st.HotBytes))
	e.count(c.renderings, int64(st.Renderings))
	e.count(c.peers, int64(st.Peers))
}

// emitter hands single values to Prometheus.
type emitter struct{ out chan<- prometheus.Metric }

func (e emitter) gauge(d *prometheus.Desc, v float64, labels ...string) {
	e.out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (e emitter) count(d *prometheus.Desc, v int64, labels ...string) {
	e.out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
}
