package bus

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A cluster's leader is asked in another way than a single server. Both must say the same.
func TestLeaderAndDirectAnswersAgree(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	ask := func(replicas int, subject string) (message, error) {
		b.cfg.Replicas = replicas // nobody else uses it here
		return b.lastMessage(testContext(t), "news", subject)
	}
	for _, replicas := range []int{1, 3} {
		_, err := ask(replicas, "weir.live.news.>")
		require.ErrorIs(t, err, ErrNotFound)
	}
	run, _ := testRun(0, 0, timeline)
	c := testChunk(run, "v1", 4, 0, 1000)
	putChunk(t, b, 7, c, -1, 0)
	for _, replicas := range []int{1, 3} {
		for _, subject := range []string{"weir.live.news.>", "weir.live.news.v1.4.0", "weir.live.news.*.4.*"} {
			m, err := ask(replicas, subject)
			require.NoError(t, err)
			require.Equal(t, c, m.chunk(m.Data))
		}
		first, err := b.first(testContext(t), streamName("news"))
		require.NoError(t, err)
		require.Equal(t, "weir.live.news.v1.4.0", first.Subject)
		require.Equal(t, uint64(1), first.Seq)
		_, err = b.first(testContext(t), "no-such-stream")
		require.Error(t, err)
	}
	b.cfg.Replicas = 1
}
