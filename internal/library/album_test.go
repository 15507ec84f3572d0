package library

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/catalog"
	"weir/packager/vod"
)

// The tracks of an album are read from their own files, one behind the other on one timeline.
func TestAlbum(t *testing.T) {
	t.Parallel()
	f := newFixture(t, listing{
		"one": onDisk("demo.mp4"), "two": {Sites: []string{"web"}, Files: []catalog.AssetFile{{Path: "demo.mp4"}}},
		"album": {Tracks: []string{"one", "two", "one"}},
	}, 0)
	plan, file := f.planned(t, "demo.mp4")
	want, err := vod.Join([]*vod.Title{plan, plan, plan})
	require.NoError(t, err)
	a, err := f.Open(t.Context(), "album")
	require.NoError(t, err)
	defer a.Release()
	rows, single := a.Window().Rows, plan.Window().Rows
	require.Equal(t, 3*single.Len(), rows.Len())
	at := time.Unix(3600, 0)
	for i := range rows.Len() {
		row := rows.At(i)
		require.Equal(t, i/single.Len(), int(row.Run.ID))
		require.WithinDuration(t, at, row.Start, time.Nanosecond)
		at = row.End()
		for _, track := range row.Run.Tracks {
			require.Equal(t, want.Init(track.Name, track.Init), a.Init(track.Name, track.Init))
			b, err := a.Segment(track.Name, row.Number)
			require.NoError(t, err)
			got, err := ReadAll(t.Context(), b)
			require.NoError(t, err)
			seg, ok := want.Segment(track.Name, row.Number)
			require.True(t, ok)
			all, err := seg.Read(t.Context(), func(int) vod.File { return file })
			require.NoError(t, err)
			require.Equal(t, all, got)
		}
	}
	require.Positive(t, f.requests("disk"))
	require.Positive(t, f.requests("web"))
}
