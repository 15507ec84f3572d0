package bus

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
)

// An ingest that starts changes no stream that is as it is to be, and those that are not.
func TestSetChannelThatIsThere(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	asked, err := b.nc.SubscribeSync("$JS.API.STREAM.>")
	require.NoError(t, err)
	changes := func(maxAge time.Duration) (all []string) {
		require.NoError(t, b.SetChannel(testContext(t), "news", maxAge))
		require.NoError(t, b.nc.Flush())
		for {
			m, err := asked.NextMsg(time.Millisecond)
			if err == nats.ErrTimeout {
				return all
			}
			require.NoError(t, err)
			if what, stream, _ := strings.Cut(strings.TrimPrefix(m.Subject, "$JS.API.STREAM."), "."); what == "CREATE" || what == "UPDATE" {
				all = append(all, what+" "+stream)
			}
		}
	}
	require.Equal(t, []string{"CREATE weir-live-news", "CREATE weir-index-news"}, changes(time.Hour))
	require.Empty(t, changes(time.Hour))
	require.Equal(t, []string{"UPDATE weir-live-news", "UPDATE weir-index-news"}, changes(2*time.Hour))
	require.Empty(t, changes(2*time.Hour))
	require.Equal(t, []string{"UPDATE weir-live-news"}, changes(30*time.Second))
	require.Empty(t, changes(30*time.Second))
	info, err := b.js.Stream(testContext(t), streamName("news"))
	require.NoError(t, err)
	require.Equal(t, 30*time.Second, info.CachedInfo().Config.MaxAge)
}
