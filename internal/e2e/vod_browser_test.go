package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// onShelves is a server with a film of 48 s, which is a member of a library and has a space in its name, and an asset that is its sound alone.
func onShelves(t testing.TB) *server {
	t.Helper()
	need(t, "ffmpeg")
	root := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(root, "2024"), 0o755))
	loop := []string{"-v", "error", "-nostdin", "-stream_loop", "1", "-i", filepath.Join("..", "..", "testdata", "demo.mp4"), "-c", "copy"}
	for _, output := range [][]string{{filepath.Join(root, "2024", "a film.mp4")}, {"-vn", filepath.Join(root, "song.m4a")}} {
		out, err := exec.Command("ffmpeg", append(loop, output...)...).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	return start(t, settings{channels: "  live: {dvr: 1m}\n", more: fmt.Sprintf(
		"vod: {sites: {shelf: {url: \"file:%s\"}}, libraries: {films: {sites: [shelf]}}}\n"+
			"assets: {song: {title: \"A song\", sites: [shelf], files: [song.m4a]}}\n", root)})
}

// Each player in a browser begins an asset where the page's address says, plays it, seeks, comes to its end, stays there, and plays it again.
func TestBrowsersPlayAssets(t *testing.T) { realtime(t, browsersPlayAssets) }

func browsersPlayAssets(t *attempt) {
	need(t, "node", "chromium", "ffmpeg")
	srv := onShelves(t)
	for _, player := range browserPlayers {
		t.Run("film/"+player, func(t *attempt) {
			options := append([]string{"--asset", "films~2024~a film.mp4", "--at", "21", "--seconds", "5", "--seek", "0.2", "--end"}, artifact(t, "film-"+player+".png")...)
			p := play(t, srv, "", player, options...)
			require.True(t, p.OK, p.Problems)
		})
	}
	t.Run("song", func(t *attempt) {
		options := append([]string{"--asset", "song", "--expect", "audio", "--seconds", "5", "--end"}, artifact(t, "song.png")...)
		p := play(t, srv, "", "shaka-hls", options...)
		require.True(t, p.OK, p.Problems)
	})
}
