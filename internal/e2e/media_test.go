package e2e

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/testmedia"
)

// sharedFiles says of each shared file what happens when ffmpeg pushes it by RTMP as it is: "" for a file that plays, sample by
// sample, else what is said to the broadcaster. FLV as the Debian ffmpeg writes it carries H.264, AAC and MP3 only.
// In "edit_list_positive_shift" sound begins a second before the picture: more than 250 ms of that is left out, and counted.
var sharedFiles = map[string]string{
	"flv/avatar.flv": "",
	"flv/bbb.flv":    "",

	"mp4/bbb_800x640_768kbps_30fps_avc_2b_firstpts_10_sec.mp4":       "",
	"mp4/bbb_800x640_768kbps_30fps_avc_pyramid_3b.mp4":               "",
	"mp4/bbb_prog_10s.mp4":                                           "",
	"mp4/edit_list_positive_shift.mp4":                               "",
	"mp4/fragmented_captions.mp4":                                    "",
	"mp4/h265_bframes.mp4":                                           notInFLV,
	"mp4/iibbibb_editlist_videoonly.mp4":                             "",
	"mp4/long_1080p_av1.mp4":                                         notInFLV,
	"mp4/long_1080p_lowbitrate.mp4":                                  "",
	"mp4/prog_8s.mp4":                                                "",
	"mp4/sample_ac3.mp4":                                             notInFLV,
	"mp4/sample_audio_only_15s.mp4":                                  "",
	"mp4/sample_eac3.mp4":                                            notInFLV,
	"mp4/sample_edit_list.mp4":                                       notInFLV,
	"mp4/sample_opus.mp4":                                            notInFLV,
	"mp4/sample_portrait.mp4":                                        "",
	"mp4/sample_shorter_audio.mp4":                                   "",
	"mp4/sample_video_only.mp4":                                      "",
	"mp4/sample_with_increasing_timestamps_320w_240h_fragmented.mp4": "",

	"ts/bbb_2500ms.ts":                            notInFLV,
	"ts/h264_aac_scte35_80s.ts":                   "",
	"ts/sample_ac3.ts":                            notInFLV,
	"ts/sample_eac3.ts":                           notInFLV,
	"ts/sample_h264_mpeg_audio.ts":                notInFLV,
	"ts/sample_h264_no_access_unit_delimiters.ts": "",
	"ts/sample_h265.ts":                           notInFLV,
	"ts/sample_latm.ts":                           notInFLV,
	"ts/sample_scte35.ts":                         notInFLV,
}

// notInFLV is what ffmpeg says of codecs that it cannot put into FLV.
const notInFLV = `(?i)not compatible with flv|incompatible with output codec|not supported|unsupported`

// Every shared file plays, or is refused in words that say why. The first 12 s of each are pushed.
func TestSharedMediaPlaysOrIsRefused(t *testing.T) {
	t.Parallel()
	realtime(t, sharedMediaPlaysOrIsRefused)
}

func sharedMediaPlaysOrIsRefused(t *attempt) {
	need(t, "ffmpeg", "ffprobe")
	names := make([]string, 0, len(sharedFiles))
	var channels strings.Builder
	for name := range sharedFiles {
		names = append(names, name)
	}
	sort.Strings(names)
	for i := range names {
		fmt.Fprintf(&channels, "  m%d: {dvr: 60s}\n", i)
	}
	srv := start(t, settings{channels: channels.String()})
	parts := map[string]func(*attempt){}
	for i, name := range names {
		parts[strings.ReplaceAll(name, "/", "_")] = func(t *attempt) {
			channel := fmt.Sprintf("m%d", i)
			remux := []string{"-i", testmedia.File(t, name), "-t", "12", "-map", "0:v:0?", "-map", "0:a:0?", "-c", "copy", "-f", "flv"}
			feed := broadcast(t, append(append([]string{"-re"}, remux...), srv.push("/live/"+channel))...)
			select {
			case <-feed.ended:
			case <-time.After(2 * time.Minute):
				t.Fatal("the feed did not end")
			}
			if refusal := sharedFiles[name]; refusal != "" {
				require.Regexp(t, refusal, feed.output.String())
				require.NotZero(t, feed.cmd.ProcessState.ExitCode())
				return
			}
			pushed := filepath.Join(t.TempDir(), "pushed.flv")
			out, err := exec.Command("ffmpeg", append(append([]string{"-v", "error"}, remux...), pushed)...).CombinedOutput()
			require.NoError(t, err, string(out))
			want := sent{tracks: form{}, apart: 0.003}
			for kind, track := range map[string]string{"video": "v1", "audio": "a1"} {
				expected := packets(t, pushed, kind)
				if picture := packets(t, pushed, "video"); len(picture) > 0 {
					for len(expected) > 0 && expected[0].pts < picture[0].pts-0.25 {
						expected = expected[1:]
					}
				}
				if len(expected) > 0 {
					want.tracks[track] = expected
				}
			}
			srv.requireForms(t, channel, want)
		}
	}
	t.RunAll(parts)
}
