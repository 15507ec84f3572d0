package e2e

import (
	"encoding/json"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// soundRate is that of albums and of what is recorded of them, samples a second.
const soundRate = 48000

// albumCodec is a way in which an album is encoded: extension of its files, ffmpeg's encoder and sample format.
type albumCodec struct{ name, extension, encoder, format string }

var albumCodecs = []albumCodec{
	{"FLAC", "flac", "flac", "s16"},
	{"FLAC of 24 bits", "flac", "flac", "s32"},
	{"AAC", "m4a", "aac", "fltp"},
	{"Opus", "mp4", "libopus", "flt"},
}

// ffmpeg runs it.
func ffmpeg(t testing.TB, args ...string) {
	t.Helper()
	out, err := exec.Command("ffmpeg", append([]string{"-v", "error", "-nostdin"}, args...)...).CombinedOutput()
	require.NoError(t, err, string(out))
}

// listens runs sound.mjs, which listens to the page in a browser; out is what it says.
func listens(t testing.TB, srv *server, task, player string, out any, more ...string) {
	t.Helper()
	args := append([]string{"e2e/sound.mjs", task, "--url", "http://" + srv.players, "--player", player}, more...)
	cmd := exec.CommandContext(t.Context(), "node", args...)
	cmd.Dir = filepath.Join("..", "..", "web")
	cmd.Cancel = func() error { return cmd.Process.Kill() } // the browser sees its pipe close
	cmd.WaitDelay = 10 * time.Second
	said, err := cmd.Output()
	require.NoError(t, err, "%s", said)
	require.NoError(t, json.Unmarshal(said, out), "%s", said)
	t.Logf("%s %s: %s", player, strings.Join(more, " "), said)
}

// albums is a server with an album in each codec, of two tracks that one tone was cut into: that of web/e2e/tone.mjs. The border is that many
// seconds into it.
func albums(t testing.TB) (srv *server, border float64) {
	t.Helper()
	need(t, "ffmpeg")
	dir := t.TempDir()
	lengths := []int{289_003, 240_007} // samples; neither a multiple of a frame, nor of a millisecond
	var assets strings.Builder
	for i, codec := range albumCodecs {
		from := 0
		for track, n := range lengths {
			file := fmt.Sprintf("%d-%d.%s", i, track, codec.extension)
			at := fmt.Sprintf("(n+%d)/%d", from, soundRate)
			ffmpeg(t, "-f", "lavfi", "-i", fmt.Sprintf("aevalsrc=0.4*sin(2*PI*600*%[1]s-120*cos(2*PI*2.5*%[1]s)-645*cos(2*PI*0.31*%[1]s)):s=%[2]d", at, soundRate),
				"-af", fmt.Sprintf("atrim=end_sample=%d", n), "-c:a", codec.encoder, "-sample_fmt", codec.format, "-b:a", "160k", filepath.Join(dir, file))
			fmt.Fprintf(&assets, "  t%d-%d: {sites: [music], files: [%q]}\n", i, track, file)
			from += n
		}
		fmt.Fprintf(&assets, "  album%d: {tracks: [t%[1]d-0, t%[1]d-1]}\n", i)
	}
	more := fmt.Sprintf("vod: {sites: {music: {url: \"file:%s\"}}}\nassets:\n%s", dir, assets.String())
	return start(t, settings{more: more}), float64(lengths[0]) / soundRate
}

// heard is what is heard of a border between two tracks, ms.
type heard struct {
	Wrong  float64 // from where it ceases to be the tone to where it is the tone again
	Silent float64 // the longest silence
	Late   float64 // how much later the tone goes on behind it, below 0 where some of it is missing
	Speed  float64 // of the browser's clock of sound, by that of the machine
}

// gap is the worst of it, ms.
func (h heard) gap() float64 { return max(h.Wrong, h.Silent, math.Abs(h.Late)) }

// hearBorder plays the album of a codec across its border.
func hearBorder(t testing.TB, srv *server, album int, player string, border float64) (h heard) {
	t.Helper()
	listens(t, srv, "border", player, &h, "--asset", fmt.Sprintf("album%d", album), "--at", fmt.Sprint(border))
	return h
}

// From one track of an album to the next, what comes out of a browser differs from the tone that was cut into them for 25 ms at most: not at all for
// FLAC, for the frame that AAC encoders put before the music otherwise. BenchmarkStart tells of what is beyond that and not Weir's: Shaka puts the
// frame behind what was before in HLS, and Chromium does not cut off what Opus encoders put behind the music.
func TestBrowsersPlayAlbumsWithoutGap(t *testing.T) { realtime(t, browsersPlayAlbumsWithoutGap) }

func browsersPlayAlbumsWithoutGap(t *attempt) {
	need(t, "node", "chromium", "ffmpeg")
	srv, border := albums(t)
	for _, c := range []struct {
		codec   string
		atMost  float64 // ms
		players []string
	}{
		{"FLAC", 1, browserPlayers},
		{"FLAC of 24 bits", 1, []string{"hlsjs"}},
		{"AAC", 25, []string{"hlsjs", "dashjs", "shaka-dash"}},
	} {
		album := slices.IndexFunc(albumCodecs, func(codec albumCodec) bool { return codec.name == c.codec })
		for _, player := range c.players {
			t.Run(c.codec+"/"+player, func(t *attempt) {
				h := hearBorder(t, srv, album, player, border)
				require.LessOrEqual(t, h.gap(), c.atMost, "%+v", h)
			})
		}
	}
}

// BenchmarkStart is how soon a track sounds in a browser, with each player: from a click on it in the page's list, and from the begin of navigation to its
// address, to the first sample that is not silent, in ms, of 20 tracks each; and how long the border between two tracks of an album is wrong.
// The server has the beginnings of all tracks in memory, and the browser the page and its libraries.
func BenchmarkStart(b *testing.B) {
	need(b, "node", "chromium", "ffmpeg")
	for _, codec := range []struct{ name, extension, encoder string }{{"AAC", "m4a", "aac"}, {"FLAC", "flac", "flac"}} {
		srv, ids := shelf(b, codec.extension, codec.encoder)
		for _, player := range browserPlayers {
			b.Run("sound/"+codec.name+"/"+player, func(b *testing.B) {
				for b.Loop() {
					var s struct{ Clicked, Opened []float64 }
					listens(b, srv, "start", player, &s, "--quiet", "silence", "--assets", strings.Join(ids, ","))
					for name, ms := range map[string][]float64{"": s.Clicked, "-opened": s.Opened} {
						require.Len(b, ms, len(ids))
						slices.Sort(ms)
						for unit, at := range map[string]int{"p25": 4, "p50": 9, "p75": 14} {
							b.ReportMetric((ms[at]+ms[at+1])/2, "ms-"+unit+name)
						}
					}
				}
			})
		}
		srv.stop()
	}
	srv, border := albums(b)
	for i, codec := range albumCodecs {
		for _, player := range browserPlayers {
			b.Run("border/"+codec.name+"/"+player, func(b *testing.B) {
				for b.Loop() {
					h := hearBorder(b, srv, i, player, border)
					b.ReportMetric(h.Wrong, "ms-wrong")
					b.ReportMetric(h.Silent, "ms-silent")
					b.ReportMetric(h.Late, "ms-late")
				}
			})
		}
	}
}

// shelf is a server with 20 tracks of three minutes, whose beginnings it has in memory, and an asset that is silent.
func shelf(t testing.TB, extension, encoder string) (srv *server, ids []string) {
	t.Helper()
	dir := t.TempDir()
	for name, sound := range map[string]string{"song": "0.3*sin(2*PI*440*t)+0.1*random(0)|0.3*sin(2*PI*440*t)+0.1*random(1):d=180", "silence": "0|0:d=600"} {
		ffmpeg(t, "-f", "lavfi", "-i", "aevalsrc="+sound+":s=48000", "-c:a", encoder, "-b:a", "192k", filepath.Join(dir, name+"."+extension))
	}
	var assets strings.Builder
	fmt.Fprintf(&assets, "  silence: {sites: [music], files: [silence.%s]}\n", extension)
	for i := range 20 {
		ids = append(ids, fmt.Sprintf("song-%02d", i))
		fmt.Fprintf(&assets, "  %s: {sites: [music], files: [song.%s]}\n", ids[i], extension)
	}
	srv = start(t, settings{more: fmt.Sprintf("vod: {sites: {music: {url: \"file:%s\"}}}\nassets:\n%s", dir, assets.String())})
	for _, id := range ids {
		status, _ := srv.get("/vod/" + id + "/a1/0.m4s")
		require.Equal(t, 200, status)
	}
	return srv, ids
}
