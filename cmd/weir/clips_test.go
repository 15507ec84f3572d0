package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/testmedia"
)

// fetch sends a request and gives status and body.
func fetch(t *testing.T, method, url, body string) (int, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, got
}

// kept is a clip as the API tells it.
type kept struct {
	ID, HLS, DASH, Download string
	Tracks                  []struct{ Name, Kind string }
}

// sources are the files that channels are fed from: the demo, and what there is of the test media.
func sources(t *testing.T) map[string]string {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	all := map[string]string{"demo": filepath.Join(root, "testdata", "demo.mp4")}
	for id, name := range map[string]string{"pyramid": "bbb_800x640_768kbps_30fps_avc_pyramid_3b.mp4", "opus": "sample_opus.mp4"} {
		path, ok := testmedia.Path("mp4/" + name)
		if !ok {
			t.Logf("test media is absent: no %s (set WEIR_MEDIA)", path)
			continue
		}
		all[id] = path
	}
	return all
}

func TestClipOutlivesKillAndChannel(t *testing.T) {
	t.Parallel()
	from := sources(t)
	channels := "\n"
	for id, path := range from {
		channels += fmt.Sprintf("  %s: {source: %q}\n", id, "file:"+path)
	}
	file := configuration(t, "")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, bytes.Replace(text, []byte(" {live: {}}\n"), []byte(channels), 1), 0o600))
	server, said := start(t, "serve", "--config", file)
	admin, players := "http://"+address(t, said, "admin"), "http://"+address(t, said, "players")

	clips, downloads := make(map[string]kept), make(map[string][]byte)
	for id := range from {
		clips[id] = keep(t, admin, id)
		status, mp4 := fetch(t, http.MethodGet, admin+clips[id].Download, "")
		require.Equal(t, 200, status)
		downloads[id] = mp4
		comparePackets(t, players, id, clips[id], mp4)
	}
	require.NoError(t, server.Process.Kill())
	_ = server.Wait()

	_, said = start(t, "serve", "--config", file)
	admin, players = "http://"+address(t, said, "admin"), "http://"+address(t, said, "players")
	for id, c := range clips {
		status, _ := fetch(t, http.MethodDelete, admin+"/api/v1/channels/"+id, "")
		require.Equal(t, 204, status)
		status, mp4 := fetch(t, http.MethodGet, admin+c.Download, "")
		require.Equal(t, 200, status)
		require.True(t, bytes.Equal(downloads[id], mp4), id)
		for _, path := range []string{c.HLS, c.DASH} {
			status, _ := fetch(t, http.MethodGet, players+path, "")
			require.Equal(t, 200, status, path)
		}
		status, _ = fetch(t, http.MethodDelete, admin+"/api/v1/clips/"+c.ID, "")
		require.Equal(t, 204, status)
		status, _ = fetch(t, http.MethodGet, players+c.HLS, "")
		require.Equal(t, 404, status)
	}
}

// keep makes a clip of a channel once it has two rows or more.
func keep(t *testing.T, admin, id string) kept {
	t.Helper()
	var channel struct{ Oldest, Newest time.Time }
	require.Eventually(t, func() bool {
		status, body := fetch(t, http.MethodGet, admin+"/api/v1/channels/"+id, "")
		return status == 200 && json.Unmarshal(body, &channel) == nil && channel.Newest.Sub(channel.Oldest) > 3*time.Second
	}, time.Minute, 50*time.Millisecond, "channel %s has no window", id)
	ask := fmt.Sprintf(`{"start":%q,"end":%d.5,"name":"of %s"}`, channel.Oldest.Format(time.RFC3339Nano), channel.Oldest.Unix()+2, id)
	status, body := fetch(t, http.MethodPost, admin+"/api/v1/channels/"+id+"/clips", ask)
	require.Equal(t, 201, status, "%s", body)
	var c kept
	require.NoError(t, json.Unmarshal(body, &c))
	return c
}

// comparePackets holds the MP4 against the channel's live segments, as ffprobe reads both: each packet's bytes and times, and what the
// tracks are apart. ffmpeg decodes it without a word.
func comparePackets(t *testing.T, players, id string, c kept, mp4 []byte) {
	t.Helper()
	if _, err := exec.LookPath("ffprobe"); err != nil {
		t.Log("ffprobe is not there: packets are not compared")
		return
	}
	dir := t.TempDir()
	clip := filepath.Join(dir, "clip.mp4")
	require.NoError(t, os.WriteFile(clip, mp4, 0o600))
	said, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-i", clip, "-map", "0", "-f", "null", "-").CombinedOutput()
	require.NoError(t, err, "%s", said)
	require.Empty(t, string(said), id)
	var origin float64
	for i, track := range c.Tracks {
		_, list := fetch(t, http.MethodGet, players+strings.Replace(c.HLS, "index.m3u8", track.Name+"/index.m3u8", 1), "")
		live := []byte(nil)
		for _, name := range append(regexp.MustCompile(`init-\d+\.mp4`).FindAllString(string(list), 1),
			regexp.MustCompile(`(?m)^\d+\.m4s$`).FindAllString(string(list), -1)...) {
			status, segment := fetch(t, http.MethodGet, players+"/live/"+id+"/"+track.Name+"/"+name, "")
			require.Equal(t, 200, status)
			live = append(live, segment...)
		}
		file := filepath.Join(dir, track.Name+".mp4")
		require.NoError(t, os.WriteFile(file, live, 0o600))
		want, got := packets(t, file, track.Kind), packets(t, clip, track.Kind)
		require.Len(t, got, len(want), track.Name)
		if i == 0 {
			origin = want[0].seconds - got[0].seconds
		}
		for k := range want {
			require.Equal(t, want[k].Hash, got[k].Hash, "%s %s: packet %d", id, track.Name, k)
			require.Equal(t, want[k].Flags, got[k].Flags, "%s %s: packet %d", id, track.Name, k)
			require.Equal(t, want[k].PTS-want[0].PTS, got[k].PTS-got[0].PTS, "%s %s: packet %d", id, track.Name, k)
			require.Equal(t, want[k].DTS-want[0].DTS, got[k].DTS-got[0].DTS, "%s %s: packet %d", id, track.Name, k)
			require.InDelta(t, origin, want[k].seconds-got[k].seconds, 2.0/44100, "%s %s: packet %d", id, track.Name, k)
		}
	}
}

// packet is a packet as ffprobe tells it.
type packet struct {
	Hash     string `json:"data_hash"`
	Flags    string
	PTS, DTS int64
	Time     string `json:"pts_time"`
	seconds  float64
}

// packets are those of the only track of a kind.
func packets(t *testing.T, file, kind string) []packet {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-select_streams", kind[:1]+":0", "-show_packets",
		"-show_data_hash", "md5", "-of", "json", file).Output()
	require.NoError(t, err)
	var all struct{ Packets []packet }
	require.NoError(t, json.Unmarshal(out, &all))
	for i := range all.Packets {
		p := &all.Packets[i]
		_, err := fmt.Sscan(p.Time, &p.seconds)
		require.NoError(t, err)
	}
	require.NotEmpty(t, all.Packets)
	return all.Packets
}
