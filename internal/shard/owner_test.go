package shard

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func named(ids []string) (all []Member) {
	for _, id := range ids {
		all = append(all, Member{ID: id})
	}
	return all
}

// Who joins takes objects over from all, and only for itself; who leaves leaves only its own to others. The order of members is of no matter.
func TestOnlyTheShareOfWhoJoinsMoves(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z0-9-]{1,20}`), 2, 12, rapid.ID).Draw(t, "members")
		with := named(ids)
		joins := with[len(with)-1].ID
		without := slices.Clone(with[:len(with)-1])
		if rapid.Bool().Draw(t, "turned") {
			slices.Reverse(without)
		}
		for _, key := range rapid.SliceOfN(rapid.String(), 1, 50).Draw(t, "keys") {
			before, after := without[owner(without, key, nil)].ID, with[owner(with, key, nil)].ID
			if before != after && after != joins {
				t.Fatalf("%q went from %s to %s when %s joined", key, before, after, joins)
			}
			passed := owner(with, key, func(id string) bool { return id == joins })
			if with[passed].ID != before {
				t.Fatalf("%q of %s is with %s when it is passed over", key, before, with[passed].ID)
			}
		}
	})
}

// Members get about as much as each other, of keys that are much alike.
func TestSharesAreEven(t *testing.T) {
	t.Parallel()
	const keys, count = 20000, 7
	var ids []string
	for i := range count {
		ids = append(ids, fmt.Sprintf("host%d-edge", i))
	}
	members, got := named(ids), make([]int, count)
	for i := range keys {
		got[owner(members, fmt.Sprintf("film/%d", i), nil)]++
	}
	for i, n := range got {
		if n < keys/count*9/10 || n > keys/count*11/10 {
			t.Errorf("member %d has %d of %d", i, n, keys)
		}
	}
	if owner(members, "film", func(string) bool { return true }) != -1 || owner(nil, "film", nil) != -1 {
		t.Error("there is an owner where there is nobody")
	}
}

func FuzzMember(f *testing.F) {
	f.Add("e1", []byte(`{"id":"e1","address":"http://10.0.0.1:8080","group":"eu","load":3}`))
	f.Add("e1", []byte(`{"id":"e2"}`))
	f.Add("e1", []byte(`{"id":"e1","address":"http://a/b?c"}`))
	f.Fuzz(func(t *testing.T, key string, word []byte) {
		m, err := parse(key, word)
		if err == nil && (m.ID != key || m.Load < 0 || m.Address != "" && CheckAddress(m.Address) != nil) {
			t.Errorf("%+v", m)
		}
	})
}
