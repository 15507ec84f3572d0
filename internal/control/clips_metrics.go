package control

import "github.com/prometheus/client_golang/prometheus"

// clipGauges tell how many clips there are and what they take.
func (s *Server) clipGauges() []prometheus.Collector {
	return []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "weir_clips", Help: "Clips that are kept."}, func() float64 {
			return float64(len(s.cfg.Clips.List("")))
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "weir_clips_bytes", Help: "Media of all clips, on the disk."}, func() float64 {
			n := int64(0)
			for _, c := range s.cfg.Clips.List("") {
				n += c.Bytes
			}
			return float64(n)
		}),
	}
}
