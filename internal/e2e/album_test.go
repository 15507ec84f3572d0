package e2e

import (
	"encoding/xml"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// pcm is what ffmpeg decodes of an input: 16 bits a sample, one channel.
func pcm(t testing.TB, input string) []byte {
	t.Helper()
	out, err := exec.Command("ffmpeg", "-v", "error", "-nostdin", "-i", input, "-map", "0:a", "-ac", "1", "-f", "s16le", "-").Output()
	require.NoError(t, err, input)
	return out
}

// An album of three tracks, which one tone is cut into, is that tone again: through HLS to the sample, and in DASH each Period begins where the
// one before ends, with a sample of its own.
func TestAlbumOnDemand(t *testing.T) {
	t.Parallel()
	need(t, "ffmpeg")
	dir := t.TempDir()
	assets := ""
	lengths := []int{5*44100 + 123, 77_777, 44_101}
	from := 0
	var want []byte
	for i, n := range lengths {
		path := filepath.Join(dir, fmt.Sprintf("%d.flac", i))
		out, err := exec.Command("ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi",
			"-i", fmt.Sprintf("aevalsrc=0.4*sin(441*2*PI*(n+%d)/44100):s=44100", from), "-af", fmt.Sprintf("atrim=end_sample=%d", n), path).CombinedOutput()
		require.NoError(t, err, string(out))
		want = append(want, pcm(t, path)...)
		assets += fmt.Sprintf("  t%d: {sites: [music], files: [\"%d.flac\"]}\n", i, i)
		from += n
	}
	require.Len(t, want, 2*from)
	srv := start(t, settings{more: fmt.Sprintf("vod: {segment: 2s, sites: {music: {url: \"file:%s\"}}}\nassets:\n%s  album: {tracks: [t0, t1, t2]}\n", dir, assets)})

	require.True(t, string(want) == string(pcm(t, srv.url("/vod/album/index.m3u8"))), "the samples of all tracks, one behind the other")

	status, doc := srv.get("/vod/album/manifest.mpd")
	require.Equal(t, 200, status)
	var m mpd
	require.NoError(t, xml.Unmarshal(doc, &m))
	require.Len(t, m.Periods, len(lengths))
	at := int64(-1)
	for i, period := range m.Periods {
		require.Len(t, period.Sets, 1)
		line := period.Sets[0].Template
		require.EqualValues(t, 44100, line.Timescale)
		require.Equal(t, line.Offset, *line.Timeline[0].T)
		if at >= 0 {
			require.Equal(t, at, line.Offset, "Period %d", i)
		}
		at = line.Offset
		for _, entry := range line.Timeline {
			at += entry.D * int64(entry.R+1)
		}
		require.EqualValues(t, lengths[i], at-line.Offset)
	}
}
