package shard

import (
	"context"
	"encoding/json"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const putTimeout = 2 * time.Second

// beat says again and again that the edge is there; at last, when ctx ends, that it leaves.
func (m *Members) beat(ctx context.Context, kv jetstream.KeyValue) {
	ticker := time.NewTicker(m.cfg.every)
	defer ticker.Stop()
	failing := false
	for {
		self := m.cfg.Self
		self.Load, self.Lagging = m.cfg.Load()
		word, err := json.Marshal(self)
		if err == nil {
			err = within(ctx, func(ctx context.Context) error { _, err := kv.Put(ctx, self.ID, word); return err })
		}
		switch {
		case err == nil:
			failing = false
			m.mu.Lock()
			m.put = m.cfg.Now()
			m.mu.Unlock()
		case !failing && ctx.Err() == nil:
			failing = true
			m.cfg.Log.Warn("the edge cannot tell others that it is there", "err", err)
		}
		select {
		case <-ctx.Done():
			// Who does not hear it hears nothing more.
			_ = within(context.Background(), func(ctx context.Context) error { return kv.Delete(ctx, self.ID) })
			return
		case <-ticker.C:
		}
	}
}

func within(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, putTimeout)
	defer cancel()
	return do(ctx)
}
