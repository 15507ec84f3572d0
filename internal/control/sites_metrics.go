package control

import "github.com/prometheus/client_golang/prometheus"

// siteMetrics reads how the sites of assets do, when it is scraped.
type siteMetrics struct {
	of Sites

	up, requests, bytes, passedOver, failures *prometheus.Desc
}

func newSiteMetrics(of Sites) *siteMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("weir_site_"+name, help, append([]string{"site"}, labels...), nil)
	}
	return &siteMetrics{
		of:         of,
		up:         desc("up", "1 while the site is asked for files, 0 while it is known to be down."),
		requests:   desc("requests_total", "Requests to the site."),
		bytes:      desc("bytes_total", "Bytes read from the site."),
		passedOver: desc("passed_over_total", "Requests that the site was spared as it was down."),
		failures:   desc("failures_total", "Requests to the site that failed.", "reason"),
	}
}

// Describe implements prometheus.Collector.
func (c *siteMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.up, c.requests, c.bytes, c.passedOver, c.failures} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *siteMetrics) Collect(out chan<- prometheus.Metric) {
	e := emitter{out}
	for _, st := range c.of.Stats() {
		up := 0.0
		if st.Healthy {
			up = 1
		}
		e.gauge(c.up, up, st.Name)
		e.count(c.requests, int64(st.Requests), st.Name)
		e.count(c.bytes, int64(st.Bytes), st.Name)
		e.count(c.passedOver, int64(st.PassedOver), st.Name)
		for reason, n := range st.Failures {
			e.count(c.failures, int64(n), st.Name, string(reason))
		}
	}
}
