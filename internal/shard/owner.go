package shard

import (
	"hash/fnv"
	"io"
)

// owner is who of the members has the highest weight for a key (rendezvous hashing: Thaler and Ravishankar, 1996), without those that are passed
// over; -1: there is none.
func owner(members []Member, key string, passed func(id string) bool) int {
	best, most := -1, uint64(0)
	of := hash(key)
	for i := range members {
		w := weight(hash(members[i].ID), of)
		if best >= 0 && (w < most || w == most && members[i].ID > members[best].ID) || passed != nil && passed(members[i].ID) {
			continue
		}
		best, most = i, w
	}
	return best
}

func hash(s string) uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, s) // it never fails
	return h.Sum64()
}

// weight mixes both so that each of its bits depends on each of theirs (the finalizer of SplitMix64, twice).
func weight(member, key uint64) uint64 { return mix(mix(member) ^ key) }

func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
