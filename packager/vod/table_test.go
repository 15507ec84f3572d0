package vod

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const testFile = int64(1) << 40

// drawSamples are samples as files have them: mostly regular, sometimes anything.
func drawSamples(t *rapid.T) []Sample {
	durations := rapid.SliceOfN(rapid.Uint32Range(0, 100_000), 1, 4).Draw(t, "durations")
	offsets := rapid.SliceOfN(rapid.Int32(), 1, 20).Draw(t, "cts")
	n := rapid.IntRange(0, 700).Draw(t, "count")
	var all []Sample
	at, dts := int64(rapid.Int64Range(0, testFile/2).Draw(t, "at")), rapid.Int64Range(-maxTime/2, maxTime/2).Draw(t, "dts")
	for i := range n {
		s := Sample{
			Offset: at, Size: rapid.Uint32Range(1, 70_000).Draw(t, "size"), DTS: dts, CTS: offsets[i%len(offsets)],
			Duration: durations[i%len(durations)], Sync: rapid.Bool().Draw(t, "sync"),
		}
		if rapid.IntRange(0, 20).Draw(t, "odd") == 0 {
			s.Duration, s.CTS = rapid.Uint32Range(0, maxCTS).Draw(t, "duration"), rapid.Int32().Draw(t, "offset")
		}
		at += int64(s.Size)
		if rapid.IntRange(0, 3).Draw(t, "jump") == 0 {
			at = rapid.Int64Range(0, testFile/2).Draw(t, "to")
		}
		dts += int64(s.Duration)
		all = append(all, s)
	}
	return all
}

// What a table was built from comes out of it, from any place.
func TestTableGivesBackWhatWasAdded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := drawSamples(t)
		b := newBuilder(testFile, "track 1")
		for _, s := range want {
			require.NoError(t, b.add(s))
		}
		require.Equal(t, len(want), b.len())
		table := b.done()
		require.Equal(t, len(want), table.Len())
		from := rapid.IntRange(0, len(want)).Draw(t, "from")
		to := rapid.IntRange(from, len(want)).Draw(t, "to")
		got := []Sample{}
		for i, s := range table.Samples(from, to) {
			require.Equal(t, from+len(got), i)
			got = append(got, s)
		}
		require.True(t, slices.Equal(want[from:to], got), "samples %d to %d", from, to)

		dts := rapid.Int64Range(-maxTime, maxTime).Draw(t, "time")
		if len(want) > 0 && rapid.Bool().Draw(t, "near") {
			dts = want[rapid.IntRange(0, len(want)-1).Draw(t, "sample")].DTS
		}
		first := slices.IndexFunc(want, func(s Sample) bool { return s.DTS >= dts })
		if first < 0 {
			first = len(want)
		}
		require.Equal(t, first, table.Find(dts))
	})
}

func TestStatsAreThoseOfTheSamples(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		samples := drawSamples(t)
		if len(samples) == 0 {
			return
		}
		b := newBuilder(testFile, "track 1")
		first, last := samples[0], samples[len(samples)-1]
		want := Stats{Start: first.DTS, End: last.DTS + int64(last.Duration), First: first.PTS(), Last: first.PTS()}
		for _, s := range samples {
			require.NoError(t, b.add(s))
			want.Bytes += int64(s.Size)
			want.Ahead = max(want.Ahead, -int64(s.CTS))
			want.First = min(want.First, s.PTS())
			want.Last = max(want.Last, s.PTS()+int64(s.Duration))
			if s.Sync {
				want.Syncs++
			}
		}
		table := b.done()
		require.Equal(t, want, table.Stats())
	})
}

// An hour of 60 frames a second and two audio tracks, interleaved sample by sample, is less than 2 MB.
func TestTableIsSmall(t *testing.T) {
	t.Parallel()
	const size = 100 << 30
	video, audio := newBuilder(size, "track 1"), newBuilder(size, "track 2")
	at, next := int64(1<<33), int64(0)
	late := []int32{2, 5, 2, 0, 1} // an IDR, then pyramids
	random := uint32(1)
	for i := range int64(60 * 3600) {
		random = random*1664525 + 1013904223
		s := Sample{Offset: at, Size: 6000 + random>>20, DTS: i * 1500, CTS: 1500 * late[0], Duration: 1500, Sync: i%120 == 0}
		if k := i % 120; k > 0 {
			s.CTS = 1500 * late[1+(k-1)%4]
		}
		at = s.End()
		require.NoError(t, video.add(s))
		for ; next*1024*60 <= i*48000; next++ {
			a := Sample{Offset: at, Size: 300 + random>>26, DTS: next * 1024, Duration: 1024, Sync: true}
			at = a.End()
			require.NoError(t, audio.add(a))
		}
	}
	v, a := video.done(), audio.done()
	t.Logf("video: %d bytes for %d samples, audio: %d for %d", v.Memory(), v.Len(), a.Memory(), a.Len())
	require.Less(t, v.Memory()+a.Memory(), 2_000_000)
}

func TestBuilderRefuses(t *testing.T) {
	t.Parallel()
	good := Sample{Offset: 10, Size: 20, DTS: 100, Duration: 10, Sync: true}
	for want, s := range map[string]Sample{
		"sample 2 of track 3 has 0 bytes":          {Offset: 30, DTS: 110},
		"lies outside of the file of 100 bytes":    {Offset: 90, Size: 11, DTS: 110},
		"more bytes than the file":                 {Offset: 10, Size: 81, DTS: 110},
		"is decoded at 99, the one before it at 1": {Offset: 10, Size: 1, DTS: 99},
		"20 bytes at -1, lies outside":             {Offset: -1, Size: 20, DTS: 110},
		"is decoded at 9007199254740993":           {Offset: 1, Size: 20, DTS: maxTime + 1},
	} {
		b := newBuilder(100, "track 3")
		require.NoError(t, b.add(good))
		err := b.add(s)
		require.ErrorIs(t, err, ErrFile)
		require.ErrorContains(t, err, want)
	}
}
