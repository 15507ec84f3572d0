package library

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func at(n int) key { return key{title: 1, track: "v1", number: uint64(n)} }

// What was read last is there, whatever else is known; what is asked for often stays while others come and go.
func TestCacheKeepsWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	const size = 1000
	c := newCache(40 * (size + overhead))
	popular := at(1_000_000)
	c.put(popular, make([]byte, size))
	for range 20 {
		require.NotNil(t, c.get(popular))
	}
	for i := range 1000 {
		c.put(at(i), make([]byte, size))
		require.NotNil(t, c.get(at(i)), "it was read a moment ago")
		if i%7 == 0 {
			require.NotNil(t, c.get(popular), "after %d others", i)
		}
	}
	require.Nil(t, c.get(at(3)))
	require.EqualValues(t, 1, c.misses.Load())
	require.LessOrEqual(t, c.bytes(), int64(40*(size+overhead)))
}

func TestPinned(t *testing.T) {
	t.Parallel()
	c := newCache(10_000)
	c.pin(at(1), make([]byte, 500))
	for i := range 100 {
		c.put(at(10+i), make([]byte, 500))
	}
	require.NotNil(t, c.get(at(1)))
	c.unpin(2)
	require.NotNil(t, c.get(at(1)))
	c.unpin(1)
	require.Nil(t, c.get(at(1)))
	require.Zero(t, c.pinnedBytes())
}

// The bounds hold whatever is put in, and after they have changed.
func TestCacheKeepsItsBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.Int64Range(1<<10, 1<<20).Draw(t, "limit")
		c := newCache(limit)
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			k := at(rapid.IntRange(0, 50).Draw(t, "key"))
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0:
				limit = rapid.Int64Range(1<<10, 1<<20).Draw(t, "limit")
				c.resize(limit)
			case 1, 2, 3:
				c.get(k)
			default:
				if c.find(k) == nil {
					c.put(k, make([]byte, rapid.IntRange(1, 100_000).Draw(t, "size")))
				}
			}
			require.LessOrEqual(t, c.bytes(), limit)
		}
	})
}
