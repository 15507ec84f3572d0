package vod

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
	"weir/internal/testmedia"
)

// packet is what ffprobe says of one.
type packet struct {
	Stream int    `json:"stream_index"`
	PTS    string `json:"pts_time"`
	DTS    string `json:"dts_time"`
	Hash   string `json:"data_hash"`
	Flags  string `json:"flags"`
}

func (p *packet) pts(t testing.TB) float64 {
	d, err := time.ParseDuration(p.PTS + "s")
	require.NoError(t, err)
	return d.Seconds()
}

// ffprobe gives the packets of each stream of a file.
func ffprobe(t testing.TB, path string, args ...string) map[int][]packet {
	t.Helper()
	if _, err := exec.LookPath("ffprobe"); err != nil {
		t.Skip("ffprobe is not installed")
	}
	args = append([]string{"-v", "error"}, args...)
	args = append(args, "-show_packets", "-show_data_hash", "md5", "-show_entries", "packet=stream_index,pts_time,dts_time,data_hash,flags", "-of", "json", path)
	out, err := exec.CommandContext(t.Context(), "ffprobe", args...).Output()
	require.NoError(t, err, path)
	var p struct {
		Packets []packet `json:"packets"`
	}
	require.NoError(t, json.Unmarshal(out, &p))
	streams := make(map[int][]packet)
	for _, one := range p.Packets {
		streams[one.Stream] = append(streams[one.Stream], one)
	}
	return streams
}

// joined is the init segment of a track and all of its segments.
func joined(t testing.TB, title *Title, track string, files Source) []byte {
	t.Helper()
	w := title.Window()
	out := append([]byte(nil), title.Init(track, 1)...)
	require.NotEmpty(t, out)
	for i := range w.Rows.Len() {
		row := w.Rows.At(i)
		seg, ok := title.Segment(track, row.Number)
		require.Equal(t, ok, !row.Segment(track).Gap())
		if !ok {
			continue
		}
		data, err := seg.Read(context.Background(), files)
		require.NoError(t, err)
		require.Len(t, data, int(seg.Size))
		require.Equal(t, row.Segment(track).Bytes, seg.Size)
		out = append(out, data...)
	}
	return out
}

// Every packet of every file comes out once, bit-exact, and at the time at which ffprobe has it, edit lists and all.
func TestTitlesHaveWhatFFprobeSees(t *testing.T) {
	t.Parallel()
	for _, path := range testmedia.Find(t, "mp4/*.mp4") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			checkFile(t, path)
		})
	}
}

// checkFile packages a file and compares what comes out with what ffprobe sees in it.
func checkFile(t *testing.T, path string) {
	f := load(t, path)
	x, err := Read(t.Context(), f)
	require.NoError(t, err)
	title, err := New([]Input{{Index: x}}, 2*time.Second)
	require.NoError(t, err)
	checkRows(t, title)
	want := ffprobe(t, path)
	raw := ffprobe(t, path, "-ignore_editlist", "1")
	zero := math.Inf(1)
	for _, k := range x.Tracks {
		if k.Why == "" {
			zero = min(zero, media.Ticks(k.begins()).Seconds(k.Format.Clock.Timescale))
		}
	}
	for _, track := range title.run.Tracks {
		_, of, _ := title.Source(track.Name)
		stream := -1
		for i, k := range x.Tracks {
			if k == of {
				stream = i
			}
		}
		data := joined(t, title, track.Name, func(int) File { return f })
		tmp := filepath.Join(t.TempDir(), track.Name+".mp4")
		require.NoError(t, os.WriteFile(tmp, data, 0o600))
		got := ffprobe(t, tmp)[0]
		require.NotEmpty(t, got)
		// All that edit lists do not cut is there.
		rest := raw[stream]
		same := func() bool {
			for i := range got {
				if rest[i].Hash != got[i].Hash {
					return false
				}
			}
			return true
		}
		for len(rest) >= len(got) && !same() {
			rest = rest[1:]
		}
		require.GreaterOrEqual(t, len(rest), len(got), "%s: its %d packets are not successive ones of the file", track.Name, len(got))
		require.LessOrEqual(t, len(want[stream]), len(raw[stream]))
		late, early := len(rest)-len(got), len(raw[stream])-len(rest)
		if early > 0 || late > 0 {
			t.Logf("%s: %d samples before, %d behind what the edit list needs", track.Name, early, late)
		}
		// Their times are those that ffprobe has with edit lists.
		times := make(map[string][]float64)
		for _, p := range want[stream] {
			times[p.Hash] = append(times[p.Hash], p.pts(t))
		}
		compared, shift := 0, math.NaN()
		for _, p := range got {
			all := times[p.Hash]
			if len(all) == 0 {
				continue
			}
			compared++
			at := p.pts(t) - title.Origin().Sub(time.Unix(0, 0)).Seconds() + zero
			nearest := 0 // silence is many packets of the same bytes
			for i := range all {
				if math.Abs(all[i]-at) < math.Abs(all[nearest]-at) {
					nearest = i
				}
			}
			late := at - all[nearest]
			times[p.Hash] = slices.Delete(all, nearest, nearest+1)
			if math.IsNaN(shift) {
				shift = late
				// An edit that begins within a picture begins with the next one for ffmpeg, which moves that to its beginning.
				if track.Kind == media.Video && of.Start > of.Samples.Stats().First+of.Shift {
					require.Less(t, math.Abs(shift), 1/track.FrameRate.Float())
				} else {
					require.InDelta(t, 0, shift, 0.00013)
				}
			}
			require.InDelta(t, shift, late, 0.00013, "%s: packet of %s", track.Name, p.PTS)
		}
		require.GreaterOrEqual(t, compared, len(want[stream])-late-early, track.Name)
	}
}

// checkRows holds what manifests rely on.
func checkRows(t require.TestingT, title *Title) {
	w := title.Window()
	at := title.Origin()
	starts := make(map[string]media.Ticks)
	for i := range w.Rows.Len() {
		row := w.Rows.At(i)
		require.Equal(t, uint64(i), row.Number)
		require.Equal(t, at, row.Start)
		require.Positive(t, row.Duration)
		require.Equal(t, row.Start.Sub(title.Origin()), row.Wall.Sub(time.Unix(0, 0)))
		at = row.End()
		for _, s := range row.Segments {
			if i > 0 {
				require.Equal(t, starts[s.Track], s.Start, "%s %d", s.Track, i)
			}
			require.LessOrEqual(t, s.Duration.Duration(s.Timescale), w.Target)
			require.GreaterOrEqual(t, s.Duration, media.Ticks(0))
			starts[s.Track] = s.Start + s.Duration
			require.Equal(t, s.Chunks, len(s.Parts))
		}
	}
	require.Equal(t, w.Target.Truncate(time.Second), w.Target)
}
