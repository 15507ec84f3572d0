package main

import (
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVodPackageWritesThumbnails(t *testing.T) {
	t.Parallel()
	need(t, "ffmpeg")
	base := t.TempDir()
	dir := filepath.Join(base, "out")
	c := &vodPackageCommand{Paths: []string{demoFile(t), dir}, Segment: 2 * time.Second, Thumbnails: true, FFmpeg: "ffmpeg"}
	require.NoError(t, c.Run(t.Context()))
	f, err := os.Open(filepath.Join(dir, "i1", "1.jpg"))
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	sheet, err := jpeg.DecodeConfig(f)
	require.NoError(t, err)
	assert.Positive(t, sheet.Width*sheet.Height)
	for name, want := range map[string]string{"index.m3u8": "i1/index.m3u8", "i1/index.m3u8": "1.jpg", "manifest.mpd": "i1/$Number$.jpg"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Contains(t, string(text), want, name)
	}
	assert.NoFileExists(t, filepath.Join(dir, "i1", "2.jpg"))

	// Without what they are made by or of, nothing is written.
	c.Paths, c.FFmpeg = []string{demoFile(t), filepath.Join(base, "none")}, "no-such-ffmpeg"
	require.ErrorContains(t, c.Run(t.Context()), "--ffmpeg")
	sound := filepath.Join(base, "sound.m4a")
	require.NoError(t, exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-i", demoFile(t), "-vn", "-c", "copy", sound).Run())
	c.Paths, c.FFmpeg = []string{sound, filepath.Join(base, "none")}, "ffmpeg"
	require.ErrorContains(t, c.Run(t.Context()), "no pictures")
	require.NoDirExists(t, filepath.Join(base, "none"))
}
