package bus

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"weir/internal/media"
)

const deadline = time.Minute // of everything that a test waits for

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		publishUntilKilled(dir)
		return
	}
	if node := os.Getenv(childNode); node != "" {
		nodeUntilKilled(node)
		return
	}
	// A server that is shut down while a stream makes ready to follow another leaves this to end by itself.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server.(*stream).trySetupSourceConsumer.func3"))
}

// epoch is where the timeline of tests begins.
var timeline = time.Unix(1_800_000_000, 0).UTC()

func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	t.Cleanup(cancel)
	return ctx
}

// openBus opens a bus that is closed with the test.
func openBus(t testing.TB, cfg Config) *Bus {
	t.Helper()
	if cfg.URL == "" && cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	b, err := Open(testContext(t), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}

func acquire(t testing.TB, b *Bus, channel string) *Writer {
	t.Helper()
	w, err := b.Acquire(testContext(t), channel)
	require.NoError(t, err)
	return w
}

func closeWriter(t testing.TB, w *Writer) {
	t.Helper()
	require.NoError(t, w.Close(testContext(t)))
}

var testRates = map[string]media.Rate{"v1": {Peak: 3_000_000, Average: 2_000_000}, "a1": {Peak: 130_000, Average: 128_000}}

// testRun is a run of one video and one audio track.
func testRun(id, first uint64, start time.Time) (media.Run, []media.Init) {
	run := media.Run{ID: id, First: first, Start: start, Tracks: []media.Track{
		{Name: "v1", Kind: media.Video, Codec: media.AVC, Codecs: "avc1.64001f", Timescale: 90000, Init: 1, Part: 200 * time.Millisecond, Width: 640, Height: 360},
		{Name: "a1", Kind: media.Audio, Codec: media.AAC, Codecs: "mp4a.40.2", Timescale: 48000, Init: 1, Part: 192 * time.Millisecond, SampleRate: 48000},
	}}
	return run, []media.Init{
		{Track: "v1", Version: 1, Data: []byte("init of v1")},
		{Track: "a1", Version: 1, Data: []byte("init of a1")},
	}
}

// testChunk is a chunk of 200 ms, of ten in a segment, with bytes of its own.
func testChunk(run media.Run, track string, segment uint64, index, size int) media.Chunk {
	t, _ := run.Track(track)
	start := run.Start.Add(time.Duration(segment-run.First)*2*time.Second + time.Duration(index)*200*time.Millisecond)
	data := make([]byte, size)
	copy(data, fmt.Sprintf("%s/%d/%d ", track, segment, index))
	for i := 32; i < size; i++ {
		data[i] = byte(i*7 + index + int(segment)*13)
	}
	key := 0
	if index == 0 {
		key = min(size, 40)
	}
	return media.Chunk{
		Track: track, Segment: segment, Index: index, Run: run.ID, Init: t.Init, Start: media.FromTime(start, t.Timescale),
		Duration: media.FromDuration(200*time.Millisecond, t.Timescale), Timescale: t.Timescale, Independent: index == 0,
		Key: key, Wall: start.Truncate(2 * time.Second).Add(3 * time.Millisecond), Anchor: testAnchor(run, segment), Data: data,
	}
}

// testAnchor is that of a run whose second stretch begins after two rows, 150 ms before where the timeline puts it.
func testAnchor(run media.Run, segment uint64) media.Anchor {
	if segment < run.First+2 {
		return media.Anchor{Segment: run.First, Start: run.Start}
	}
	return media.Anchor{Segment: run.First + 2, Start: run.Start.Add(4 * time.Second), Shift: -150 * time.Millisecond}
}

// testEnd closes a segment that has these chunks.
func testEnd(chunks ...media.Chunk) media.SegmentEnd {
	c := chunks[0]
	e := media.SegmentEnd{
		Track: c.Track, Segment: c.Segment, Run: c.Run, Init: c.Init, Start: c.Start, Timescale: c.Timescale, Wall: c.Wall,
		Anchor: c.Anchor, Chunks: len(chunks), Rate: testRates[c.Track],
	}
	for _, c := range chunks {
		e.Duration += c.Duration
		e.Bytes += int64(len(c.Data))
		if c.Track == "v1" && c.Independent {
			e.Keys.Bytes += int64(c.Key)
			if c.Index == 0 {
				e.Keys.First, e.Keys.Size = true, c.Key
			}
		}
		e.Checksum = crc32.Update(e.Checksum, crc32.MakeTable(crc32.Castagnoli), c.Data)
	}
	return e
}

// writeRow sends a whole row of chunks of size bytes.
func writeRow(t testing.TB, w *Writer, run media.Run, segment uint64, size int) {
	t.Helper()
	for _, track := range run.Tracks {
		var chunks []media.Chunk
		for i := range 10 {
			c := testChunk(run, track.Name, segment, i, size)
			chunks = append(chunks, c)
			require.NoError(t, w.Chunk(c))
		}
		require.NoError(t, w.End(testEnd(chunks...)))
	}
}

// recorder is a Handler that keeps what it gets.
type recorder struct {
	mu        sync.Mutex
	changed   chan struct{}
	targets   []time.Duration
	runs      []media.Run
	inits     [][]media.Init
	chunks    []media.Chunk
	ends      []media.SegmentEnd
	caughtUp  int
	problems  []string
	signals   []media.Signal
	retracted []address // where what was recorded was cut off
}

func newRecorder() *recorder { return &recorder{changed: make(chan struct{})} }

func (r *recorder) change(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *recorder) Target(d time.Duration) { r.change(func() { r.targets = append(r.targets, d) }) }

func (r *recorder) Run(run media.Run, inits []media.Init) {
	r.change(func() { r.runs, r.inits = append(r.runs, run), append(r.inits, inits) })
}

func (r *recorder) known(run uint64) {
	if !slices.ContainsFunc(r.runs, func(k media.Run) bool { return k.ID == run }) {
		r.problems = append(r.problems, fmt.Sprintf("run %d was not announced", run))
	}
}

func (r *recorder) Chunk(c media.Chunk) {
	r.change(func() { r.known(c.Run); r.chunks = append(r.chunks, c) })
}

func (r *recorder) End(e media.SegmentEnd) {
	r.change(func() { r.known(e.Run); r.ends = append(r.ends, e) })
}

func (r *recorder) Signal(s media.Signal) {
	r.change(func() { r.signals = append(r.signals, s) })
}

// Retract forgets what was recorded of the track from there on.
func (r *recorder) Retract(track string, segment uint64, chunk int) {
	r.change(func() {
		r.retracted = append(r.retracted, address{Track: track, Segment: segment, Chunk: chunk})
		r.chunks = slices.DeleteFunc(r.chunks, func(c media.Chunk) bool {
			return c.Track == track && (c.Segment > segment || c.Segment == segment && c.Index >= chunk)
		})
		r.ends = slices.DeleteFunc(r.ends, func(e media.SegmentEnd) bool { return e.Track == track && e.Segment >= segment })
	})
}

func (r *recorder) CaughtUp() { r.change(func() { r.caughtUp++ }) }

// wait returns when ok is true of what was recorded.
func (r *recorder) wait(t testing.TB, what string, ok func() bool) {
	t.Helper()
	late := time.After(deadline)
	for {
		r.mu.Lock()
		done, changed := ok(), r.changed
		if len(r.problems) > 0 {
			t.Error(r.problems)
			r.problems = nil
		}
		r.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-late:
			r.mu.Lock()
			defer r.mu.Unlock()
			t.Fatalf("waited in vain for %s: %d runs, %d chunks, %d ends, caught up %d", what, len(r.runs), len(r.chunks),
				len(r.ends), r.caughtUp)
		}
	}
}

// end is the end of that segment, if it has come.
func (r *recorder) end(track string, segment uint64) (media.SegmentEnd, bool) {
	i := slices.IndexFunc(r.ends, func(e media.SegmentEnd) bool { return e.Track == track && e.Segment == segment })
	if i < 0 {
		return media.SegmentEnd{}, false
	}
	return r.ends[i], true
}

// segment is the bytes of a segment, put together as an edge does.
func (r *recorder) segment(track string, number uint64) (data []byte, chunks int) {
	for _, c := range r.chunks {
		if c.Track == track && c.Segment == number && c.Index == chunks {
			data = append(data, c.Data...)
			chunks++
		}
	}
	return data, chunks
}

// read starts reading a channel until the test ends.
func read(t testing.TB, b *Bus, channel string) *recorder {
	t.Helper()
	r := newRecorder()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Read(ctx, channel, r) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) && !errors.Is(err, ErrClosed) {
			t.Errorf("Read: %v", err)
		}
	})
	return r
}

// eventually polls for what nobody announces.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	require.Eventually(t, ok, deadline, 5*time.Millisecond, what)
}
