package config

import (
	"fmt"
	"slices"
	"strings"

	"weir/internal/shard"
)

// maxUpstreams is how many edges of another cluster may be listed.
const maxUpstreams = 8

// upstreams checks addresses of edges of another cluster.
func upstreams(all []string) ([]string, error) {
	if len(all) > maxUpstreams {
		return nil, fmt.Errorf("%d are too many, at most %d", len(all), maxUpstreams)
	}
	for i, one := range all {
		if shard.CheckAddress(one) != nil {
			return nil, fmt.Errorf("%.100q is no address of an edge, write it as https://HOST or http://HOST:PORT", one)
		}
		if all[i] = strings.TrimSuffix(one, "/"); slices.Contains(all[:i], all[i]) {
			return nil, fmt.Errorf("%q is there twice", one)
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	return all, nil
}

// checkUpstream refuses settings that do not go together.
func (d *document) checkUpstream(c *Config) error {
	switch {
	case len(c.Edge.Upstream) == 0:
		return nil
	case c.Bus.URL != "":
		return d.fail("edge.upstream", "is for edges that have no part in a bus, and bus.url names one: leave one out")
	case c.Edge.Peer.Address != "":
		return d.fail("edge.upstream", "is for edges that have no part in a bus, and edge.peer is for those that have: leave one out")
	}
	return nil
}
