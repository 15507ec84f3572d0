package bus

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

// childDir makes the test program a publisher that is to be killed.
const childDir = "WEIR_BUS_TEST_CHILD"

// publishUntilKilled writes three rows and a part of the fourth, says so, and waits for its end.
func publishUntilKilled(dir string) {
	fail := func(err error) {
		if err != nil {
			fmt.Println("failed:", err)
			os.Exit(1)
		}
	}
	ctx := context.Background()
	b, err := Open(ctx, Config{Dir: dir})
	fail(err)
	fail(b.SetChannel(ctx, "news", time.Hour))
	w, err := b.Acquire(ctx, "news")
	fail(err)
	run, inits := testRun(w.Resume().Run, w.Resume().Segment, timeline)
	fail(w.Run(run, inits))
	fail(w.Target(3 * time.Second))
	for n := run.First; n < run.First+4; n++ {
		for _, track := range []string{"v1", "a1"} {
			var chunks []media.Chunk
			for i := range 10 {
				c := testChunk(run, track, n, i, 20000)
				if n == run.First+3 && i == 4 {
					break
				}
				fail(w.Chunk(c))
				chunks = append(chunks, c)
			}
			if n == run.First+3 && track == "v1" {
				break // the last row has four chunks of video and no audio
			}
			fail(w.End(testEnd(chunks...)))
		}
	}
	w.mu.Lock()
	empty := w.queue.whenEmpty()
	w.mu.Unlock()
	<-empty
	fmt.Println("ready")
	select {}
}

func TestKilledWriterIsSucceeded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := exec.CommandContext(testContext(t), os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var line string
	_, err = fmt.Fscanln(out, &line)
	require.NoError(t, err)
	require.Equal(t, "ready", line)

	_, err = Open(testContext(t), Config{Dir: dir})
	require.ErrorIs(t, err, ErrLocked)
	require.ErrorContains(t, err, dir)
	require.ErrorContains(t, err, fmt.Sprintf("process %d", cmd.Process.Pid))
	require.NoError(t, cmd.Process.Signal(syscall.SIGKILL))
	require.Error(t, cmd.Wait())

	b := openBus(t, Config{Dir: dir})
	before := read(t, b, "news")
	before.wait(t, "what the killed one stored", func() bool { return before.caughtUp == 1 })
	require.Len(t, before.ends, 6)
	require.Len(t, before.chunks, 64)

	w := acquire(t, b, "news") // at once, though the lease was not released
	res := w.Resume()
	run, _ := testRun(0, 0, timeline)
	require.Equal(t, uint64(4), res.Segment)
	require.Equal(t, uint64(1), res.Run)
	require.Equal(t, 3*time.Second, res.Target)
	require.Equal(t, timeline.Add(6*time.Second+800*time.Millisecond), res.End)
	require.Len(t, res.Inits, 2)
	_, err = b.Acquire(testContext(t), "news")
	require.ErrorIs(t, err, ErrTaken)

	next, inits := testRun(res.Run, res.Segment, res.End.Add(time.Minute))
	require.NoError(t, w.Run(next, inits))
	writeRow(t, w, next, 4, 20000)
	closeWriter(t, w)

	after := read(t, b, "news")
	for _, r := range []*recorder{before, after} {
		r.wait(t, "the new row", func() bool { return len(r.ends) == 10 })
		var open []media.Chunk
		for i := range 4 {
			open = append(open, testChunk(run, "v1", 3, i, 20000))
		}
		video, _ := r.end("v1", 3)
		require.Equal(t, testEnd(open...), video)
		audio, _ := r.end("a1", 3)
		require.True(t, audio.Gap())
		require.Equal(t, media.FromDuration(800*time.Millisecond, 48000), audio.Duration)
		require.Equal(t, media.FromTime(timeline.Add(6*time.Second), 48000), audio.Start)
		require.Equal(t, []media.Run{run, next}, r.runs)
		for n := range uint64(5) {
			for _, track := range []string{"v1", "a1"} {
				data, chunks := r.segment(track, n)
				e, ok := r.end(track, n)
				require.True(t, ok)
				require.Equal(t, chunks, e.Chunks)
				require.Equal(t, int64(len(data)), e.Bytes)
			}
		}
	}
	require.Equal(t, before.chunks, after.chunks)
	require.Equal(t, before.ends, after.ends)
}

func TestGracefulRestartGoesOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i := range uint64(3) {
		b, err := Open(testContext(t), Config{Dir: dir})
		require.NoError(t, err)
		require.NoError(t, b.SetChannel(testContext(t), "news", time.Hour))
		w := acquire(t, b, "news")
		require.Equal(t, i, w.Resume().Run)
		require.Equal(t, 2*i, w.Resume().Segment)
		run, inits := testRun(i, 2*i, timeline.Add(time.Duration(i)*time.Minute))
		require.NoError(t, w.Run(run, inits))
		writeRow(t, w, run, 2*i, 100)
		writeRow(t, w, run, 2*i+1, 100)
		require.NoError(t, b.Close()) // closes the writer too
	}
}
