package ladder

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir/ingest"
	"weir/ingest/ingesttest"
	"weir/internal/catalog"
	"weir/internal/media"
	"weir/packager"
)

// times are those of pictures, and which of them are key frames.
func times(samples []media.Sample) map[media.Ticks]bool {
	all := make(map[media.Ticks]bool)
	for _, s := range samples {
		all[s.PTS] = s.Sync
	}
	return all
}

// Pictures of rungs have the very times of those that they were made of, over the wrap of the feed's clock too, and key frames where these
// have some.
func TestRungsHaveTheTimesOfTheFeed(t *testing.T) {
	t.Parallel()
	f := setUp(catalog.LadderSettings{Rungs: append([]catalog.Rung{{Name: "hevc", Height: 72, Bitrate: 100_000, Codec: catalog.RungHEVC}}, small.Rungs...)}, nil)
	p := f.publish(t, "news")
	sent := p.send(seconds*25, true)
	p.feed.Close(nil)
	assert.Equal(t, sent, f.of("news", "")[0].Got().Samples)
	want := times(sent)
	require.Len(t, want, len(sent))
	for name, height := range map[string]int{"hevc": 72, "144": 144, "low": 90} {
		feeds := f.of("news", name)
		require.Len(t, feeds, 1)
		r := feeds[0].Got()
		require.NoError(t, r.Reason)
		require.True(t, feeds[0].Publish.Ladder && feeds[0].Publish.Source)
		track, err := packager.Describe(r.Formats()[0])
		require.NoError(t, err)
		assert.Equal(t, height, track.Height)
		assert.Equal(t, media.Clock{Timescale: rate, Wrap: wrap}, r.Formats()[0].Clock)
		got, keys := times(r.Samples), 0
		for at, key := range got {
			was, there := want[at]
			require.True(t, there, "%s has a picture at %d", name, at)
			require.Equal(t, was, key, "%s at %d", name, at)
			if key {
				keys++
			}
		}
		assert.Equal(t, seconds, keys, name)
		if name == "low" {
			assert.InDelta(t, 10, track.FrameRate.Float(), 0)
			assert.InDelta(t, 10*seconds, len(got), seconds, "ten a second, and all key frames")
		} else {
			assert.InDelta(t, 25, track.FrameRate.Float(), 0)
			assert.Equal(t, want, got, name)
		}
		for i, s := range r.Samples {
			assert.LessOrEqual(t, s.DTS, s.PTS)
			if i > 0 {
				assert.Positive(t, (s.DTS-r.Samples[i-1].DTS+wrap)%wrap)
			}
		}
	}
	assert.Empty(t, f.Status("news"))
}

// Rungs of pictures that are to be turned stand upright. The height of a rung is that of what is seen.
func TestRungsStandUpright(t *testing.T) {
	t.Parallel()
	for rotation, want := range map[int]float64{90: 9. / 16, 180: 16. / 9, 270: 9. / 16} {
		f := setUp(small, nil)
		p := f.publishTurned(t, "news", rotation)
		p.send(25, true)
		p.feed.Close(nil)
		feeds := f.of("news", "144")
		require.Len(t, feeds, 1)
		track, err := packager.Describe(feeds[0].Got().Formats()[0])
		require.NoError(t, err)
		assert.InDelta(t, want, float64(track.Width)/float64(track.Height), 0.001, rotation)
		assert.InDelta(t, 144, track.Height, 2, "lines, of pixels that are not quite square")
		assert.Zero(t, track.Rotation)
		times, want := times(feeds[0].Got().Samples), times(f.of("news", "")[0].Got().Samples)
		assert.Equal(t, want, times, "times and key frames")
	}
}

// Where the feed's own pictures are not shown, key frames are on the grid of the segment duration.
func TestKeyFramesOnTheGridWhereTheSourceIsDropped(t *testing.T) {
	t.Parallel()
	f := setUp(catalog.LadderSettings{Rungs: small.Rungs[:1], DropSource: true}, nil)
	p := f.publish(t, "news")
	sent := p.send(seconds*25, true)
	p.feed.Close(nil)
	r := f.of("news", "144")[0].Got()
	var keys []media.Ticks
	for _, s := range r.Samples {
		if s.Sync {
			keys = append(keys, (s.PTS-sent[0].PTS+wrap)%wrap)
		}
	}
	assert.Equal(t, []media.Ticks{0, 2 * rate}, keys)
	assert.Len(t, r.Samples, len(sent))
}

// A child that is killed is replaced, and the feed does not notice.
func TestKilledChildIsReplaced(t *testing.T) {
	t.Parallel()
	f := setUp(small, nil)
	p := f.publish(t, "news")
	sent := p.send(30, true)
	first := f.Status("news")[0]
	require.Equal(t, Running, first.State)
	requireNice(t, first.PID, 5)
	ingesttest.Eventually(t, "the first child gives something", func() bool { return len(f.of("news", "144")[0].Got().Samples) > 0 })
	require.NoError(t, syscall.Kill(first.PID, syscall.SIGKILL))
	f.of("news", "144")[0].WaitClosed(t)
	f.of("news", "low")[0].WaitClosed(t)
	var st Status
	ingesttest.Eventually(t, "another child", func() bool {
		sent = append(sent, p.send(1, true)...)
		st = f.Status("news")[0]
		return st.State == Running && st.PID != first.PID && st.Restarts == 1
	})
	assert.Equal(t, "ffmpeg ended: signal: killed", st.LastError)
	assert.Contains(t, f.log.String(), "signal: killed")
	sent = append(sent, p.send(50, true)...)
	p.feed.Close(nil)
	assert.Equal(t, sent, f.of("news", "")[0].Got().Samples)
	again := f.of("news", "144")
	require.Len(t, again, 2)
	require.Error(t, again[0].Got().Reason)
	require.NoError(t, again[1].Got().Reason)
	want := times(sent)
	require.NotEmpty(t, again[1].Got().Samples)
	for at, key := range times(again[1].Got().Samples) {
		was, there := want[at]
		require.True(t, there)
		assert.Equal(t, was, key)
	}
}

// requireNice checks the priority of all threads of a process.
func requireNice(t *testing.T, pid, nice int) {
	t.Helper()
	tasks, err := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/stat")
	require.NoError(t, err)
	require.NotEmpty(t, tasks)
	for _, task := range tasks {
		b, err := os.ReadFile(task)
		if err != nil { // it has ended meanwhile
			continue
		}
		fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')'):]))
		got, err := strconv.Atoi(fields[17])
		require.NoError(t, err)
		own, err := syscall.Getpriority(syscall.PRIO_PROCESS, os.Getpid())
		require.NoError(t, err)
		require.Equal(t, max(nice, 20-own), got)
	}
}

// A child that takes pictures and gives none is ended and replaced; its last words are there. The feed goes on, and what the child was too slow for
// is counted.
func TestStalledChildIsReplaced(t *testing.T) {
	t.Parallel()
	f := setUp(small, func(c *Config) { c.FFmpeg = script(t, "echo one >&2\necho I am stuck >&2\nexec sleep 1000\n") })
	p := f.publish(t, "news")
	sent := p.send(9*25, false)
	first := f.Status("news")[0]
	assert.Equal(t, Running, first.State)
	assert.Zero(t, first.Restarts)
	assert.Equal(t, tooSlow, first.LastError)
	assert.NotZero(t, first.DroppedGOPs)
	assert.NotZero(t, first.DroppedFrames)
	ingesttest.Eventually(t, "its words", func() bool { return len(f.Status("news")[0].LastWords) == 2 })
	rung := f.of("news", "144")[0]
	var st Status
	ingesttest.Eventually(t, "another child", func() bool {
		sent = append(sent, p.send(1, false)...)
		st = f.Status("news")[0]
		return st.State == Running && st.Restarts == 1
	})
	assert.NotEqual(t, first.PID, st.PID)
	assert.Equal(t, "ffmpeg took pictures and gave none", st.LastError)
	require.ErrorIs(t, rung.Got().Reason, errStalled)
	assert.Positive(t, rung.Got().Dropped())
	assert.Contains(t, f.log.String(), "I am stuck")
	assert.Equal(t, sent, f.of("news", "")[0].Got().Samples)
	ingesttest.Eventually(t, "its words", func() bool { return len(f.Status("news")[0].LastWords) == 2 })
	assert.Equal(t, []string{"one", "I am stuck"}, f.Status("news")[0].LastWords)
	require.NoError(t, syscall.Kill(f.Status("news")[0].PID, syscall.SIGKILL)) // or its end would be waited for
}

// A child that dies at once is started again after longer and longer pauses.
func TestChildThatDiesAtOnce(t *testing.T) {
	t.Parallel()
	f := setUp(small, func(c *Config) { c.FFmpeg = script(t, "echo Unknown encoder >&2\nexit 3\n") })
	p := f.publish(t, "news")
	for n := range uint64(4) {
		ingesttest.Eventually(t, "the next child has died", func() bool {
			p.send(1, false)
			return f.Status("news")[0].Restarts == n+1
		})
	}
	st := f.Status("news")[0]
	assert.Equal(t, Blocked, st.State)
	assert.Equal(t, "ffmpeg ended: exit status 3", st.LastError)
	assert.Equal(t, []string{"Unknown encoder"}, st.LastWords)
	assert.Equal(t, 8*time.Second, p.feed.pause)
}

// Without ffmpeg it is said at the start which channels lack it. A feed goes on without rungs, but for one of which nothing would be seen.
func TestMissingProgram(t *testing.T) {
	t.Parallel()
	missing := func(c *Config) { c.FFmpeg = "/nowhere/ffmpeg" }
	f := setUp(small, missing)
	assert.Contains(t, f.log.String(), `channels="news, sports"`)
	assert.Contains(t, f.log.String(), "ffmpeg is not there, install it or set ingest.ladder.ffmpeg")
	p := f.publish(t, "news")
	p.send(50, false)
	assert.Len(t, f.of("news", "")[0].Got().Samples, 50)
	assert.Empty(t, f.of("news", "144"))
	st := f.Status("news")[0]
	assert.Equal(t, Blocked, st.State)
	assert.Contains(t, st.LastError, "/nowhere/ffmpeg")

	dropped := small
	dropped.DropSource = true
	f = setUp(dropped, missing)
	_, err := f.Open(t.Context(), ingest.Publish{Channel: "news"})
	require.ErrorIs(t, err, ingest.ErrLadder)
	require.ErrorIs(t, f.of("news", "")[0].Got().Reason, ingest.ErrLadder)
	assert.Empty(t, f.Status("news"))
}

// There are as many children as are allowed. A feed that finds none free is told so, and gets one when another feed ends.
func TestChildrenAreLimited(t *testing.T) {
	t.Parallel()
	f := setUp(small, func(c *Config) { c.Children = 1 })
	first, second := f.publish(t, "news"), f.publish(t, "sports")
	first.send(5, true)
	second.send(5, true)
	assert.Equal(t, Running, f.Status("news")[0].State)
	st := f.Status("sports")[0]
	assert.Equal(t, Blocked, st.State)
	assert.Equal(t, "all 1 children that ingest.ladder.children allows are busy with other feeds", st.LastError)
	first.feed.Close(nil)
	ingesttest.Eventually(t, "the other one has a child", func() bool {
		second.send(1, true)
		return f.Status("sports")[0].State == Running
	})
	assert.Empty(t, f.Status("sports")[0].LastError)
}

// A jump of the feed's clock makes another child, at once.
func TestJumpOfTheClock(t *testing.T) {
	t.Parallel()
	f := setUp(small, nil)
	p := f.publish(t, "news")
	p.send(30, true)
	p.base += 3600 * rate
	var sent []media.Sample
	ingesttest.Eventually(t, "another child", func() bool {
		sent = append(sent, p.send(1, true)...)
		st := f.Status("news")[0]
		return st.Restarts == 1 && st.State == Running
	})
	sent = append(sent, p.send(30, true)...)
	p.feed.Close(nil)
	feeds, want := f.of("news", "144"), times(sent)
	require.Len(t, feeds, 2)
	require.ErrorIs(t, feeds[0].Got().Reason, errJumped)
	require.NotEmpty(t, feeds[1].Got().Samples)
	for at, key := range times(feeds[1].Got().Samples) {
		was, there := want[at]
		require.True(t, there)
		require.Equal(t, was, key)
	}
}

// Rungs that would be as high as the feed's own pictures are left out, and what is no channel with a ladder passes through.
func TestWhatNeedsNoChild(t *testing.T) {
	t.Parallel()
	f := setUp(catalog.LadderSettings{Rungs: []catalog.Rung{{Height: 180, Bitrate: 200_000}}}, nil)
	p := f.publish(t, "news")
	p.send(5, true)
	assert.Contains(t, f.Status("news")[0].LastError, "no rung of the ladder is lower")
	assert.Zero(t, f.Status("news")[0].PID)
	plain, err := f.Open(t.Context(), ingest.Publish{Channel: "plain"})
	require.NoError(t, err)
	_, ours := plain.(*feed)
	assert.False(t, ours)
	_, err = f.Open(t.Context(), ingest.Publish{Channel: "news"})
	assert.True(t, errors.Is(err, ingest.ErrTaken), "%v", err)
}
