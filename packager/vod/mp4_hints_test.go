package vod

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Large fragments are found, and read several at a time, by what the file says of them at its end or its beginning; a file that says nothing,
// or lies, has the same index.
func TestLargeFragmentsAreReadTogether(t *testing.T) {
	t.Parallel()
	const noise = "-f lavfi -i testsrc=size=640x360:rate=25:duration=6,noise=alls=100:allf=t -c:v libx264 -preset ultrafast -qp 18 -g 5 "
	path := generate(t, "a.mp4", noise+"-movflags +frag_keyframe+empty_moov")
	f := load(t, path)
	want, err := Read(t.Context(), f)
	require.NoError(t, err)
	require.Equal(t, 150, want.Tracks[0].Samples.Len())
	fragments := int64(30)
	require.Greater(t, f.size/fragments, int64(smallFragment), "fragments are large")
	require.Greater(t, f.most.Load(), int64(1), "ranges at the same time")
	require.Less(t, f.opens.Load(), fragments+20)
	require.Less(t, f.read.Load(), f.size/4)

	for name, other := range map[string]*memory{
		"sidx": load(t, generate(t, "a.mp4", noise+"-movflags +frag_keyframe+empty_moov+default_base_moof+global_sidx")),
		"none": inMemory(f.data[:f.size-1]),
	} {
		x, err := Read(t.Context(), other)
		require.NoError(t, err)
		require.Equal(t, want.Tracks[0].Samples.Len(), x.Tracks[0].Samples.Len(), name)
		require.Equal(t, name == "sidx", other.most.Load() > 1, name)
	}
	lies := inMemory(append([]byte(nil), f.data...))
	m := &movie{w: &window{ctx: t.Context(), f: lies}}
	require.NoError(t, m.mfra())
	require.Len(t, m.hints, 30)
	for i := len(lies.data) - 400; i < len(lies.data)-16; i++ {
		lies.data[i] ^= byte(i)
	}
	x, err := Read(t.Context(), lies)
	require.NoError(t, err)
	require.Equal(t, 150, x.Tracks[0].Samples.Len())
}
