package bus

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTapGivesOnlyWhatFollows(t *testing.T) {
	t.Parallel()
	tp := newTap()
	tp.put("news", storedMessage{sequence: 1}) // nobody reads
	tp.open("news")
	_, _, ok := tp.from("news", 0, 1)
	assert.False(t, ok, "nothing is known")

	for _, sequence := range []uint64{4, 5, 7, 6} { // 6 was sent again
		tp.put("news", storedMessage{sequence: sequence, data: []byte{1}})
	}
	for next, want := range map[uint64][]uint64{4: {4, 5}, 5: {5}, 7: {7}} {
		messages, _, ok := tp.from("news", 0, next)
		assert.True(t, ok)
		got := []uint64{}
		for _, m := range messages {
			got = append(got, m.sequence)
		}
		assert.Equal(t, want, got, "from %d", next)
	}
	for _, next := range []uint64{3, 6, 9} {
		_, _, ok := tp.from("news", 0, next)
		assert.False(t, ok, "%d is in the stream, if anywhere", next)
	}
	messages, changed, ok := tp.from("news", 0, 8)
	assert.True(t, ok && len(messages) == 0, "8 comes next")
	tp.put("news", storedMessage{sequence: 8})
	<-changed
}

func TestTapForgetsAStreamThatIsGone(t *testing.T) {
	t.Parallel()
	tp := newTap()
	tp.open("news")
	tp.put("news", storedMessage{sequence: 1})
	_, changed, _ := tp.from("news", 0, 2)
	tp.reset("news")
	<-changed
	for sequence := uint64(1); sequence <= 3; sequence++ {
		tp.put("news", storedMessage{sequence: sequence})
	}
	_, _, ok := tp.from("news", 0, 2)
	assert.False(t, ok, "2 of the old stream is not 2 of the new one")
	messages, _, ok := tp.from("news", tp.stream("news"), 2)
	assert.True(t, ok)
	assert.Len(t, messages, 2)
}

func TestTapIsBounded(t *testing.T) {
	t.Parallel()
	tp := newTap()
	tp.open("news")
	for sequence := range uint64(10) {
		tp.put("news", storedMessage{sequence: sequence, data: make([]byte, tapBytes/2)})
	}
	assert.Len(t, tp.channels["news"].recent, 2)
	for sequence := range uint64(1000) {
		tp.put("news", storedMessage{sequence: 10 + sequence, data: []byte{1}})
	}
	assert.Len(t, tp.channels["news"].recent, tapMessages)
	assert.Equal(t, tapMessages, tp.channels["news"].bytes)
	tp.close("news")
	assert.Empty(t, tp.channels)
}

// What a writer stored without having heard of it came to readers with the next feed only.
func TestTapIsLeftWhenAWriterClosesWithoutAcknowledgements(t *testing.T) {
	t.Parallel()
	b := openBus(t, Config{})
	require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
	r := read(t, b, "news")
	w := acquire(t, b, "news")
	run, inits := testRun(0, 0, timeline)
	require.NoError(t, w.Run(run, inits))
	for n := range uint64(3) { // until the reader takes from the tap
		writeRow(t, w, run, n, 100)
		r.wait(t, "the row", func() bool { return len(r.ends) == 2*int(n+1) })
	}
	require.NoError(t, w.acks.Unsubscribe())
	require.NoError(t, w.Chunk(testChunk(run, "v1", 3, 0, 100)))
	eventually(t, "the chunk to be stored", func() bool {
		_, err := b.lastMessage(testContext(t), "news", address{Track: "v1", Segment: 3, Part: -1}.subject("news"))
		return err == nil
	})
	ctx, cancel := context.WithCancel(testContext(t))
	cancel()
	require.Error(t, w.Close(ctx))
	r.wait(t, "what was stored", func() bool { return len(r.chunks) == 61 })
}
