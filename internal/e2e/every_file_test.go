package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// filesInPlayers are the shared files with what there is in them to be played, and what keeps which player from it.
var filesInPlayers = map[string]inPlayers{
	"mp4/bbb_800x640_768kbps_30fps_avc_2b_firstpts_10_sec.mp4":       {kinds: "video"},
	"mp4/bbb_800x640_768kbps_30fps_avc_pyramid_3b.mp4":               {kinds: "video"},
	"mp4/bbb_prog_10s.mp4":                                           {kinds: "video audio"},
	"mp4/edit_list_positive_shift.mp4":                               {kinds: "video audio"},
	"mp4/fragmented_captions.mp4":                                    {kinds: "video"},
	"mp4/h265_bframes.mp4":                                           {kinds: "video"},
	"mp4/iibbibb_editlist_videoonly.mp4":                             {kinds: "video", apart: 1},
	"mp4/long_1080p_av1.mp4":                                         {kinds: "video audio"},
	"mp4/long_1080p_lowbitrate.mp4":                                  {kinds: "video audio"}, // black throughout
	"mp4/prog_8s.mp4":                                                {kinds: "video audio"},
	"mp4/sample_ac3.mp4":                                             {kinds: "audio", decoder: `expacc|error decoding|corrupt decoded frame`}, // of the file as well
	"mp4/sample_audio_only_15s.mp4":                                  {kinds: "audio"},
	"mp4/sample_eac3.mp4":                                            {kinds: "audio"},
	"mp4/sample_edit_list.mp4":                                       {kinds: "video audio"},
	"mp4/sample_opus.mp4":                                            {kinds: "audio"},
	"mp4/sample_portrait.mp4":                                        {kinds: "video audio"},
	"mp4/sample_shorter_audio.mp4":                                   {kinds: "video audio", shorter: "shaka-hls"},
	"mp4/sample_video_only.mp4":                                      {kinds: "video"},
	"mp4/sample_with_increasing_timestamps_320w_240h_fragmented.mp4": {kinds: "video audio"},

	"audio/200kB-garbage-prefix.mp3":                  {kinds: "audio"},
	"audio/bear-id3.mp3":                              {kinds: "audio"},
	"audio/bear-vbr-xing-header.mp3":                  {kinds: "audio"},
	"audio/bear.flac":                                 {kinds: "audio"},
	"audio/bear_no_seek_table.flac":                   {kinds: "audio"},
	"audio/test-cbr-info-header-trailing-garbage.mp3": {kinds: "audio"},
}

// inPlayers is what is known of a file. What a browser has no decoder for (HEVC, AC-3, E-AC-3, MP3 in MP4) it says itself.
type inPlayers struct {
	kinds   string
	apart   float64 // seconds from one picture to the next, where that is long
	shorter string  // the player in a browser that takes the end of the shorter track for that of the asset
	decoder string  // pattern of what ffmpeg's decoder says of the file
}

// Every shared file plays and seeks on demand in browsers, ffmpeg and GStreamer. In browsers each plays in one player, another one each, or
// with WEIR_PLAYERS=all in all of them.
func TestEveryFilePlays(t *testing.T) { realtime(t, everyFilePlays) }

func everyFilePlays(t *attempt) {
	srv := onShelf(t, "", "")
	t.RunAll(map[string]func(*attempt){
		"browser": func(t *attempt) { everyFileInBrowser(t, srv) },
		"native": func(t *attempt) {
			t.Run("ffmpeg", func(t *attempt) { everyFileInFFmpeg(t, srv) })
			t.Run("gstreamer", func(t *attempt) { everyFileInGStreamer(t, srv) })
		},
	})
}

// inBrowser is a file as play.mjs --table takes it, and what it answers.
type inBrowser struct {
	Asset      string   `json:"asset"`
	Player     string   `json:"player"`
	Kinds      []string `json:"kinds"`
	Shorter    bool     `json:"shorter,omitempty"`
	Slow       bool     `json:"slow,omitempty"`
	Screenshot string   `json:"screenshot,omitempty"`

	OK       bool     `json:"ok,omitempty"`
	Problems []string `json:"problems,omitempty"`
	Told     string   `json:"told,omitempty"` // what the page says where the browser has no decoder
}

// everyFileInBrowser plays all in one browser, one page after the other. What the browser has no decoder for, the page says so.
func everyFileInBrowser(t *attempt, srv *server) {
	need(t, "node", "chromium")
	var tasks bytes.Buffer
	var expected []inBrowser
	for i, name := range slices.Sorted(maps.Keys(filesInPlayers)) {
		for j, player := range browserPlayers {
			if i%len(browserPlayers) != j && os.Getenv("WEIR_PLAYERS") != "all" {
				continue
			}
			known := filesInPlayers[name]
			task := inBrowser{
				Asset: strings.TrimPrefix(shelved(name), "vod/"), Player: player, Kinds: strings.Fields(known.kinds), Shorter: known.shorter == player, Slow: known.apart > 0,
			}
			if picture := artifact(t, player+"-"+filepath.Base(name)+".png"); picture != nil {
				task.Screenshot = picture[1]
			}
			line, err := json.Marshal(task)
			require.NoError(t, err)
			tasks.Write(append(line, '\n'))
			expected = append(expected, task)
		}
	}
	cmd := harness(srv, "", "", "--table", "--start", "30", "--seconds", "2")
	cmd.Stdin = &tasks
	said := &syncBuffer{}
	cmd.Stderr = said
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	late := time.AfterFunc(20*time.Minute, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	answers := bufio.NewScanner(stdout)
	answers.Buffer(nil, 1<<20)
	played := 0
	for _, task := range expected {
		if !answers.Scan() {
			break
		}
		var answer inBrowser
		if err := json.Unmarshal(answers.Bytes(), &answer); err != nil || !answer.OK || answer.Asset != task.Asset {
			t.Errorf("%s in %s: %s", task.Asset, task.Player, answers.Bytes())
			continue
		}
		t.Logf("%s", answers.Bytes())
		if answer.Told == "" {
			played++
		}
	}
	err = cmd.Wait()
	require.NoError(t, err, said)
	require.GreaterOrEqual(t, played, len(expected)/2, "there is nothing wrong with this browser")
}
