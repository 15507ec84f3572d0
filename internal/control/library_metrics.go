package control

import "github.com/prometheus/client_golang/prometheus"

// libraryMetrics reads what assets take, when it is scraped.
type libraryMetrics struct {
	library Library

	cacheBytes, hits, misses, indexBytes *prometheus.Desc
}

func newLibraryMetrics(library Library) *libraryMetrics {
	desc := func(name, help string) *prometheus.Desc { return prometheus.NewDesc("weir_vod_"+name, help, nil, nil) }
	return &libraryMetrics{
		library:    library,
		cacheBytes: desc("cache_bytes", "Packaged segments of assets that are kept in memory."),
		hits:       desc("cache_hits_total", "Segments of assets that were asked for and kept in memory."),
		misses:     desc("cache_misses_total", "Segments of assets that had to be read from a site."),
		indexBytes: desc("index_bytes", "Memory that the indexes of open assets take."),
	}
}

// Describe implements prometheus.Collector.
func (c *libraryMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.cacheBytes, c.hits, c.misses, c.indexBytes} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *libraryMetrics) Collect(out chan<- prometheus.Metric) {
	e, st := emitter{out}, c.library.Stats()
	e.gauge(c.cacheBytes, float64(st.CacheBytes))
	e.count(c.hits, int64(st.CacheHits))
	e.count(c.misses, int64(st.CacheMisses))
	e.gauge(c.indexBytes, float64(st.IndexBytes))
}
