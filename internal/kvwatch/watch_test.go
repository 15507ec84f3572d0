package kvwatch_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"weir/internal/bus"
	"weir/internal/kvwatch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A watch that is full of what nobody has read ends, and leaves nothing behind.
func TestWatchThatNobodyReadsEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	b, err := bus.Open(ctx, bus.Config{Dir: t.TempDir()})
	require.NoError(t, err)
	defer b.Close()
	kv, err := b.KV(ctx, "test")
	require.NoError(t, err)
	began, stop := context.WithCancel(ctx)
	w, err := kvwatch.All(began, kv)
	require.NoError(t, err)
	stop() // it outlives that
	require.Nil(t, <-w.Updates(), "nothing is there yet")
	for i := range 1000 {
		_, err := kv.Put(ctx, fmt.Sprint("key", i%10), []byte("x"))
		require.NoError(t, err)
	}
	require.Equal(t, "key0", (<-w.Updates()).Key())
	w.End()
	_, open := <-w.Updates()
	require.False(t, open)
}

// stuck is a bucket that does not answer.
type stuck struct{ jetstream.KeyValue }

func (stuck) WatchAll(ctx context.Context, _ ...jetstream.WatchOpt) (jetstream.KeyWatcher, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestWatchThatDoesNotBegin(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, cancel)
	_, err := kvwatch.All(ctx, stuck{})
	require.True(t, errors.Is(err, context.Canceled), err)
}
