package vod

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

const (
	albumRate = 44100
	sineLevel = 0.4
)

// lengths are of the three tracks that one tone is cut into, in samples: no multiples of anything.
var lengths = []int{2*albumRate + 123, 77_777, albumRate + 1}

// decode is what ffmpeg makes of a file: samples of one channel, without looking at edit lists where it is told so.
func decode(t testing.TB, path string, args ...string) []float32 {
	t.Helper()
	args = append(append([]string{"-v", "error", "-nostdin"}, args...), "-i", path, "-map", "a", "-ac", "1", "-f", "f32le", "-")
	out, err := exec.CommandContext(t.Context(), "ffmpeg", args...).Output()
	require.NoError(t, err)
	all := make([]float32, len(out)/4)
	for i := range all {
		all[i] = math.Float32frombits(binary.LittleEndian.Uint32(out[4*i:]))
	}
	return all
}

// cutTone makes the tracks of an album: files of a tone that goes on from one to the next.
func cutTone(t testing.TB, extension string, args ...string) []string {
	t.Helper()
	needTools(t)
	var paths []string
	from := 0
	for i, n := range lengths {
		path := filepath.Join(t.TempDir(), fmt.Sprintf("%d.%s", i, extension))
		all := append([]string{
			"-v", "error", "-nostdin", "-f", "lavfi", "-i", fmt.Sprintf("aevalsrc=%g*sin(441*2*PI*(n+%d)/%d):s=%d", sineLevel, from, albumRate, albumRate),
			"-af", fmt.Sprintf("atrim=end_sample=%d", n),
		}, args...)
		out, err := exec.CommandContext(t.Context(), "ffmpeg", append(all, path)...).CombinedOutput()
		require.NoError(t, err, string(out))
		paths = append(paths, path)
		from += n
	}
	return paths
}

// albumOf is the album of those files, which it names by their places.
func albumOf(t testing.TB, paths []string) (*Title, Source) {
	t.Helper()
	var titles []*Title
	var files []File
	for i, path := range paths {
		f := load(t, path)
		x, err := Read(t.Context(), f)
		require.NoError(t, err)
		title, err := New([]Input{{Index: x, File: i}}, time.Second)
		require.NoError(t, err)
		titles, files = append(titles, title), append(files, f)
	}
	album, err := Join(titles)
	require.NoError(t, err)
	return album, func(file int) File { return files[file] }
}

// play decodes an album as a player of DASH does: of what the segments of a Period decode to, it plays what lies between the Period's
// beginning and its end.
func play(t testing.TB, album *Title, files Source) []float32 {
	t.Helper()
	var all []float32
	rows := album.Window().Rows
	for from := 0; from < rows.Len(); {
		run := rows.At(from).Run
		track := run.Tracks[0]
		data := append([]byte(nil), album.Init(track.Name, track.Init)...)
		first, end, to := media.Ticks(0), time.Time{}, from
		for ; to < rows.Len() && rows.At(to).Run == run; to++ {
			segment, ok := album.Segment(track.Name, rows.At(to).Number)
			require.True(t, ok)
			bytes, err := segment.Read(context.Background(), files)
			require.NoError(t, err)
			if to == from {
				tfdt := binary.BigEndian.Uint64(bytes[indexOf(t, bytes, "tfdt")+8:])
				first = media.Ticks(tfdt) - editOf(album.Init(track.Name, track.Init))
			}
			data, end = append(data, bytes...), rows.At(to).End()
		}
		path := filepath.Join(t.TempDir(), fmt.Sprintf("run%d.mp4", run.ID))
		require.NoError(t, os.WriteFile(path, data, 0o600))
		decoded := decode(t, path, "-ignore_editlist", "1")
		begin := media.FromTime(rows.At(from).Start, track.Timescale)
		skip, n := int(begin-first), int(media.FromTime(end, track.Timescale)-begin)
		require.GreaterOrEqual(t, skip, 0)
		require.GreaterOrEqual(t, len(decoded), skip+n)
		all = append(all, decoded[skip:skip+n]...)
		from = to
	}
	return all
}

func indexOf(t testing.TB, b []byte, name string) int {
	t.Helper()
	for i := 4; i+4 <= len(b); i++ {
		if string(b[i:i+4]) == name {
			return i
		}
	}
	t.Fatalf("no %s", name)
	return 0
}

// editOf is what an init segment's edit list takes off all times.
func editOf(init []byte) media.Ticks {
	for i := 4; i+32 <= len(init); i++ {
		if string(init[i:i+4]) == "elst" {
			return media.Ticks(binary.BigEndian.Uint64(init[i+20:]))
		}
	}
	return 0
}

// A tone that is cut in the middle twice goes on without a hole: every sample of the music is presented once, in its place.
func TestAlbumsHaveNoGaps(t *testing.T) {
	t.Parallel()
	whole := 0
	for _, n := range lengths {
		whole += n
	}
	for _, c := range []struct {
		name, extension string
		args            []string
		edit            bool
		worst           float64 // difference to the tone
	}{
		{"FLAC", "flac", nil, false, 1e-4},
		{"FLAC in MP4", "mp4", []string{"-c:a", "flac", "-strict", "-2"}, false, 1e-4},
		{"MP3", "mp3", []string{"-b:a", "192k"}, true, 0.1},
		{"AAC in MP4", "m4a", []string{"-c:a", "aac", "-b:a", "192k"}, true, 0.2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			paths := cutTone(t, c.extension, c.args...)
			album, files := albumOf(t, paths)
			checkAlbum(t, album, whole)
			require.Equal(t, c.edit, editOf(album.Init("a1", 1)) > 0)
			got := play(t, album, files)
			require.Len(t, got, whole)
			// What a decoder makes of the tracks themselves, one behind the other.
			var want []float32
			for i, path := range paths {
				one := decode(t, path)
				require.GreaterOrEqual(t, len(one), lengths[i])
				want = append(want, one[:lengths[i]]...) // of MP4, ffmpeg plays the padding too
			}
			worst, hole := 0.0, 0
			for i := range got {
				require.InDelta(t, want[i], got[i], 1e-4, "sample %d", i)
				tone := sineLevel * math.Sin(441*2*math.Pi*float64(i)/albumRate)
				worst = max(worst, math.Abs(float64(got[i])-tone))
				if i%100 == 0 && i+100 <= len(got) { // a period of the tone
					power := 0.0
					for _, v := range got[i : i+100] {
						power += float64(v) * float64(v)
					}
					if math.Sqrt(power/50) < 0.85*sineLevel {
						hole++
					}
				}
			}
			t.Logf("%s: differs from the tone by %.4f at most", c.name, worst)
			require.Less(t, worst, c.worst)
			require.Zero(t, hole, "periods of the tone that are missing")
		})
	}
}

// checkAlbum holds what manifests rely on.
func checkAlbum(t *testing.T, album *Title, samples int) {
	t.Helper()
	w := album.Window()
	rows := w.Rows
	at, run := album.Origin(), (*media.Run)(nil)
	offsets := album.Offsets()
	require.Len(t, offsets, len(lengths))
	before := 0
	for i := range rows.Len() {
		row := rows.At(i)
		require.EqualValues(t, i, row.Number)
		require.WithinDuration(t, at, row.Start, time.Nanosecond)
		require.Equal(t, row.Start.Sub(album.Origin()), row.Wall.Sub(time.Unix(0, 0)))
		if run == nil || row.Run.ID != run.ID {
			id := uint64(0)
			if run != nil {
				id = run.ID + 1
			}
			run = row.Run
			require.Equal(t, id, run.ID)
			require.Equal(t, row.Number, run.First)
			require.Equal(t, row.Start, run.Start)
			require.Equal(t, offsets[id], run.Start.Sub(album.Origin()))
			require.EqualValues(t, before, media.FromDuration(offsets[id], albumRate))
			before += lengths[id]
		}
		require.Equal(t, run.First, row.Anchor.Segment)
		segment := row.Segment("a1")
		require.Equal(t, uint32(run.ID)+1, segment.Init)
		require.NotEmpty(t, album.Init("a1", segment.Init))
		got, ok := album.Segment("a1", row.Number)
		require.True(t, ok)
		require.Equal(t, segment.Bytes, got.Size)
		require.LessOrEqual(t, row.Duration, w.Target)
		require.GreaterOrEqual(t, row.Duration, time.Second/8)
		for _, span := range got.Spans {
			require.EqualValues(t, run.ID, span.File)
		}
		if i == int(run.First) {
			require.EqualValues(t, media.FromTime(row.Start, albumRate), segment.Start)
		}
		at = row.End()
	}
	require.EqualValues(t, samples, media.FromDuration(at.Sub(album.Origin()), albumRate))
	require.Equal(t, at.Sub(album.Origin()), w.DVR)
	require.NotZero(t, w.Rates["a1"].Average)
	require.LessOrEqual(t, w.Rates["a1"].Average, w.Rates["a1"].Peak)
	_, ok := album.Segment("a1", uint64(rows.Len()))
	require.False(t, ok)
	_, ok = album.Segment("a2", 0)
	require.False(t, ok)
	require.Nil(t, album.Init("a1", 0))
	require.Nil(t, album.Init("a1", uint32(len(lengths))+1))
	require.Nil(t, album.Init("v1", 1))
}

func TestAlbumsThatCannotBe(t *testing.T) {
	t.Parallel()
	_, err := Join(nil)
	require.ErrorContains(t, err, "0 titles")
	title := func(data []byte) *Title {
		x, err := Read(t.Context(), inMemory(data))
		require.NoError(t, err)
		title, err := New([]Input{{Index: x}}, time.Second)
		require.NoError(t, err)
		return title
	}
	music := title(mp3Frames(100))
	x, err := Read(t.Context(), inMemory(mp3Frames(100)))
	require.NoError(t, err)
	two, err := New([]Input{{Index: x}, {Index: x, File: 1}}, time.Second)
	require.NoError(t, err)
	_, err = Join([]*Title{music, two})
	require.ErrorContains(t, err, "title 2 has the tracks a1, a2, the first has a1")
	album, err := Join([]*Title{music, music})
	require.NoError(t, err)
	_, err = Join([]*Title{music, album})
	require.ErrorContains(t, err, "title 2 is an album itself")
	require.Equal(t, []time.Duration{0}, music.Offsets())
	other, err := Join([]*Title{music, music, music})
	require.NoError(t, err)
	require.NotEqual(t, album.Version(), other.Version())
	require.NotEqual(t, album.Version(), music.Version())
}
