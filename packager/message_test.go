package packager

import (
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/bits"
	"github.com/Eyevinn/mp4ff/mp4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

// messagesIn are the event messages that stand before a chunk.
func messagesIn(t testing.TB, c media.Chunk) []*mp4.EmsgBox {
	t.Helper()
	f, err := mp4.DecodeFileSR(bits.NewFixedSliceReader(c.Data))
	require.NoError(t, err)
	return f.Segments[0].Fragments[0].Emsgs
}

// Messages go with the chunk that has their time, in the tracks with pictures, and are announced for the run.
func TestMessagesGoWithTheirChunk(t *testing.T) {
	t.Parallel()
	y := broadcast(12 * sec)
	at := 5500 * time.Millisecond
	tag := media.Event{
		Scheme: media.SchemeID3, Value: "v", PTS: media.FromDuration(y.base+at, 90000) % spliceClock.Wrap, Clock: spliceClock, Duration: -1, Data: []byte("ID3 tag"),
	}
	late := tag
	late.PTS, late.ID, late.Duration = media.FromDuration(y.base+sec, 90000)%spliceClock.Wrap, 77, 90000
	rec, st := cutInto(t, y, []toldEvent{{5300 * time.Millisecond, tag}, {7 * sec, late}})
	assert.Zero(t, st.DroppedEvents)
	var found []*mp4.EmsgBox
	for _, c := range rec.chunks {
		messages := messagesIn(t, c)
		if len(messages) == 0 {
			continue
		}
		require.Equal(t, "v1", c.Track)
		found = append(found, messages...)
		m := messages[0]
		if m.ID == 77 { // it is late: with the next chunk
			assert.EqualValues(t, 90000, m.EventDuration)
			continue
		}
		from := c.Start.Time(c.Timescale).Sub(epoch)
		assert.LessOrEqual(t, from, at)
		assert.Less(t, at-from, 300*time.Millisecond)
		assert.Equal(t, at, media.Ticks(m.PresentationTime).Time(m.TimeScale).Sub(epoch).Round(time.Millisecond))
		assert.Equal(t, [2]string{media.SchemeID3, "v"}, [2]string{m.SchemeIDURI, m.Value})
		assert.Equal(t, "ID3 tag", string(m.MessageData))
		assert.EqualValues(t, 1<<32-1, m.EventDuration)
	}
	require.Len(t, found, 2)
	require.Len(t, rec.latest(), 1)
	assert.Regexp(t, "^messages-0-[0-9a-f]{8}$", rec.latest()[0].ID)
	assert.Equal(t, media.Signal{
		ID: rec.latest()[0].ID, Row: rec.latest()[0].Row, InBand: true, Run: 0, Scheme: media.SchemeID3, Value: "v",
	}, rec.latest()[0])
}

// A flood of messages and schemes is bounded.
func TestFloodOfMessages(t *testing.T) {
	t.Parallel()
	y := broadcast(6 * sec)
	var told []toldEvent
	for i := range 500 {
		told = append(told, toldEvent{3 * sec, media.Event{
			Scheme: string(rune('a' + i%40)), PTS: media.FromDuration(y.base+3*sec, 90000) % spliceClock.Wrap, Clock: spliceClock, Data: make([]byte, 1000),
		}})
	}
	rec, st := cutInto(t, y, told)
	n, schemes := 0, map[string]bool{}
	for _, c := range rec.chunks {
		for _, m := range messagesIn(t, c) {
			n++
			schemes[m.SchemeIDURI] = true
		}
	}
	assert.LessOrEqual(t, n, maxMessages)
	assert.LessOrEqual(t, len(schemes), maxSchemes)
	assert.EqualValues(t, 500, st.DroppedEvents+uint64(n))
}
