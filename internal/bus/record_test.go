package bus

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

// The record of a run says how its source's clock lies and how its tracks are cut, to the nanosecond; records of before that are read still.
func TestRecordOfARunHasItsClock(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	ctx := testContext(t)
	run, inits := testRun(3, 41, timeline.Add(123_456_789*time.Nanosecond))
	run.Tracks[0].Pace = media.Pace{Frames: 6, Loose: 90, Frame: 2970}
	run.Clock = media.Mapping{Source: -1 << 40, Scale: 90000, At: timeline.Add(987_654_321 * time.Nanosecond)}
	require.NoError(t, b.SetChannel(ctx, "news", time.Hour))
	w := acquire(t, b, "news")
	require.NoError(t, w.Run(run, inits))
	closeWriter(t, w)
	got, _, err := b.run(ctx, "news", 3)
	require.NoError(t, err)
	assert.Equal(t, run, got)

	var old map[string]any
	value, err := json.Marshal(run)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(value, &old))
	delete(old, "clock")
	delete(old["tracks"].([]any)[0].(map[string]any), "pace")
	value, err = json.Marshal(old)
	require.NoError(t, err)
	require.NoError(t, b.put(ctx, &nats.Msg{Subject: recordSubject + runKey("news", 3), Data: value}))
	got, _, err = b.run(ctx, "news", 3)
	require.NoError(t, err)
	run.Clock, run.Tracks[0].Pace = media.Mapping{}, media.Pace{}
	assert.Equal(t, run, got)
}
