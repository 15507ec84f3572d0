package cmaf

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"weir/ingest/ingesttest"
	"weir/internal/media"
)

// numbers are what the samples of sound say that they are.
func numbers(samples []media.Sample) []int {
	all := make([]int, len(samples))
	for i, s := range samples {
		f := fields{b: s.Data}
		all[i] = int(f.uint(8))
	}
	return all
}

func upTo(from, n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = from + i
	}
	return all
}

// A sender that comes back sends its header and its last segment again: the feed goes on, and no sample is there twice.
func TestSenderComesBack(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.put("/cmaf/live/a.cmfa", append(soundHeader(), sound(0, 100)...))
	b.put("/cmaf/live/a.cmfa", append(soundHeader(), sound(50, 100)...))
	b.put("/cmaf/live/a.cmfa", sound(50, 100))
	b.put("/cmaf/live/a.cmfa", sound(150, 10))
	ingesttest.Eventually(t, "samples", func() bool { return len(b.feed(0).Got().Samples) == 160 })
	require.Equal(t, upTo(0, 160), numbers(b.feed(0).Got().Of(0)))
	r := b.feed(0).Got()
	require.Len(t, r.Starts, 1)
	require.Equal(t, 150, r.Dropped())
}

// A sender that has begun anew comes with other samples for times that have been: they are no repetition, and go on.
func TestSenderBeginsAnew(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.put("/cmaf/live/a.cmfa", append(soundHeader(), sound(0, 100)...))
	again := segment(1, 0, part{1024, "another "}, part{1024, "feed    "})
	b.put("/cmaf/live/a.cmfa", append(soundHeader(), again...))
	ingesttest.Eventually(t, "samples", func() bool { return len(b.feed(0).Got().Samples) == 102 })
	last := b.feed(0).Got().Of(0)[100:]
	require.Equal(t, "another feed    ", string(last[0].Data)+string(last[1].Data))
	require.Equal(t, media.Ticks(1024), last[1].DTS)
}

// A track whose end was announced ends the feed with its last sample, and its header begins another one.
func TestLastSegment(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.put("/cmaf/live/a.cmfa", append(soundHeader(), sound(0, 10)...))
	b.put("/cmaf/live/a.cmfa", append(mp4box("styp", []byte("cmfs"), be(4, 0), []byte("lmsg")), sound(10, 10)...))
	require.NoError(t, b.feed(0).WaitClosed(t))
	require.Equal(t, upTo(0, 20), numbers(b.feed(0).Got().Of(0)))
	b.put("/cmaf/live/a.cmfa", append(soundHeader(), sound(20, 10)...))
	ingesttest.Eventually(t, "samples of another feed", func() bool { return len(b.opener.Feeds()) == 2 && len(b.feed(1).Got().Of(0)) == 10 })
}

// Samples go on as they come: before their chunk is complete, and before the request is.
func TestSamplesGoOnAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	r, w := io.Pipe()
	answered := make(chan int, 1)
	go func() {
		status, _ := b.send("POST", "/cmaf/live/a.cmfa", r)
		answered <- status
	}()
	write := func(p []byte) {
		_, err := w.Write(p)
		require.NoError(t, err)
	}
	write(soundHeader())
	for i := range 20 {
		chunk := sound(i*10, 10)
		write(chunk[:len(chunk)-12]) // all of the last but one, and half of the last
		ingesttest.Eventually(t, fmt.Sprintf("samples of chunk %d", i), func() bool {
			all := b.opener.Feeds()
			return len(all) == 1 && len(all[0].Got().Of(0)) == i*10+8
		})
		write(chunk[len(chunk)-12:])
	}
	require.NoError(t, w.Close())
	require.Equal(t, 200, <-answered)
}

// A track that stops does not stop the others for longer than the wait, and comes back in its place.
func TestTrackThatStops(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	for _, track := range []string{"a", "b"} {
		b.put("/cmaf/live/"+track+".cmfa", append(soundHeader(), sound(0, 20)...))
	}
	b.put("/cmaf/live/a.cmfa", sound(20, 100)) // more than 2 s
	f := b.feed(0)
	ingesttest.Eventually(t, "samples of the first without the second", func() bool { return len(f.Got().Of(0)) == 120 })
	require.Len(t, f.Got().Of(1), 20)
	b.put("/cmaf/live/b.cmfa", sound(20, 100))
	b.put("/cmaf/live/a.cmfa", sound(120, 10))
	b.put("/cmaf/live/b.cmfa", sound(120, 10))
	ingesttest.Eventually(t, "samples of both", func() bool { return len(f.Got().Of(0)) == 130 && len(f.Got().Of(1)) == 130 })
	require.Len(t, f.Got().Starts, 1)
}

// A track that comes late is added, and the others keep their places.
func TestTrackThatComesLate(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.put("/cmaf/live/z.cmfa", append(soundHeader(), sound(0, 20)...))
	ingesttest.Eventually(t, "samples", func() bool { return len(b.feed(0).Got().Of(0)) == 20 })
	b.put("/cmaf/live/a.cmfa", append(soundHeader(), sound(20, 20)...))
	b.put("/cmaf/live/z.cmfa", sound(20, 20))
	f := b.feed(0)
	ingesttest.Eventually(t, "samples of both", func() bool { return len(f.Got().Of(0)) == 40 && len(f.Got().Of(1)) == 20 })
	require.Len(t, f.Got().Formats(), 2)
	require.Equal(t, upTo(0, 40), numbers(f.Got().Of(0)))
}

// Changed parameters are announced before the first sample that needs them.
func TestHeaderChanges(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.put("/cmaf/live/a.cmfa", append(soundHeader(), sound(0, 20)...))
	mono := bytes.Replace(soundHeader(), []byte{5, 2, 0x11, 0x90}, []byte{5, 2, 0x11, 0x88}, 1)
	b.put("/cmaf/live/a.cmfa", append(mono, sound(20, 20)...))
	f := b.feed(0)
	ingesttest.Eventually(t, "samples", func() bool { return len(f.Got().Samples) == 40 })
	require.Len(t, f.Got().Starts, 2)
	require.Equal(t, []byte{0x11, 0x90}, f.Got().Starts[0][0].Config)
	require.Equal(t, []byte{0x11, 0x88}, f.Got().Starts[1][0].Config)
}

// Another request for the same track takes the place of one that hangs.
func TestRequestThatHangsIsOvertaken(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	r, w := io.Pipe()
	answered := make(chan int, 1)
	go func() {
		status, _ := b.send("POST", "/cmaf/live/a.cmfa", r)
		answered <- status
	}()
	chunk := sound(0, 20)
	_, err := w.Write(append(soundHeader(), chunk[:len(chunk)-4]...))
	require.NoError(t, err)
	ingesttest.Eventually(t, "samples", func() bool { all := b.opener.Feeds(); return len(all) == 1 && len(all[0].Got().Of(0)) == 19 })
	b.put("/cmaf/live/a.cmfa", append(soundHeader(), sound(0, 40)...))
	require.Equal(t, 409, <-answered)
	_ = w.Close()
	ingesttest.Eventually(t, "samples", func() bool { return len(b.feed(0).Got().Of(0)) == 40 })
	require.Equal(t, upTo(0, 40), numbers(b.feed(0).Got().Of(0)))
}

// The edit list of a header counts: what it presents first is at 0, behind an empty edit.
func TestEditList(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	elst := mp4box("elst", be(4, 0, 2, 500, 1<<32-1, 1<<16, 0, 2048, 1<<16))
	b.put("/cmaf/live/a.cmfa", append(moov(1, 48000, "soun", aacEntry(), mp4box("edts", elst)), sound(100, 10)...))
	ingesttest.Eventually(t, "samples", func() bool { all := b.opener.Feeds(); return len(all[0].Got().Of(0)) == 10 })
	require.Equal(t, media.Ticks(100*1024+24000-2048), b.feed(0).Got().Of(0)[0].DTS)
}
