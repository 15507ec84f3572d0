package cmaf

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"weir/ingest/ingesttest"
	"weir/internal/media"
)

// splice is a made-up payload: what it says is not looked at here.
var splice = []byte{0xfc, 0x30, 0x11, 0x00}

func text(s string) []byte { return append([]byte(s), 0) }

// emsg is an event message with an absolute time, or one that counts from the segment's beginning.
func emsg(absolute bool, scale, at, duration, id uint64) []byte {
	if absolute {
		return mp4box("emsg", be(4, 1<<24, scale), be(8, at), be(4, duration, id), text(media.SchemeSCTE35), text("1001"), splice)
	}
	return mp4box("emsg", be(4, 0), text(media.SchemeSCTE35), text("1001"), be(4, scale, at, duration, id), splice)
}

func emib(delta, duration, id uint64) []byte {
	return mp4box("emib", be(4, 0, 0), be(8, delta), be(4, duration, id), text(media.SchemeSCTE35), text("1001"), splice)
}

// Event messages between segments and in tracks of their own come out with the times that they mean.
func TestEvents(t *testing.T) {
	t.Parallel()
	want := func(scale uint32, pts, duration media.Ticks, id uint32) media.Event {
		return media.Event{
			Scheme: media.SchemeSCTE35, Value: "1001", ID: id, PTS: pts, Duration: duration, Clock: media.Clock{Timescale: scale}, Data: splice,
		}
	}
	b := newBench(t, nil)
	// Before the feed has started.
	b.put("/cmaf/live/a/init.cmfa", soundHeader())
	b.put("/cmaf/live/a/0.cmfa", append(emsg(true, 1000, 5000, 2000, 1), sound(0, 20)...))
	b.put("/cmaf/live/events/init.cmfm", moov(1, 90000, "meta", mp4box("evte", make([]byte, 6), be(2, 1))))
	b.put("/cmaf/live/events/0.cmfm", segment(1, 90000, part{90000, string(mp4box("emeb"))}))
	f := b.feed(0)
	ingesttest.Eventually(t, "the first event", func() bool { return len(f.Got().Events) == 1 })
	require.Equal(t, want(1000, 5000, 2000, 1), f.Got().Events[0])

	// Relative to the segment that follows, of a duration that is not known.
	b.put("/cmaf/live/a/1.cmfa", bytes.Join([][]byte{emsg(false, 1000, 500, unknownDuration, 2), mp4box("styp", []byte("msdh"), be(4, 0)), sound(20, 20)}, nil))
	// In a track, in the past and twice at once.
	both := append(emib(1<<64-45000, 90000, 3), emib(0, 0, 4)...)
	b.put("/cmaf/live/events/1.cmfm", segment(1, 180000, part{90000, string(both)}, part{90000, string(mp4box("emeb"))}))
	// In the track of an older encoder.
	b.put("/cmaf/live/old/init.cmfm", moov(9, 1000, "meta", mp4box("urim", make([]byte, 6), be(2, 1), mp4box("uri ", be(4, 0), text("urn:mpeg:dash:event:2012")))))
	b.put("/cmaf/live/old/1.cmfm", segment(9, 7000, part{2000, string(emsg(false, 1000, 250, 10, 5))}))
	ingesttest.Eventually(t, "all events", func() bool { return len(f.Got().Events) == 5 })
	require.Equal(t, []media.Event{
		want(1000, 427+500, -1, 2), want(90000, 135000, 90000, 3), want(90000, 180000, 0, 4), want(1000, 7250, 10, 5),
	}, f.Got().Events[1:])
	require.Empty(t, f.Got().Drops)

	// What cannot be read is counted, and harms nothing.
	b.put("/cmaf/live/a/2.cmfa", append(mp4box("emsg", be(4, 1<<24, 0)), sound(40, 20)...))
	b.put("/cmaf/live/a/3.cmfa", append(mp4box("emsg", be(4, 7<<24, 0)), sound(60, 20)...))
	b.put("/cmaf/live/events/2.cmfm", segment(1, 270000, part{90000, string(mp4box("emib", be(4, 0)))}))
	ingesttest.Eventually(t, "samples", func() bool { return len(f.Got().Of(0)) == 80 })
	r := f.Got()
	require.Equal(t, []int{5, 3}, []int{len(r.Events), r.Dropped()})
}

// The event track of a real encoder, which had no events at the time.
func TestSharedEventTrack(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	for _, file := range []string{"init", "896605655", "896605656", "896605657", "896605658"} {
		b.put("/cmaf/live/scte/"+file+".cmfm", shared(t, "awsMediaLiveScte35/scte/"+file+".cmfm"))
		b.put("/cmaf/live/audio/"+file+".cmfa", shared(t, "awsMediaLiveScte35/audio/"+file+".cmfa"))
	}
	f := b.feed(0)
	ingesttest.Eventually(t, "samples", func() bool { return len(f.Got().Samples) > 300 })
	r := f.Got()
	require.Equal(t, []int{0, 0}, []int{len(r.Events), r.Dropped()})
}
