package bus

import (
	"context"
	"fmt"
	"syscall"
)

// Room is how much the bus stores and may store.
type Room struct {
	Used     int64 // bytes
	Limit    int64 // bytes, with those that are used; 0: not known
	Replicas int   // that count against Limit, each for itself
}

// spare is how many bytes of the disk are left to others.
const spare = 256 << 20

// Room asks how much the bus stores and may store. Of the embedded server that is what its disk has free, and its own bound; of a cluster
// the account's limit, where it has one: what its disks have free is not told to clients.
func (b *Bus) Room(ctx context.Context) (Room, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	info, err := b.js.AccountInfo(ctx)
	if err != nil {
		return Room{}, fmt.Errorf("bus: ask how much is stored: %w", err)
	}
	if b.srv == nil {
		r := Room{Used: int64(info.Store), Replicas: b.cfg.Replicas}
		limit := info.Limits.MaxStore
		// nats-server counts what all replicas store; limits by tier are those of one.
		if tier, ok := info.Tiers[fmt.Sprintf("R%d", b.cfg.Replicas)]; ok {
			r.Used, r.Replicas, limit = int64(tier.Store)/int64(b.cfg.Replicas), 1, tier.Limits.MaxStore
		}
		r.Limit = max(limit, 0)
		return r, nil
	}
	r := Room{Used: int64(info.Store), Limit: b.cfg.MaxStore, Replicas: 1}
	var st syscall.Statfs_t
	if err := syscall.Statfs(b.cfg.Dir, &st); err != nil {
		return Room{}, fmt.Errorf("bus: ask how much room there is in %s: %w", b.cfg.Dir, err)
	}
	free := int64(st.Bavail) * st.Bsize
	r.Limit = min(r.Limit, max(r.Used+free-spare, 1))
	return r, nil
}
