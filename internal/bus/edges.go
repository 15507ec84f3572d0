package bus

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// EdgesBucket is where edges say that they are there.
	EdgesBucket = "weir-edges"
	// EdgesTTL is how long the bucket keeps what an edge has said.
	EdgesTTL = 10 * time.Second
)

// Edges is the bucket in which edges tell each other that they live: each word is kept for EdgesTTL. It is made where it is missing, but
// that an edge waits for it until ctx ends, and Ready says so meanwhile.
func (b *Bus) Edges(ctx context.Context) (jetstream.KeyValue, error) {
	if b.cfg.Role == Edge {
		return b.awaitBucket(ctx, EdgesBucket)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*requestTimeout)
	defer cancel()
	kv, err := b.makeBucket(ctx, jetstream.KeyValueConfig{
		Bucket: EdgesBucket, Description: "edges that are there", TTL: EdgesTTL, History: 1, Storage: jetstream.FileStorage, Replicas: b.cfg.Replicas,
	})
	if err != nil {
		return nil, fmt.Errorf("bus: KV bucket %s: %w", EdgesBucket, err)
	}
	return kv, nil
}

// Instance is the name of this process, as no other on the bus has it, in characters that a key of a bucket may have.
func (b *Bus) Instance() string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, b.cfg.Instance)
}
