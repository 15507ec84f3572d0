package e2e

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// imagesIn is what an image playlist says.
type imagesIn struct {
	width, height, columns, rows, interval int
	sheets                                 []string // URLs
	length                                 float64  // of all of them, in seconds
}

// images reads the image playlist that an asset's multivariant playlist names.
func (s *server) images(asset string) (in imagesIn) {
	s.t.Helper()
	status, list := s.get("/" + asset + "/index.m3u8")
	require.Equal(s.t, 200, status)
	_, uri, ok := strings.Cut(string(list), "#EXT-X-IMAGE-STREAM-INF:")
	require.True(s.t, ok, string(list))
	_, uri, _ = strings.Cut(uri, `URI="`)
	uri, _, _ = strings.Cut(uri, `"`)
	status, list = s.get("/" + asset + "/" + uri)
	require.Equal(s.t, 200, status)
	for line := range strings.Lines(string(list)) {
		line = strings.TrimSpace(line)
		if tiles, ok := strings.CutPrefix(line, "#EXT-X-TILES:"); ok {
			_, err := fmt.Sscanf(tiles, "RESOLUTION=%dx%d,LAYOUT=%dx%d,DURATION=%d", &in.width, &in.height, &in.columns, &in.rows, &in.interval)
			require.NoError(s.t, err)
		} else if lasts, ok := strings.CutPrefix(line, "#EXTINF:"); ok {
			in.length += number(s.t, strings.TrimSuffix(lasts, ","))
		} else if !strings.HasPrefix(line, "#") {
			in.sheets = append(in.sheets, path.Join("/"+asset, path.Dir(uri), line))
		}
	}
	return in
}

// sheet fetches a sheet of thumbnails.
func (s *server) sheet(url string, in *imagesIn) image.Image {
	s.t.Helper()
	status, data := s.get(url)
	require.Equal(s.t, 200, status, url)
	sheet, err := jpeg.Decode(bytes.NewReader(data))
	require.NoError(s.t, err)
	require.Equal(s.t, image.Rect(0, 0, in.columns*in.width, in.rows*in.height), sheet.Bounds())
	return sheet
}

// drawFilm makes a film of two minutes in which no two seconds look alike, with a key frame every two seconds.
func drawFilm(t testing.TB, file string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=120", "-f", "lavfi",
		"-i", "sine=duration=120", "-vf", "hue=h=33*floor(t)", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "50", "-c:a", "aac", file).CombinedOutput()
	require.NoError(t, err, string(out))
}

// keyFrames are the key frames of a file as ffmpeg decodes them, in RGB.
func keyFrames(t testing.TB, file string, width, height int) (all [][]byte) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-nostdin", "-skip_frame", "nokey", "-i", file, "-fps_mode", "passthrough",
		"-vf", fmt.Sprintf("scale=%d:%d:flags=bicubic", width, height), "-pix_fmt", "rgb24", "-f", "rawvideo", "-").Output()
	require.NoError(t, err)
	for one := range slices.Chunk(out, 3*width*height) {
		all = append(all, one)
	}
	return all
}

// psnr compares thumbnail k of a sheet with a picture, in dB.
func psnr(sheet image.Image, in *imagesIn, k int, want []byte) float64 {
	left, top, sum := k%in.columns*in.width, k/in.columns*in.height, 0.0
	for i := range in.width * in.height {
		r, g, b, _ := sheet.At(left+i%in.width, top+i/in.width).RGBA()
		for c, v := range []uint32{r, g, b} {
			d := float64(v>>8) - float64(want[3*i+c])
			sum += d * d
		}
	}
	return 10 * math.Log10(255*255/(sum/float64(3*in.width*in.height)))
}

// Each thumbnail of an asset is the key frame that ffmpeg finds in the file for its time, and is more like that than like any other.
func TestThumbnails(t *testing.T) {
	t.Parallel()
	need(t, "ffmpeg")
	dir := t.TempDir()
	drawFilm(t, filepath.Join(dir, "film.mp4"))
	data, err := os.ReadFile(filepath.Join(dir, "film.mp4"))
	require.NoError(t, err)
	at := bytes.Index(data, []byte("mdat")) + 4
	clear(data[at : bytes.Index(data, []byte("moov"))-4])
	require.NoError(t, os.WriteFile(filepath.Join(dir, "broken.mp4"), data, 0o600))
	srv := start(t, settings{channels: "  live: {dvr: 60s}\n", more: fmt.Sprintf("vod: {sites: {own: {url: \"file:%s\"}}, libraries: {own: {sites: [own]}}}\n", dir)})
	in := srv.images("vod/own~film.mp4")
	require.InDelta(t, 120, in.length, 0.1)
	require.Len(t, in.sheets, 2)
	keys := keyFrames(t, filepath.Join(dir, "film.mp4"), in.width, in.height)
	require.Len(t, keys, 60)
	var pictures [][]byte
	for at := 0; at < 120; at += in.interval {
		pictures = append(pictures, keys[at/2])
	}
	a := in.columns * in.rows
	for n, url := range in.sheets {
		sheet := srv.sheet(url, &in)
		for k := range min(a, len(pictures)-n*a) {
			own := psnr(sheet, &in, k, pictures[n*a+k])
			require.Greater(t, own, 25.0, "thumbnail %d of sheet %d", k, n+1)
			for other := range pictures {
				if other != n*a+k {
					require.Less(t, psnr(sheet, &in, k, pictures[other]), own, "thumbnail %d of sheet %d, picture %d", k, n+1, other)
				}
			}
		}
	}
	for path, want := range map[string]int{
		"film.mp4/i1/3.jpg": 404, "film.mp4/i1/999999.jpg": 404, "film.mp4/i1/0.jpg": 404, "film.mp4/i2/1.jpg": 404,
		"broken.mp4/i1/1.jpg": http.StatusUnprocessableEntity, "broken.mp4/index.m3u8": 200, "film.mp4/i1/1.jpg": 200,
		"film.mp4/i1/index.m3u8?tracks=v1": 200, "film.mp4/i1/index.m3u8?start=50": 404,
	} {
		status, body := srv.get("/vod/own~" + path)
		require.Equal(t, want, status, "%s: %.200q", path, body)
	}
	for query, want := range map[string]bool{"": true, "?tracks=v1": true, "?tracks=a1": false, "?start=50": false, "?end=50": true} {
		_, list := srv.get("/vod/own~film.mp4/index.m3u8" + query)
		require.Equal(t, want, bytes.Contains(list, []byte("EXT-X-IMAGE-STREAM-INF")), "%s: %s", query, list)
		_, doc := srv.get("/vod/own~film.mp4/manifest.mpd" + query)
		require.Equal(t, want, bytes.Contains(doc, []byte(`contentType="image"`)), "%s: %s", query, doc)
	}
}

// Whatever the pictures are, their sheets have the size that is told, and so ffprobe sees it.
func TestThumbnailsOfSharedFiles(t *testing.T) {
	t.Parallel()
	need(t, "ffmpeg", "ffprobe")
	srv := onShelf(t, "", "")
	for _, name := range []string{
		"long_1080p_lowbitrate", "long_1080p_av1", "h265_bframes", "sample_portrait", "sample_edit_list", "iibbibb_editlist_videoonly",
		"sample_with_increasing_timestamps_320w_240h_fragmented",
	} {
		in := srv.images(shelved("mp4/" + name + ".mp4"))
		require.NotEmpty(t, in.sheets)
		for _, url := range in.sheets {
			srv.sheet(url, &in)
		}
		out, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-show_entries", "stream=width,height,codec_name", "-of", "csv=p=0", srv.url(in.sheets[0])).CombinedOutput()
		require.NoError(t, err, string(out))
		require.Equal(t, fmt.Sprintf("mjpeg,%d,%d", in.columns*in.width, in.rows*in.height), strings.TrimSpace(string(out)))
	}
}
