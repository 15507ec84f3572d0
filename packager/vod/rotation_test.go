package vod

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Pictures that a file has turned are so in what is packaged: to ffprobe, and to manifests, which have the size as it is displayed.
func TestRotationIsKept(t *testing.T) {
	t.Parallel()
	upright := generate(t, "upright.mp4", testPictures+testSound+asH264)
	const one, last = 1 << 16, 1 << 30
	for rotation, want := range map[int]struct {
		matrix        [9]int32 // as phones write it
		probed        string
		width, height int
	}{
		0:   {[9]int32{one, 0, 0, 0, one, 0, 0, 0, last}, "", 128, 72},
		90:  {[9]int32{0, one, 0, -one, 0, 0, 72 << 16, 0, last}, "rotation=-90\n", 72, 128},
		180: {[9]int32{-one, 0, 0, 0, -one, 0, 128 << 16, 72 << 16, last}, "rotation=-180\n", 128, 72},
		270: {[9]int32{0, -one, 0, one, 0, 0, 0, 128 << 16, last}, "rotation=90\n", 72, 128},
	} {
		t.Run(fmt.Sprint(rotation), func(t *testing.T) {
			t.Parallel()
			f := load(t, upright)
			tkhd := bytes.Index(f.data, []byte("tkhd")) + 4 // of the pictures
			for i, v := range want.matrix {
				binary.BigEndian.PutUint32(f.data[tkhd+40+4*i:], uint32(v))
			}
			x, err := Read(t.Context(), f)
			require.NoError(t, err)
			require.Equal(t, rotation, x.Tracks[0].Format.Rotation)
			require.Zero(t, x.Tracks[1].Format.Rotation)
			title, err := New([]Input{{Index: x}}, 2*time.Second)
			require.NoError(t, err)
			v1 := title.Window().Tracks[0]
			require.Equal(t, []int{want.width, want.height, rotation}, []int{v1.Width, v1.Height, v1.Rotation})
			segment, ok := title.Segment("v1", 1)
			require.True(t, ok)
			data, err := segment.Read(t.Context(), func(int) File { return f })
			require.NoError(t, err)
			path := filepath.Join(t.TempDir(), "v1.mp4")
			require.NoError(t, os.WriteFile(path, append(title.Init("v1", 1), data...), 0o600))
			out, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-show_entries", "stream_side_data=rotation",
				"-of", "default=noprint_wrappers=1", path).Output()
			require.NoError(t, err)
			require.Equal(t, want.probed, string(out))
			header := string(title.Init("v1", 1))
			if rotation != 0 {
				require.Contains(t, header, string(f.data[tkhd+40:tkhd+84]), "matrix and size are those of the file")
			}
		})
	}
}
