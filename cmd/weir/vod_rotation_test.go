package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A film that a phone has made on its side stands upright: manifests have its size as it is displayed, ffmpeg turns it, and so are thumbnails.
func TestVodPackageOfATurnedFilm(t *testing.T) {
	t.Parallel()
	need(t, "ffmpeg")
	base := t.TempDir()
	ffmpeg := func(args string, more ...string) []byte {
		out, err := exec.CommandContext(t.Context(), "ffmpeg", append(strings.Fields("-v error -nostdin "+args), more...)...).Output()
		require.NoError(t, err)
		return out
	}
	upright := filepath.Join(base, "upright.mp4")
	// White on the left, black on the right.
	ffmpeg("-f lavfi -i color=white:s=320x180:r=10:d=3,drawbox=x=160:w=160:h=180:c=black:t=fill -c:v libx264 -preset ultrafast -g 10 -pix_fmt yuv420p", upright)
	const one, last = 1 << 16, 1 << 30
	for _, tc := range []struct {
		rotation, width, height int
		matrix                  [9]int32   // as phones write it
		white, black            [2]float64 // points of the picture, as parts of it
	}{
		{90, 180, 320, [9]int32{0, one, 0, -one, 0, 0, 180 << 16, 0, last}, [2]float64{0.5, 0.1}, [2]float64{0.5, 0.9}},
		{180, 320, 180, [9]int32{-one, 0, 0, 0, -one, 0, 320 << 16, 180 << 16, last}, [2]float64{0.9, 0.5}, [2]float64{0.1, 0.5}},
		{270, 180, 320, [9]int32{0, -one, 0, one, 0, 0, 0, 320 << 16, last}, [2]float64{0.5, 0.9}, [2]float64{0.5, 0.1}},
	} {
		film, dir := filepath.Join(base, fmt.Sprint(tc.rotation, ".mp4")), filepath.Join(base, fmt.Sprint(tc.rotation))
		data, err := os.ReadFile(upright)
		require.NoError(t, err)
		for i, v := range tc.matrix {
			binary.BigEndian.PutUint32(data[bytes.Index(data, []byte("tkhd"))+44+4*i:], uint32(v))
		}
		require.NoError(t, os.WriteFile(film, data, 0o600))
		c := &vodPackageCommand{Paths: []string{film, dir}, Segment: time.Second, Thumbnails: true, FFmpeg: "ffmpeg"}
		require.NoError(t, c.Run(t.Context()))
		for name, want := range map[string]string{
			"index.m3u8":   fmt.Sprintf("RESOLUTION=%dx%d", tc.width, tc.height),
			"manifest.mpd": fmt.Sprintf(`width="%d" height="%d"`, tc.width, tc.height),
		} {
			text, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			assert.Contains(t, string(text), want, name)
			frame := ffmpeg("-i "+filepath.Join(dir, name), strings.Fields("-frames:v 1 -pix_fmt gray -f rawvideo -")...)
			require.Len(t, frame, tc.width*tc.height)
			at := func(p [2]float64) byte {
				return frame[int(p[1]*float64(tc.height))*tc.width+int(p[0]*float64(tc.width))]
			}
			assert.Greater(t, at(tc.white), byte(200), "%s of %d", name, tc.rotation)
			assert.Less(t, at(tc.black), byte(50), "%s of %d", name, tc.rotation)
		}
		data, err = os.ReadFile(filepath.Join(dir, "i1", "1.jpg"))
		require.NoError(t, err)
		sheet, err := jpeg.Decode(bytes.NewReader(data))
		require.NoError(t, err)
		width, height := float64(sheet.Bounds().Dx())/5, float64(sheet.Bounds().Dy())/5
		assert.InDelta(t, float64(tc.width)/float64(tc.height), width/height, 0.02)
		bright := func(p [2]float64) uint32 {
			r, _, _, _ := sheet.At(int(p[0]*width), int(p[1]*height)).RGBA()
			return r >> 8
		}
		assert.Greater(t, bright(tc.white), uint32(200), "thumbnail of %d", tc.rotation)
		assert.Less(t, bright(tc.black), uint32(50), "thumbnail of %d", tc.rotation)

		inputs, err := openInputs(t.Context(), []string{film})
		require.NoError(t, err)
		title, err := titleOf(inputs, time.Second)
		require.NoError(t, err)
		var report bytes.Buffer
		require.NoError(t, inspect(inputs, title).writeText(&report))
		closeInputs(inputs)
		assert.Contains(t, report.String(), fmt.Sprintf("%d×%d, turned by %d° clockwise", tc.width, tc.height, tc.rotation))
	}
}
