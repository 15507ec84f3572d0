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

	"weir/internal/testmedia"
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

// onShelf is a server with the shared media as a library, and more sites and sections of its configuration.
func onShelf(t testing.TB, sites, more string) *server {
	t.Helper()
	root := filepath.Dir(filepath.Dir(testmedia.File(t, "mp4/bbb_prog_10s.mp4")))
	return start(t, settings{channels: "  live: {dvr: 60s}\n", more: fmt.Sprintf(
		"vod:\n  libraries: {shared: {sites: [shared]}}\n  sites:\n    shared: {url: \"file:%s\"}\n%s%s", root, sites, more)})
}

// shelved is the name of a shared file as an asset.
func shelved(name string) string { return "vod/shared~" + strings.ReplaceAll(name, "/", "~") }

// Every sample of every shared file comes out once, bit-exact, at its time, in HLS and DASH.
func TestFilesOnDemand(t *testing.T) {
	t.Parallel()
	need(t, "ffprobe")
	srv := onShelf(t, "", "")
	for name, known := range filesOnDemand {
		t.Run(strings.ReplaceAll(name, "/", "_"), func(t *testing.T) {
			t.Parallel()
			file := testmedia.File(t, name)
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
	srv := onShelf(t, "", "")
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

// seeks is how many random seeks are made in a film; 100 with WEIR_SEEKS=100: each decodes some seconds of pictures.
func seeks(t testing.TB) int {
	t.Helper()
	if asked := os.Getenv("WEIR_SEEKS"); asked != "" {
		return int(number(t, asked))
	}
	return 6
}

// Who seeks, and fetches the segment that is listed for that time, sees what ffmpeg sees in the file at that time: in a film of a thousand
// different pictures, and in one with long GOPs.
func TestSeekOnDemand(t *testing.T) {
	t.Parallel()
	need(t, "ffmpeg", "ffprobe")
	dir := t.TempDir()
	pattern := filepath.Join(dir, "pattern.mp4")
	out, err := exec.Command("ffmpeg", strings.Fields("-v error -nostdin -f lavfi -i testsrc2=rate=25:size=320x180:duration=60 -f lavfi -i "+
		"sine=frequency=440:duration=60 -c:v libx264 -preset veryfast -bf 3 -g 70 -pix_fmt yuv420p -c:a aac "+pattern)...).CombinedOutput()
	require.NoError(t, err, string(out))
	srv := onShelf(t, fmt.Sprintf("    made: {url: \"file:%s\"}\n", dir), "assets: {pattern: {sites: [made], files: [pattern.mp4]}}\n")
	const long = "mp4/long_1080p_lowbitrate.mp4"
	for asset, file := range map[string]string{"vod/pattern": pattern, shelved(long): testmedia.File(t, long)} {
		frames := packets(t, file, "video")
		slices.SortFunc(frames, func(a, b packet) int { return cmp.Compare(a.pts, b.pts) })
		list, ok := srv.media(asset, "v1")
		require.True(t, ok)
		random := rand.New(rand.NewPCG(1, 2))
		seen, asked := map[string]bool{}, map[int]bool{}
		for range seeks(t) {
			n := 1 + random.IntN(len(frames)-1)
			at := (frames[n-1].pts + frames[n].pts) / 2 // the first picture from there on is n
			want := pictureAt(t, file, at, "-ss", strconv.FormatFloat(at, 'f', 6, 64))
			begins, segment := 0., 0
			for begins+list.segments[segment].duration <= frames[n].pts+0.002 && segment < len(list.segments)-1 {
				begins += list.segments[segment].duration
				segment++
			}
			got := pictureAt(t, srv.download(list.segments[segment:segment+1]), 3600+at, "-copyts")
			require.Equal(t, want, got, "%s at %.3f s, segment %d", asset, at, segment)
			seen[got], asked[n] = true, true
		}
		if file == pattern {
			require.Len(t, seen, len(asked), "they differ")
		}
	}
}

// pictureAt is the MD5 of the first picture from that time on, as ffmpeg decodes it; of input that was sought in, the first.
func pictureAt(t testing.TB, input string, at float64, options ...string) string {
	t.Helper()
	args := append(append([]string{"-v", "error", "-nostdin"}, options...), "-i", input, "-map", "0:v:0", "-vsync", "passthrough", "-f", "framemd5")
	if options[0] == "-ss" {
		args = append(args, "-frames:v", "1")
	}
	out, err := exec.Command("ffmpeg", append(args, "-")...).Output()
	require.NoError(t, err)
	scale := 1.
	for line := range strings.SplitSeq(string(out), "\n") {
		if base, ok := strings.CutPrefix(line, "#tb 0: "); ok {
			num, den, _ := strings.Cut(base, "/")
			scale = number(t, num) / number(t, den)
		}
		if fields := strings.Split(line, ","); len(fields) == 6 && line[0] != '#' {
			if options[0] == "-ss" || number(t, strings.TrimSpace(fields[2]))*scale >= at {
				return strings.TrimSpace(fields[5])
			}
		}
	}
	return "no picture"
}

// The queries of live manifests hold for assets, counted in seconds from the beginning.
func TestQueriesOnDemand(t *testing.T) {
	t.Parallel()
	need(t, "ffprobe")
	srv := onShelf(t, "", "")
	asset := shelved("mp4/long_1080p_lowbitrate.mp4")
	whole, ok := srv.media(asset, "v1")
	require.True(t, ok)
	for query, want := range map[string]func(list mediaPlaylist, text string){
		"?start=100&end=150": func(list mediaPlaylist, _ string) {
			require.InDelta(t, 50, list.seconds(), 2*8.4)
			require.InDelta(t, 100, mediaPlaylist{segments: whole.segments[:list.sequence]}.seconds(), 8.4)
		},
		"?at=75.5": func(_ mediaPlaylist, text string) {
			require.Contains(t, text, "#EXT-X-START:TIME-OFFSET=75.5,PRECISE=YES\n")
		},
		"": func(list mediaPlaylist, _ string) { require.Contains(t, list.segments[0].uri, "?v=") },
	} {
		list, ok := srv.mediaForm(asset, "v1", query)
		require.True(t, ok, query)
		_, text := srv.get("/" + asset + "/v1/index.m3u8" + query)
		require.Contains(t, string(text), "#EXT-X-ENDLIST\n", query)
		require.NotContains(t, string(text), "PROGRAM-DATE-TIME", query)
		want(list, string(text))
	}
	_, text := srv.get("/" + asset + "/index.m3u8?tracks=a1&at=3")
	require.NotContains(t, string(text), "v1/")
	require.Contains(t, string(text), "a1/index.m3u8?at=3\n")
	status, body := srv.get("/" + asset + "/index.m3u8?at=soon")
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, string(body), "at: ")
	status, _ = srv.get("/" + asset + "/v1/0.m4s?v=0123456789abcdef")
	require.Equal(t, http.StatusGone, status)
	_, doc := srv.get("/" + asset + "/manifest.mpd?start=100&end=150")
	require.Regexp(t, `mediaPresentationDuration="PT5\d`, string(doc))
}
