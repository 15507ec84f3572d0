package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// mirrorEvery is how often a point of presence looks which streams there are.
const mirrorEvery = 3 * time.Second

// edgesStream is the bucket in which edges tell each other that they are there. Each point of presence has one of its own.
const edgesStream = "KV_weir-edges"

// mirrors are the streams of another domain, kept up here.
type mirrors struct {
	bus    *Bus
	domain string
	keep   time.Duration
	origin jetstream.JetStream
}

// KeepMirrors makes the NATS servers that b is connected to a point of presence: all streams and buckets that edges read are mirrored from the
// JetStream domain of that name, which they reach as a leaf node. Media is kept for the time given, or as long as there where it is 0, or less
// than keep. Channels that come and go there come and go here. It ends with ctx, or the bus.
func (b *Bus) KeepMirrors(ctx context.Context, domain string, keep time.Duration) error {
	origin, err := jetstream.NewWithDomain(b.nc, domain)
	if err != nil {
		return fmt.Errorf("bus: domain %q: %w", domain, err)
	}
	m := mirrors{bus: b, domain: domain, keep: keep, origin: origin}
	what := "domain " + domain
	b.await(what, errors.New("not asked yet"))
	defer b.arrived(what)
	for {
		if err := m.follow(ctx); err == nil {
			b.arrived(what)
		} else if ctx.Err() == nil {
			b.await(what, err)
		}
		if !pause(ctx, mirrorEvery) {
			return nil
		}
	}
}

// follow makes, changes and removes mirrors until they are those of what is there now.
func (m *mirrors) follow(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 6*requestTimeout)
	defer cancel()
	there, err := list(ctx, m.origin)
	if err != nil {
		return fmt.Errorf("list the streams there: %w", err)
	}
	here, err := list(ctx, m.bus.js)
	if err != nil {
		return fmt.Errorf("list the streams here: %w", err)
	}
	var all []error
	for name, info := range there {
		if isMirrored(name) || name == edgesStream {
			all = append(all, m.keepUp(ctx, m.config(info.Config), info, here[name]))
		}
	}
	for name, info := range here {
		if there[name] == nil && m.isOurs(info) {
			m.bus.cfg.Log.Info("bus: what was mirrored is not there any more", "stream", name)
			all = append(all, m.bus.js.DeleteStream(ctx, name))
		}
	}
	return errors.Join(all...)
}

// keepUp makes one mirror what it should be. here is nil where it is missing.
func (m *mirrors) keepUp(ctx context.Context, cfg jetstream.StreamConfig, there, here *jetstream.StreamInfo) error {
	if here != nil && m.isOurs(here) && here.Created.Before(there.Created) {
		// That one was made anew: its numbers have begun again, which no mirror gets over.
		m.bus.cfg.Log.Info("bus: what is mirrored was made anew", "stream", cfg.Name)
		if err := m.bus.js.DeleteStream(ctx, cfg.Name); err != nil {
			return fmt.Errorf("remove the old stream %s: %w", cfg.Name, err)
		}
		here = nil
	}
	switch {
	case here == nil:
		m.bus.cfg.Log.Info("bus: a stream is mirrored from now on", "stream", cfg.Name, "domain", m.domain, "keep", cfg.MaxAge)
		if _, err := m.bus.js.CreateStream(ctx, cfg); err != nil {
			return fmt.Errorf("make stream %s: %w", cfg.Name, err)
		}
	case cfg.Mirror != nil && !m.isOurs(here):
		return fmt.Errorf("stream %s is there and mirrors nothing of domain %s: remove it, or use other servers", cfg.Name, m.domain)
	case here.Config.MaxAge != cfg.MaxAge || here.Config.Replicas != cfg.Replicas:
		cfg.Metadata = here.Config.Metadata
		if _, err := m.bus.js.UpdateStream(ctx, cfg); err != nil {
			return fmt.Errorf("change stream %s: %w", cfg.Name, err)
		}
	}
	return nil
}

// config is how a stream of that configuration there is to be here.
func (m *mirrors) config(there jetstream.StreamConfig) jetstream.StreamConfig {
	cfg := there
	cfg.Replicas, cfg.Placement, cfg.Metadata = m.bus.cfg.Replicas, nil, nil
	if cfg.Name == edgesStream {
		return cfg
	}
	cfg.Subjects, cfg.Sources, cfg.Duplicates, cfg.SubjectTransform, cfg.RePublish = nil, nil, 0, nil, nil
	cfg.Mirror = &jetstream.StreamSource{Name: there.Name, External: &jetstream.ExternalStream{APIPrefix: m.prefix()}}
	if m.keep > 0 && !strings.HasPrefix(cfg.Name, "KV_") && (cfg.MaxAge == 0 || cfg.MaxAge > m.keep) {
		cfg.MaxAge = m.keep
	}
	return cfg
}

func (m *mirrors) prefix() string { return "$JS." + m.domain + ".API" }

// isOurs tells whether a stream here mirrors one of the domain.
func (m *mirrors) isOurs(s *jetstream.StreamInfo) bool {
	from := s.Config.Mirror
	return from != nil && from.External != nil && from.External.APIPrefix == m.prefix()
}

// isMirrored tells which streams edges read.
func isMirrored(stream string) bool {
	if stream == edgesStream || stream == "KV_"+leaseBucketName {
		return false
	}
	return strings.HasPrefix(stream, "weir-") || strings.HasPrefix(stream, "KV_weir-")
}

// list is all streams of a domain by name.
func list(ctx context.Context, js jetstream.JetStream) (map[string]*jetstream.StreamInfo, error) {
	all := map[string]*jetstream.StreamInfo{}
	streams := js.ListStreams(ctx)
	for info := range streams.Info() {
		all[info.Config.Name] = info
	}
	return all, streams.Err()
}
