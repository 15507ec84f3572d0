package bus

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A server that was killed found its own leases held for as long as they last, and sent its publishers away.
func TestKilledServerTakesItsLeasesBackFromAnOutsideNATS(t *testing.T) {
	t.Parallel()
	o := startOutside(t)
	dir := t.TempDir()
	killed := openBus(t, Config{URL: o.url(), Dir: dir})
	require.NoError(t, killed.SetChannel(testContext(t), "news", time.Hour))
	first := acquire(t, killed, "news")
	_, err := Open(testContext(t), Config{URL: o.url(), Dir: dir})
	require.ErrorIs(t, err, ErrLocked, "two of one name would take each other's leases")
	other := openBus(t, Config{URL: o.url(), Dir: t.TempDir()})
	_, err = other.Acquire(testContext(t), "news")
	require.ErrorIs(t, err, ErrTaken)

	require.NoError(t, killed.lock.release()) // as the kernel does; the lease is still there
	killed.lock = nil
	again := openBus(t, Config{URL: o.url(), Dir: dir})
	second := acquire(t, again, "news")
	require.Greater(t, second.epoch, first.epoch)
	closeWriter(t, second)
	closeWriter(t, first)
}

func TestDamagedNameOfTheInstanceIsReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := readInstance(dir)
	require.NoError(t, err)
	again, err := readInstance(dir)
	require.NoError(t, err)
	require.Equal(t, first, again)
	for _, damaged := range []string{"", "\x00\x00", "a b c d e f g h i j k", string(make([]byte, 200))} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, instanceName), []byte(damaged), 0o600))
		other, err := readInstance(dir)
		require.NoError(t, err)
		require.NotEqual(t, first, other)
		again, err := readInstance(dir)
		require.NoError(t, err)
		require.Equal(t, other, again)
	}
}
