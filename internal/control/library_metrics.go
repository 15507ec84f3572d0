package control

import "github.com/prometheus/client_golang/prometheus"

// libraryMetrics reads what assets take, when it is scraped.
type libraryMetrics struct {
	library Library

	cacheBytes, headBytes, hits, misses, packaged, reads, failures, indexBytes, titles, impaired *prometheus.Desc
}

func newLibraryMetrics(library Library) *libraryMetrics {
	desc := func(name, help string) *prometheus.Desc { return prometheus.NewDesc("weir_vod_"+name, help, nil, nil) }
	return &libraryMetrics{
		library:    library,
		cacheBytes: desc("cache_bytes", "Packaged segments of assets that are kept in memory."),
		headBytes:  desc("head_bytes", "Those of them at the beginnings of assets, which stay."),
		hits:       desc("cache_hits_total", "Segments of assets that were asked for and kept in memory."),
		misses:     desc("cache_misses_total", "Segments of assets that had to be read from a site."),
		packaged:   desc("packaged_total", "Segments of assets that were packaged and kept; what is read for one may make others complete."),
		reads:      desc("reads_total", "Reads of files for segments of assets."),
		failures:   desc("read_failures_total", "Reads of files for segments of assets that failed."),
		titles:     desc("open_assets", "Assets that are open, as somebody has asked for them."),
		impaired:   desc("impaired_assets", "Those of them that are played without some of their files."),
		indexBytes: desc("index_bytes", "Memory that the indexes of open assets take."),
	}
}

// Describe implements prometheus.Collector.
func (c *libraryMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.cacheBytes, c.headBytes, c.hits, c.misses, c.packaged, c.reads, c.failures, c.titles, c.impaired, c.indexBytes} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *libraryMetrics) Collect(out chan<- prometheus.Metric) {
	e, st := emitter{out}, c.library.Stats()
	e.gauge(c.cacheBytes, float64(st.CacheBytes))
	e.count(c.hits, int64(st.Hits))
	e.count(c.misses, int64(st.Misses))
	e.gauge(c.headBytes, float64(st.HeadBytes))
	e.count(c.packaged, int64(st.Packaged))
	e.count(c.reads, int64(st.Reads))
	e.count(c.failures, int64(st.Failures))
	e.gauge(c.titles, float64(st.Titles))
	e.gauge(c.impaired, float64(st.Impaired))
	e.gauge(c.indexBytes, float64(st.IndexBytes))
}
