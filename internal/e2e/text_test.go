package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/testmedia"
)

// subtitles pushes a WebVTT document to a channel.
func (s *server) subtitles(channel, language, document string) (status int, answer string) {
	s.t.Helper()
	status, body := fetch(s.t, http.MethodPut, "http://"+s.ingest+"/subtitles/"+channel+"/"+language, document)
	return status, strings.TrimSpace(string(body))
}

// A feed with two languages and two codecs of sound, and subtitles that are pushed beside it: one language that the channel is configured
// for, and one that comes by itself.
func TestLanguagesAndSubtitles(t *testing.T) {
	t.Parallel()
	realtime(t, languagesAndSubtitles)
}

func languagesAndSubtitles(t *attempt) {
	srv := start(t, settings{channels: "  live: {dvr: 60s, subtitles: [en]}\n"})
	status, answer := srv.subtitles("live", "en", "WEBVTT\n\n00:00.000 --> 00:01.000\nToo early\n")
	require.Equal(t, http.StatusConflict, status, answer)
	broadcast(t, "-re", "-f", "lavfi", "-i", "testsrc2=rate=25:size=320x180", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000",
		"-map", "0:v", "-map", "1:a", "-map", "1:a", "-map", "1:a", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p",
		"-c:a:0", "aac", "-c:a:1", "aac", "-c:a:2", "ac3", "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu",
		"-metadata:s:a:2", "language=eng", "-f", "mpegts", "-method", "POST", "http://"+srv.ingest+"/ts/live")
	srv.waitMedia("live", "t1", 2, time.Minute)
	_, index := srv.get("/live/live/index.m3u8")
	for _, want := range []string{
		`TYPE=AUDIO,GROUP-ID="audio-aac",NAME="en",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="1",URI="a1/index.m3u8"`,
		`TYPE=AUDIO,GROUP-ID="audio-aac",NAME="de",LANGUAGE="de",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="1",URI="a2/index.m3u8"`,
		`TYPE=AUDIO,GROUP-ID="audio-ac3",NAME="en",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="1",URI="a3/index.m3u8"`,
		`TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="en",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,URI="t1/index.m3u8"`,
		`mp4a.40.2,wvtt"`, `ac-3,wvtt"`, `AUDIO="audio-ac3",CLOSED-CAPTIONS=NONE,SUBTITLES="subtitles"`,
	} {
		require.Contains(t, string(index), want)
	}

	says := func(track, line string) func() bool {
		return func() bool {
			list, ok := srv.media("live", track)
			for _, s := range list.segments {
				if status, body := srv.get(s.uri); status == http.StatusOK && strings.Contains(string(body), line) {
					return ok
				}
			}
			return false
		}
	}
	status, answer = srv.subtitles("live", "en", "WEBVTT\n\n00:00.000 --> 00:03.000 line:0\nHello <b>there</b>\n")
	require.Equal(t, http.StatusNoContent, status, answer)
	eventually(t, time.Minute, "what was pushed is in a segment of WebVTT", says("t1", "line:0\nHello <b>there</b>\n"))
	list, _ := srv.media("live", "t1")
	require.Zero(t, strings.Count(fmt.Sprint(list.segments), "discontinuity:true"))

	status, answer = srv.subtitles("live", "pt-BR", "WEBVTT\n\n00:00.000 --> 00:09.000\nOi\n")
	require.Equal(t, http.StatusNoContent, status, answer)
	eventually(t, time.Minute, "the language is there", says("t2", "\nOi\n"))
	_, mpd := srv.get("/live/live/manifest.mpd")
	for _, want := range []string{`lang="pt-BR" contentType="text"`, `mimeType="application/mp4" codecs="wvtt"`, `codecs="ac-3"`} {
		require.Contains(t, string(mpd), want)
	}
	status, answer = srv.subtitles("live", "en", "Hello\n")
	require.Equal(t, http.StatusBadRequest, status)
	require.Equal(t, "not a WebVTT document: line 1 is not WEBVTT", answer)
}

// In each player a viewer can choose another language and see the subtitles that are pushed.
func TestPlayersChooseLanguages(t *testing.T) { realtime(t, playersChooseLanguages) }

func playersChooseLanguages(t *attempt) {
	need(t, "node", "chromium", "ffmpeg")
	srv := start(t, settings{channels: "  live: {dvr: 5m, subtitles: [en]}\n"})
	broadcast(t, "-re", "-f", "lavfi", "-i", "testsrc2=rate=25:size=320x180", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000",
		"-f", "lavfi", "-i", "sine=frequency=880:sample_rate=48000", "-map", "0:v", "-map", "1:a", "-map", "2:a", "-c:v", "libx264", "-preset", "ultrafast",
		"-tune", "zerolatency", "-g", "50", "-pix_fmt", "yuv420p", "-c:a", "aac", "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu",
		"-f", "mpegts", "-method", "POST", "http://"+srv.ingest+"/ts/live")
	srv.waitMedia("live", "t1", 3, time.Minute)
	parts := map[string]func(*attempt){}
	for _, player := range browserPlayers {
		parts[player] = func(t *attempt) {
			w := watch(t, srv, "live", player)
			w.waitPlaying(2, time.Minute)
			if player != "shaka-hls" { // the library shows no text there (5.2.12)
				w.ask("track text 0")
				eventually(t, time.Minute, "the words are shown", func() bool {
					status, answer := srv.subtitles("live", "en", "WEBVTT\n\n00:00.000 --> 00:02.000\nHello there\n")
					require.Equal(t, http.StatusNoContent, status, answer)
					return slices.Contains(w.ask("state").State.Cues, "Hello there")
				})
			}
			w.ask("track audio 1")
			w.waitPlaying(4, time.Minute)
			if shot := artifact(t, "languages-"+player+".png"); shot != nil {
				w.ask("screenshot " + shot[1])
			}
		}
	}
	t.RunAll(parts)
}

// Captions in the pictures of a real stream are announced in both formats, and as the operator says if he does.
func TestCaptionsAreAnnounced(t *testing.T) {
	t.Parallel()
	realtime(t, captionsAreAnnounced)
}

func captionsAreAnnounced(t *attempt) {
	need(t, "ffmpeg")
	dir := filepath.Dir(testmedia.File(t, "cmaf/testpic_2s/V300_with_cc1_and_cc3/init.mp4"))
	var movie []byte
	for _, name := range []string{"init.mp4", "1.m4s", "2.m4s", "3.m4s", "4.m4s"} {
		part, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		movie = append(movie, part...)
	}
	path := filepath.Join(t.TempDir(), "captions.mp4")
	require.NoError(t, os.WriteFile(path, movie, 0o600))
	srv := start(t, settings{channels: fmt.Sprintf("  cc: {dvr: 60s, source: %q}\n", "file:"+path)})
	srv.waitMedia("cc", "v1", 2, time.Minute)
	index := func() string {
		_, body := srv.get("/live/cc/index.m3u8")
		return string(body)
	}
	eventually(t, time.Minute, "both channels were found", func() bool {
		return strings.Contains(index(), `INSTREAM-ID="CC1"`) && strings.Contains(index(), `INSTREAM-ID="CC3"`)
	})
	require.Contains(t, index(), `CLOSED-CAPTIONS="captions"`)
	_, mpd := srv.get("/live/cc/manifest.mpd")
	require.Contains(t, string(mpd), `schemeIdUri="urn:scte:dash:cc:cea-608:2015" value="CC1=und;CC3=und"`)

	require.Equal(t, http.StatusOK, srv.api(http.MethodPut, "/api/v1/channels/cc", `{"captions":["CC1=en","CC3=sv"]}`, nil))
	eventually(t, time.Minute, "the languages are told", func() bool {
		_, mpd := srv.get("/live/cc/manifest.mpd")
		return strings.Contains(index(), `NAME="sv",LANGUAGE="sv",DEFAULT=NO,AUTOSELECT=YES,INSTREAM-ID="CC3"`) && strings.Contains(string(mpd), "CC1=eng;CC3=swe")
	})
}
