package ingest

import "time"

// maxBacklog bounds what is held of a feed that is not on air, in bytes.
const maxBacklog = 32 << 20

// backlog is the newest media of a feed that is not on air, from a key frame on.
type backlog struct {
	items []item
	keys  []int // places in items where decoding can start, rising
	bytes int
}

func (b *backlog) clear() { *b = backlog{} }

// add takes an item. Whole GOPs are dropped that end more than keep before it, and what there is too much of.
func (b *backlog) add(it item, key bool, keep time.Duration) {
	if key {
		b.keys = append(b.keys, len(b.items))
	}
	b.items = append(b.items, it)
	b.bytes += it.size()
	for len(b.keys) > 1 && (b.bytes > maxBacklog || b.items[b.keys[1]].at.Before(it.at.Add(-keep))) {
		b.drop(b.keys[1])
	}
	if b.bytes > maxBacklog {
		b.clear()
	}
}

// drop takes the first n items away.
func (b *backlog) drop(n int) {
	for i := range n {
		b.bytes -= b.items[i].size()
		b.items[i] = item{}
	}
	b.items = b.items[n:]
	keys := b.keys[:0]
	for _, k := range b.keys {
		if k >= n {
			keys = append(keys, k-n)
		}
	}
	b.keys = keys
}

// early is how long before a key frame sound of its time may have come.
const early = 250 * time.Millisecond

// since is what came after that time, from the first key frame on, with the sound that belongs to it. isMain tells whether an item is of the
// track that has the key frames.
func (b *backlog) since(after time.Time, isMain func(item) bool) []item {
	for _, k := range b.keys {
		if !b.items[k].at.After(after) {
			continue
		}
		var out []item
		from := b.items[k].at.Add(-early)
		for i, it := range b.items {
			if i >= k || it.at.After(after) && it.at.After(from) && !isMain(it) {
				out = append(out, it)
			}
		}
		return out
	}
	return nil
}
