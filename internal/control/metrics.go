package control

import (
	"net/http"

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
		newTransports(s),
		newInputMetrics(s),
	)
	if s.cfg.Ladders != nil {
		r.MustRegister(newLadderMetrics(s))
	}
	if s.cfg.Clips != nil {
		r.MustRegister(s.clipGauges()...)
	}
	if s.cfg.Library != nil {
		r.MustRegister(newLibraryMetrics(s.cfg.Library))
	}
	if s.cfg.Sites != nil {
		r.MustRegister(newSiteMetrics(s.cfg.Sites))
	}
	if s.cfg.Edges != nil {
		r.MustRegister(newEdgeMetrics(s.cfg.Edges))
	}
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
