package bus

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDirectoryOfAnotherIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := openBus(t, Config{Dir: dir})
	_, err := Open(testContext(t), Config{Dir: dir})
	require.ErrorIs(t, err, ErrLocked)
	require.ErrorContains(t, err, dir)
	require.NotContains(t, err.Error(), "\n")
	require.NoError(t, b.Close())
	require.NoError(t, b.Close(), "again")
	openBus(t, Config{Dir: dir})
}

func TestUnwritableDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	readOnly := filepath.Join(t.TempDir(), "read only")
	require.NoError(t, os.Mkdir(readOnly, 0o500))
	dirs := []string{file, filepath.Join(file, "below")}
	if os.Geteuid() != 0 { // root may write there
		dirs = append(dirs, readOnly)
	}
	for _, dir := range dirs {
		_, err := Open(testContext(t), Config{Dir: dir})
		require.ErrorIs(t, err, ErrUnwritable)
		require.ErrorContains(t, err, dir)
		require.Equal(t, 1, strings.Count(err.Error(), dir), err)
		require.NotContains(t, err.Error(), "\n")
	}
	_, err := Open(testContext(t), Config{})
	require.Error(t, err)
	_, err = Open(testContext(t), Config{Dir: t.TempDir(), Backlog: -1})
	require.Error(t, err)
}

func TestNobodyAtTheURL(t *testing.T) {
	t.Parallel()
	_, err := Open(testContext(t), Config{URL: "nats://127.0.0.1:1"})
	require.ErrorContains(t, err, "nats://127.0.0.1:1")
	require.NotContains(t, err.Error(), "\n")
}

func TestErrorsShowNoPasswordOfNATS(t *testing.T) {
	t.Parallel()
	_, err := Open(testContext(t), Config{URL: "nats://bob:hunt@er2@127.0.0.1:1, nats://t0ken@127.0.0.1:2"})
	require.ErrorContains(t, err, "nats://127.0.0.1:1,nats://127.0.0.1:2")
	for _, secret := range []string{"bob", "hunt", "er2", "t0ken"} {
		require.NotContains(t, err.Error(), secret)
	}
}

func TestClosedBus(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	r := read(t, b, "news")
	r.wait(t, "the reader to be there", func() bool { return r.caughtUp == 1 })
	require.NoError(t, b.Close())
	require.ErrorIs(t, b.Read(testContext(t), "news", r), ErrClosed)
	_, err := b.Acquire(testContext(t), "news")
	require.ErrorIs(t, err, ErrClosed)
	require.Error(t, b.Ready())
}

func TestMaxAgeIsChangedAtOnce(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	w := acquire(t, b, "news")
	defer closeWriter(t, w)
	run, inits := testRun(0, 0, timeline)
	require.NoError(t, w.Run(run, inits))
	writeRow(t, w, run, 0, 100)
	messages := func() uint64 {
		s, err := b.js.Stream(testContext(t), streamName("news"))
		require.NoError(t, err)
		return s.CachedInfo().State.Msgs
	}
	eventually(t, "the row to be stored", func() bool { return messages() == 22 })
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Second))
	eventually(t, "the row to expire", func() bool { return messages() == 0 })
	require.NoError(t, b.SetChannel(testContext(t), "news", 2*time.Hour))
	writeRow(t, w, run, 1, 100)
	eventually(t, "the next row to be stored", func() bool { return messages() == 22 })
	s, err := b.js.Stream(testContext(t), streamName("news"))
	require.NoError(t, err)
	require.Equal(t, 2*time.Hour, s.CachedInfo().Config.MaxAge)
	require.Equal(t, time.Minute, s.CachedInfo().Config.Duplicates)
}
