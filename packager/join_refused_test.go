package packager

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

// shared is a feed of pictures and sound, what its writer makes of it, and how its run is joined at the third row.
func shared(t *testing.T, length time.Duration) (*synth, Config, *tape, *Join) {
	t.Helper()
	y := &synth{formats: []media.Format{avcFormat(90000, 1<<33), aacFormat(48000, 90000, 1<<33)}, base: 20 * sec}
	y.video(0, 0, length, fps25, 50, true)
	y.audio(1, 0, length, 48000)
	y.sorted()
	cfg := Config{2 * sec, 200 * time.Millisecond}
	writer, err := y.play(cfg, Resume{}, 0, nil)
	require.NoError(t, err)
	require.Len(t, writer.runs, 1)
	j := writer.join(&writer.runs[0], 3)
	require.NotNil(t, j)
	return y, cfg, writer, j
}

// A feed that is another encoder's is told apart, wherever its clock stands, before a chunk of it is out.
func TestFeedsThatDoNotGoOnAreToldApart(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(y *synth, j *Join, r *Resume){
		"clock is a frame off":     func(y *synth, _ *Join, _ *Resume) { shift(y, 1800) },
		"clock is a few ticks off": func(y *synth, _ *Join, _ *Resume) { shift(y, 5) },
		"clock is hours off":       func(y *synth, _ *Join, _ *Resume) { shift(y, 5*3600*90000) },
		"clock is minutes behind":  func(y *synth, _ *Join, _ *Resume) { shift(y, -19*90000) },
		"ends before":              func(y *synth, _ *Join, _ *Resume) { y.events = y.events[:50] },
		"no sound":                 func(y *synth, _ *Join, _ *Resume) { y.formats = y.formats[:1] },
		"other codec configuration": func(_ *synth, _ *Join, r *Resume) {
			r.Init["v1"] = media.Init{Track: "v1", Version: 1, Data: []byte("x")}
		},
		"other init version":  func(_ *synth, j *Join, _ *Resume) { j.Run.Tracks[0].Init++ },
		"record has no clock": func(_ *synth, j *Join, _ *Resume) { j.Run.Clock = media.Mapping{} },
		"record has no pace":  func(_ *synth, j *Join, _ *Resume) { j.Run.Tracks[0].Pace = media.Pace{} },
		"no target duration":  func(_ *synth, _ *Join, r *Resume) { r.Target = 0 },
		"gap before":          func(_ *synth, j *Join, _ *Resume) { j.Ends[1].Chunks = 0 },
		"ends of other rows":  func(_ *synth, j *Join, _ *Resume) { j.Ends[1].Segment++ },
		"an end is missing":   func(_ *synth, j *Join, _ *Resume) { j.Ends = j.Ends[:1] },
		"row is elsewhere":    func(_ *synth, j *Join, _ *Resume) { j.Ends[0].Duration -= 900; j.Decoded[0] -= 900 },
		"sound is elsewhere":  func(_ *synth, j *Join, _ *Resume) { j.Ends[1].Duration -= 100; j.Decoded[1] -= 100 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			y, cfg, writer, j := shared(t, 14*sec)
			r := writer.resume(j)
			change(y, j, &r)
			made, err := y.play(cfg, r, 0, nil)
			require.ErrorIs(t, err, ErrJoin)
			if made != nil && name != "sound is elsewhere" {
				assert.Empty(t, made.chunks)
				assert.Empty(t, made.runs)
			}
		})
	}
}

// shift moves the clock of a feed.
func shift(y *synth, by media.Ticks) {
	for i := range y.events {
		s := &y.events[i].s
		s.PTS, s.DTS = s.PTS+by, s.DTS+by
		s.PTS, s.DTS = (s.PTS+1<<33)%(1<<33), (s.DTS+1<<33)%(1<<33)
	}
}

// A joined run ends like any other: what comes then is announced, with the numbers that follow.
func TestRunsFollowOnAJoinedOne(t *testing.T) {
	t.Parallel()
	y, cfg, writer, j := shared(t, 14*sec)
	for i := range y.events {
		if e := &y.events[i]; e.arrival > 10*sec {
			e.s.PTS, e.s.DTS = e.s.PTS+3600*90000, e.s.DTS+3600*90000
		}
	}
	made, err := y.play(cfg, writer.resume(j), sec, nil)
	require.NoError(t, err)
	require.Len(t, made.runs, 1)
	assert.EqualValues(t, 1, made.runs[0].ID)
	last := uint64(0)
	for _, e := range made.ends {
		if e.Run == 0 {
			last = max(last, e.Segment)
		}
	}
	assert.Equal(t, last+1, made.runs[0].First)
	assert.Greater(t, last, j.row())
	assert.True(t, made.runs[0].Start.After(j.Run.Start))
	assert.NotEqual(t, j.Run.Clock, made.runs[0].Clock)
}

// What the row was told to be by whoever has made chunks of it stays so, and the wall clock goes on from there.
func TestJoinedRowKeepsItsPlace(t *testing.T) {
	t.Parallel()
	y, cfg, writer, j := shared(t, 14*sec)
	first := writer.of(0, "v1", 3)[0]
	j.Wall, j.Anchor = first.Wall.Add(7*time.Millisecond), first.Anchor
	made, err := y.play(cfg, writer.resume(j), sec, nil)
	require.NoError(t, err)
	for _, c := range made.chunks {
		if c.Segment == 3 {
			require.Equal(t, j.Wall, c.Wall)
		} else {
			require.True(t, c.Wall.After(j.Wall))
		}
		require.Equal(t, j.Anchor, c.Anchor)
	}
	require.NotEmpty(t, made.chunks)
}
