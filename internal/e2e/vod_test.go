package e2e

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// filesOnDemand says of each shared file how its samples compare with what ffprobe sees.
var filesOnDemand = map[string]onDemand{
	"mp4/bbb_800x640_768kbps_30fps_avc_2b_firstpts_10_sec.mp4":       {},
	"mp4/bbb_800x640_768kbps_30fps_avc_pyramid_3b.mp4":               {},
	"mp4/bbb_prog_10s.mp4":                                           {},
	"mp4/edit_list_positive_shift.mp4":                               {},
	"mp4/fragmented_captions.mp4":                                    {},
	"mp4/h265_bframes.mp4":                                           {},
	"mp4/iibbibb_editlist_videoonly.mp4":                             {},
	"mp4/long_1080p_av1.mp4":                                         {},
	"mp4/long_1080p_lowbitrate.mp4":                                  {},
	"mp4/prog_8s.mp4":                                                {},
	"mp4/sample_ac3.mp4":                                             {},
	"mp4/sample_audio_only_15s.mp4":                                  {},
	"mp4/sample_eac3.mp4":                                            {},
	"mp4/sample_edit_list.mp4":                                       {apart: 0.012}, // its edit begins within a frame, which ffprobe puts at 0
	"mp4/sample_opus.mp4":                                            {},
	"mp4/sample_portrait.mp4":                                        {},
	"mp4/sample_shorter_audio.mp4":                                   {},
	"mp4/sample_video_only.mp4":                                      {},
	"mp4/sample_with_increasing_timestamps_320w_240h_fragmented.mp4": {},

	"audio/200kB-garbage-prefix.mp3":                  {garbage: 200_000},
	"audio/bear-id3.mp3":                              {frames: 117}, // ffprobe takes the byte behind them for one more
	"audio/bear-vbr-xing-header.mp3":                  {},
	"audio/bear.flac":                                 {},
	"audio/bear_no_seek_table.flac":                   {},
	"audio/test-cbr-info-header-trailing-garbage.mp3": {frames: 40}, // ffprobe takes what is behind them for one more
}

// onDemand is what is known of a file where ffprobe does not tell.
type onDemand struct {
	apart   float64 // how far sound and pictures may be moved against each other, in seconds
	frames  int     // how many frames there are of all that ffprobe shows, one after the other; 0: all
	garbage int     // bytes before the first frame that ffprobe must not see
}

// onShelf is a server with the shared media as a library.
func onShelf(t testing.TB, more string) *server {
	t.Helper()
	root := filepath.Dir(filepath.Dir(sharedMedia(t, "mp4/bbb_prog_10s.mp4")))
	return start(t, settings{channels: "  live: {dvr: 60s}\n", more: fmt.Sprintf(
		"vod: {sites: {shared: {url: \"file:%s\"}}, libraries: {shared: {sites: [shared]}}}\n%s", root, more)})
}

// shelved is the name of a shared file as an asset.
func shelved(name string) string { return "vod/shared~" + strings.ReplaceAll(name, "/", "~") }

// Every sample of every shared file comes out once, bit-exact, at its time, in HLS and DASH.
func TestFilesOnDemand(t *testing.T) {
	t.Parallel()
	need(t, "ffprobe")
	srv := onShelf(t, "")
	for name, known := range filesOnDemand {
		t.Run(strings.ReplaceAll(name, "/", "_"), func(t *testing.T) {
			t.Parallel()
			file := sharedMedia(t, name)
			of := *srv
			of.t = t
			if known.garbage > 0 {
				data, err := os.ReadFile(file)
				require.NoError(t, err)
				file = filepath.Join(t.TempDir(), filepath.Base(file))
				require.NoError(t, os.WriteFile(file, data[known.garbage:], 0o600))
			}
			want := form{}
			for kind, track := range map[string]string{"Video": "v1", "audio": "a1"} {
				if expected := packets(t, file, kind); len(expected) > 0 {
					want[track] = expected
				}
			}
			tracks := slices.Collect(maps.Keys(want))
			inHLS, ok := of.inHLS(shelved(name), tracks...)
			require.True(t, ok)
			inDASH, ok := of.inDASH(shelved(name))
			require.True(t, ok)
			require.Equal(t, inHLS, inDASH)
			require.Len(t, inHLS, len(want))
			offset := math.NaN()
			for track, expected := range want {
				got := inHLS[track]
				if known.frames > 0 {
					require.Len(t, got, known.frames)
					first := slices.IndexFunc(expected, func(p packet) bool { return p.hash == got[0].hash })
					require.GreaterOrEqual(t, first, 0)
					expected = expected[first : first+known.frames]
				}
				// Of sound before the beginning of an edit list there is what a decoder needs.
				for len(expected) > len(got) && expected[0].pts < 0 {
					expected = expected[1:]
				}
				by := requireSamePackets(t, expected, got)
				if math.IsNaN(offset) {
					offset = by
				}
				require.InDelta(t, offset, by, max(0.0021, known.apart), track)
			}
		})
	}
}

// Broken files are told of in words, and the server goes on.
func TestBrokenFilesOnDemand(t *testing.T) {
	t.Parallel()
	srv := onShelf(t, "")
	for name, want := range map[string]string{
		"sample_empty_track.mp4":          "",
		"sample_malformed_free_box.mp4":   "free",
		"sample_mdat_too_long.mp4":        "",
		"sample_missing_stsd.mp4":         "no sample description",
		"sample_partially_fragmented.mp4": "",
		"sample_with_invalid_nalu.mp4":    "",
		"sample_without_stss.mp4":         "",
	} {
		for _, manifest := range []string{"/index.m3u8", "/manifest.mpd"} {
			status, body := srv.get("/" + shelved("mp4/broken/"+name) + manifest)
			if want == "" {
				require.Equal(t, 200, status, "%s: %s", name, body)
				continue
			}
			require.Equal(t, http.StatusUnprocessableEntity, status, name)
			require.Contains(t, string(body), want, name)
		}
	}
	for _, name := range []string{"README.md", "mp4/none.mp4", "../go.mod", ".."} {
		status, _ := srv.get("/" + shelved(name) + "/index.m3u8")
		require.Contains(t, []int{400, 404, 422}, status, name)
	}
	status, body := srv.get("/" + shelved("mp4") + "/index.m3u8")
	require.Equal(t, http.StatusBadGateway, status)
	require.NotContains(t, string(body), "/", "no path of the server")
	status, _ = srv.get("/" + shelved("mp4/bbb_prog_10s.mp4") + "/index.m3u8")
	require.Equal(t, 200, status)
}

// seeks is how many random seeks are made; 100 with WEIR_SEEKS=100: each decodes up to ten seconds of pictures, twice.
func seeks(t testing.TB) int {
	t.Helper()
	if asked := os.Getenv("WEIR_SEEKS"); asked != "" {
		return int(number(t, asked))
	}
	return 16
}

// A player that seeks sees what ffmpeg sees in the file at that time, in HLS and DASH in turns.
func TestSeekOnDemand(t *testing.T) {
	t.Parallel()
	need(t, "ffmpeg", "ffprobe")
	const name = "mp4/long_1080p_lowbitrate.mp4"
	file := sharedMedia(t, name)
	srv := onShelf(t, "")
	frames := packets(t, file, "video")
	slices.SortFunc(frames, func(a, b packet) int { return cmp.Compare(a.pts, b.pts) })
	random := rand.New(rand.NewPCG(1, 2))
	for i := range seeks(t) {
		n := 1 + random.IntN(len(frames)-1)
		at := strconv.FormatFloat((frames[n-1].pts+frames[n].pts)/2, 'f', 6, 64) // the first frame from there on is n
		manifest := []string{"index.m3u8", "manifest.mpd"}[i%2]
		want := decoded(t, at, file)
		require.NotEmpty(t, want)
		require.Equal(t, want, decoded(t, at, srv.url("/"+shelved(name)+"/"+manifest+"?tracks=v1")), "%s at %s s", manifest, at)
	}
}

// decoded is the MD5 of the first picture from that time on, as ffmpeg decodes it.
func decoded(t testing.TB, at, input string) string {
	t.Helper()
	out, err := exec.Command("ffmpeg", "-v", "error", "-nostdin", "-ss", at, "-i", input, "-map", "0:v:0", "-frames:v", "1", "-f", "md5", "-").Output()
	require.NoError(t, err)
	return string(out)
}
