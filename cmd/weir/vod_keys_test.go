package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

// Key frames that are none are told: open groups of pictures in H.264.
func TestVodInspectLooksIntoKeyFrames(t *testing.T) {
	t.Parallel()
	need(t, "ffmpeg")
	for args, want := range map[string]int{"-g 24 -x264-params open-gop=1": 5, "-g 24": 0} {
		path := filepath.Join(t.TempDir(), "a.mp4")
		all := append(strings.Fields("-v error -f lavfi -i testsrc=size=128x72:rate=25:duration=5 -c:v libx264 -preset ultrafast -bf 3 -b_strategy 0 -sc_threshold 0"),
			append(strings.Fields(args), path)...)
		require.NoError(t, exec.CommandContext(t.Context(), "ffmpeg", all...).Run())
		inputs, err := openInputs(t.Context(), []string{path})
		defer closeInputs(inputs)
		require.NoError(t, err)
		title, err := titleOf(inputs, 4*time.Second)
		require.NoError(t, err)
		r := inspect(inputs, title)
		require.Equal(t, 6, r.Files[0].Tracks[0].GOPs.Count)
		require.Equal(t, want, r.Files[0].Tracks[0].GOPs.Unclean, args)
		var b bytes.Buffer
		require.NoError(t, r.writeText(&b))
		assert.Equal(t, want > 0, strings.Contains(b.String(), "no IDR picture"))
	}
}

func TestKeyFrames(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		codec media.Codec
		data  string
		want  bool
	}{
		{media.AVC, "\x00\x00\x00\x02\x06\x00\x00\x00\x00\x02\x65\x00", true},
		{media.AVC, "\x00\x00\x00\x02\x06\x00\x00\x00\x00\x02\x41\x00", false},
		{media.AVC, "\x00\x00\x00\x02\x06\x00\xff\xff\xff\xff\x41\x00", false},
		{media.AVC, strings.Repeat("\x00\x00\x00\x00", 5000), false},
		{media.AVC, "", false},
		{media.HEVC, "\x00\x00\x00\x02\x4e\x01\x00\x00\x00\x02\x2a\x01", true},
		{media.HEVC, "\x00\x00\x00\x02\x02\x01", false},
	} {
		assert.Equal(t, tc.want, clean(strings.NewReader(tc.data), tc.codec, 0, int64(len(tc.data))), "%s %.20q", tc.codec, tc.data)
		assert.False(t, clean(strings.NewReader(""), tc.codec, 0, 1000), "a file that has become shorter")
	}
}
