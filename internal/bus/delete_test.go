package bus

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A stream was deleted under its writer, which then put its last chunks and its state into the one that followed.
func TestDeletionWaitsForTheWriter(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	require.NoError(t, b.SetChannel(testContext(t), "other", time.Hour))
	w := acquire(t, b, "news")
	run, inits := testRun(0, 0, timeline)
	require.NoError(t, w.Run(run, inits))
	require.NoError(t, w.Target(3*time.Second))
	writeRow(t, w, run, 0, 100)
	require.ErrorIs(t, b.DeleteChannel(testContext(t), "news"), ErrTaken)
	closeWriter(t, w)

	require.NoError(t, b.DeleteChannel(testContext(t), "news"))
	left, err := b.Channels(testContext(t))
	require.NoError(t, err)
	require.Equal(t, []string{"other"}, left)
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	w = acquire(t, b, "news")
	require.Zero(t, w.Resume().Segment)
	require.Zero(t, w.Resume().Target)
	require.Empty(t, w.Resume().Inits)
	closeWriter(t, w)
}

func TestDeletionWaitsForTheWriterOfAnotherProcess(t *testing.T) {
	t.Parallel()
	o := startOutside(t)
	a, b := openBus(t, Config{URL: o.url()}), openBus(t, Config{URL: o.url()})
	require.NoError(t, a.SetChannel(testContext(t), "news", time.Hour))
	w := acquire(t, a, "news")
	require.ErrorIs(t, b.DeleteChannel(testContext(t), "news"), ErrTaken)
	closeWriter(t, w)
	require.NoError(t, b.DeleteChannel(testContext(t), "news"))
}

// No packager tells a target duration that it has inherited: without its record nobody could ever play the channel again.
func TestLostRecordOfTheTargetIsMadeAgain(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	w := acquire(t, b, "news")
	run, inits := testRun(0, 0, timeline)
	require.NoError(t, w.Run(run, inits))
	require.NoError(t, w.Target(3*time.Second))
	writeRow(t, w, run, 0, 100)
	closeWriter(t, w)
	require.NoError(t, b.purgeRecords(testContext(t), targetKey("news")))

	closeWriter(t, acquire(t, b, "news"))
	r := read(t, b, "news")
	r.wait(t, "the target duration", func() bool { return len(r.targets) == 1 && r.targets[0] == 3*time.Second })
}
