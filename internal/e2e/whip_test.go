package e2e

import (
	"bufio"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// camera is a browser that publishes a made-up picture and sound over WHIP.
type camera struct {
	t       testing.TB
	stdin   io.WriteCloser
	answers *bufio.Scanner
	stderr  *syncBuffer
	cmd     *exec.Cmd
}

// sentBy is what a camera says that it has sent.
type sentBy struct {
	Event, Problem, Connection string
	Video, Audio               struct{ Packets, Bytes, Frames, KeyFrames, Asked int }
}

// film starts a camera that publishes to a channel until the test ends, and returns when it is connected.
func film(t testing.TB, srv *server, channel, key string) *camera {
	t.Helper()
	need(t, "node", "chromium")
	c := &camera{t: t, stderr: &syncBuffer{}}
	c.cmd = exec.Command("node", "e2e/publish.mjs", "http://"+srv.ingest+"/whip/"+channel, key)
	c.cmd.Dir = filepath.Join("..", "..", "web")
	c.cmd.Stderr = c.stderr
	var err error
	c.stdin, err = c.cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := c.cmd.StdoutPipe()
	require.NoError(t, err)
	c.answers = bufio.NewScanner(stdout)
	c.answers.Buffer(nil, 16<<20) // minutes of frames
	require.NoError(t, c.cmd.Start())
	t.Cleanup(c.stop)
	require.Equal(t, "connected", c.answer().Event)
	return c
}

// stop ends the publisher's session, and its browser.
func (c *camera) stop() {
	_ = c.stdin.Close()
	kill := time.AfterFunc(15*time.Second, func() { _ = c.cmd.Process.Kill() })
	defer kill.Stop()
	_ = c.cmd.Wait()
	if c.t.Failed() {
		c.t.Logf("publisher: %s", c.stderr)
	}
}

func (c *camera) state() sentBy {
	c.t.Helper()
	_, err := io.WriteString(c.stdin, "state\n")
	require.NoError(c.t, err)
	return c.answer()
}

// frames is what the browser's encoders have made so far, by the name of the track that comes of it, each track at the time of its own RTP clock.
func (c *camera) frames() form {
	c.t.Helper()
	_, err := io.WriteString(c.stdin, "frames\n")
	require.NoError(c.t, err)
	require.True(c.t, c.answers.Scan(), "the publisher says nothing: %s", c.stderr)
	type encoded struct {
		Hash string
		Time uint32
	}
	var made struct{ Video, Audio []encoded }
	require.NoError(c.t, json.Unmarshal(c.answers.Bytes(), &made))
	list := func(all []encoded, rate float64) (track []packet) {
		for i, frame := range all {
			at := 0.0
			if i > 0 { // timestamps wrap
				at = track[i-1].dts + float64(int32(frame.Time-all[i-1].Time))/rate
			}
			track = append(track, packet{hash: "SHA256:" + frame.Hash, pts: at, dts: at})
		}
		return track
	}
	return form{"v1": list(made.Video, 90000), "a1": list(made.Audio, 48000)}
}

// requireAllBetween checks that got has all that was sent between the first sample that came out and the last, and nothing else, bit-exact and at its
// time. Sounds may be alike: got begins where the most of it fits.
func requireAllBetween(t testing.TB, sent, got []packet, what string) {
	t.Helper()
	begin, most := 0, 0
	for i := range sent {
		n := 0
		for n < len(got) && i+n < len(sent) && sent[i+n].hash == got[n].hash {
			n++
		}
		if n > most {
			begin, most = i, n
		}
	}
	t.Logf("%s: %d of %d samples fit %d that were sent, from number %d on", what, most, len(got), len(sent), begin)
	require.LessOrEqual(t, begin+len(got), len(sent), what)
	for i, was := range sent[begin : begin+len(got)] {
		require.Equal(t, was.hash, got[i].hash, "%s: bytes of sample %d", what, i)
		// Not the DTS: the packager may have promised it before the frame came.
		require.InDelta(t, was.pts-sent[begin].pts, got[i].pts-got[0].pts, 0.0011, "%s: PTS of sample %d", what, i)
	}
}

func (c *camera) answer() (s sentBy) {
	c.t.Helper()
	require.True(c.t, c.answers.Scan(), "the publisher says nothing: %s", c.stderr)
	require.NoError(c.t, json.Unmarshal(c.answers.Bytes(), &s), c.answers.Text())
	require.NotEqual(c.t, "failed", s.Event, s.Problem)
	return s
}

// seconds is how long a track is.
func seconds(track []packet) float64 {
	if len(track) == 0 {
		return 0
	}
	return track[len(track)-1].dts - track[0].dts
}

// What a browser sends by WebRTC, a browser plays: pictures and sound, in segments that each begin with a key frame that was asked for.
func TestBrowserPublishesByWHIP(t *testing.T) { realtime(t, browserPublishesByWHIP) }

func browserPublishesByWHIP(t *attempt) {
	srv := start(t, settings{channels: "  live: {dvr: 10m, key: s3cret}\n"})

	status, _ := fetch(t, http.MethodPost, "http://"+srv.ingest+"/whip/live", "")
	require.Equal(t, http.StatusUnsupportedMediaType, status)

	cam := film(t, srv, "live", "s3cret")
	eventually(t, 2*time.Minute, "four segments in a row, behind the first one, are of 2 s", func() bool {
		list, _ := srv.media("live", "v1")
		good := 0
		for i, s := range list.segments {
			require.False(t, i > 0 && s.discontinuity, "segment %d", i)
			if good++; i == 0 || math.Abs(s.duration-2) > 0.6 { // an encoder that has no time now and then answers late
				good = 0
			}
		}
		return good >= 4
	})
	sent := cam.state()
	require.Equal(t, "connected", sent.Connection)
	// The start takes two; each segment one more.
	require.LessOrEqual(t, sent.Video.KeyFrames, len(srv.waitMedia("live", "v1", 5, time.Minute).segments)+5)

	// All that the browser's encoders made is listed as they made it.
	for name, look := range map[string]func() (form, bool){
		"HLS":  func() (form, bool) { return srv.inHLS("live", "v1", "a1") },
		"DASH": func() (form, bool) { return srv.inDASH("live") },
	} {
		var listed form
		eventually(t, time.Minute, "five segments are in "+name, func() (ok bool) {
			listed, ok = look()
			return ok && seconds(listed["v1"]) > 9 && seconds(listed["a1"]) > 9
		})
		made := cam.frames()
		for track := range made {
			requireAllBetween(t, made[track], listed[track], track+" in "+name)
		}
	}

	w := watch(t, srv, "live", "hlsjs")
	w.waitPlaying(5, time.Minute)
	later := cam.state()
	require.Greater(t, later.Video.Frames, sent.Video.Frames)

	// DELETE frees the channel at once.
	cam.stop()
	srv.waitLog(time.Minute, `"msg":"feed ended"`, `"channel":"live"`, `"reason":"publisher stopped"`)
	require.False(t, strings.Contains(srv.log.tail(2000), "samples of the feed are dropped"), srv.log.tail(50))
}
