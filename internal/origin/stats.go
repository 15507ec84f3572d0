package origin

import (
	"maps"
	"time"
)

// SiteStats is how a site is, and what was asked of it since the start.
type SiteStats struct {
	Name    string
	Kind    string // "file", "s3" or "http"
	URL     string // without its secrets
	Healthy bool
	// Since is when it went down, and Why what the last failure was; zero and "" while it is healthy.
	Since    time.Time
	Why      string
	Requests uint64 // to find files, for stretches and listings; of a listing of many pages one, none for what is in memory
	Active   int    // requests under way
	Bytes    uint64 // that were read from it
	// PassedOver is how many requests it was spared as it was down.
	PassedOver uint64
	Failures   map[Reason]uint64
}

// Stats tells of all sites, in the order they were configured.
func (o *Origin) Stats() []SiteStats {
	all := make([]SiteStats, 0, len(o.order))
	for _, s := range o.order {
		since, why, down := s.health.state()
		st := SiteStats{
			Name: s.name, Kind: s.kind, URL: s.address, Healthy: !down, Since: since, Why: why,
			Requests: s.requests.Load(), Active: len(s.slots), Bytes: s.bytes.Load(), PassedOver: s.passed.Load(),
		}
		s.mu.Lock()
		st.Failures = maps.Clone(s.failures)
		s.mu.Unlock()
		all = append(all, st)
	}
	return all
}
