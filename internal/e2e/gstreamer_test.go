package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// gstBuffer is a decoded buffer as GStreamer's fakesink tells of it when it is its turn, which is after its preroll.
var gstBuffer = regexp.MustCompile(`chain .*\((video|audio):sink\).* pts: (\d+):(\d\d):([\d.]+),.*`)

// gstreamerPlays has GStreamer play and decode, in real time, until it has 10 s of picture and sound. The silent tone beside them is
// a live source: with one in the pipeline gst-launch starts at once and never pauses to buffer, which it does not always come
// back from (and to DASH it does so until there are 30 s to play, which is more than is behind the live edge).
func gstreamerPlays(t testing.TB, url string) {
	cmd := exec.Command("gst-launch-1.0", strings.Fields("-v audiotestsrc is-live=true volume=0 ! fakesink uridecodebin3 uri="+url+" name=d "+
		"d. ! video/x-raw ! fakesink name=video silent=false sync=true d. ! audio/x-raw ! fakesink name=audio silent=false sync=true")...)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	said := &syncBuffer{}
	cmd.Stderr = said
	require.NoError(t, cmd.Start())
	late := time.AfterFunc(3*time.Minute, func() { _ = cmd.Process.Kill() })
	defer late.Stop()

	times := map[string][]float64{}
	enough := func() bool {
		for _, kind := range []string{"video", "audio"} {
			if pts := times[kind]; len(pts) == 0 || pts[len(pts)-1]-pts[0] < 10 {
				return false
			}
		}
		return true
	}
	last := map[string]string{}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() && !enough() {
		found := gstBuffer.FindStringSubmatch(lines.Text())
		// With two sinks gst-launch now and then tells of a buffer twice, of whatever is played: word for word, its address too.
		if found == nil || found[0] == last[found[1]] {
			continue
		}
		last[found[1]] = found[0]
		times[found[1]] = append(times[found[1]], 3600*number(t, found[2])+60*number(t, found[3])+number(t, found[4]))
	}
	_ = cmd.Process.Signal(syscall.SIGKILL)
	for lines.Scan() { // so that the process can end
		continue
	}
	_ = cmd.Wait()
	require.True(t, enough(), "%d buffers of video, %d of audio\n%s", len(times["video"]), len(times["audio"]), said)
	require.NotRegexp(t, "(?i)warning|error", said.String())
	for kind, pts := range times {
		requireRising(t, kind, pts)
	}
}

// countingFromZero is the base URL of a proxy of srv whose live MPDs of one Period count their time from their first segment instead
// of the epoch, at ordinary latency, each track from its own (audio may begin a few frames before video). Nothing else changes: GStreamer still gets a
// live MPD, its updates, and our media.
//
// It is there for a fault of GStreamer's, in the sources from 1.22.0 to at least 1.29.2, of dashdemux2 and of the older dashdemux.
// Whenever it looks a time up in a SegmentTimeline, at the start of a live MPD and with each update, gst_mpd_client2_stream_seek
// (gstmpdclient.c) takes (time - start of the S + start of the first S) / duration for the place in the S. The last
// term, there since commit 8a9821e8, does not belong there: what is asked for is as many segments late as fit between
// availabilityStartTime and the first segment listed, so it is never there yet, and GStreamer waits. No live MPD with a SegmentTimeline
// gets around that for longer than its window takes to move by a segment, whatever its availabilityStartTime; so ours stays.
func countingFromZero(t testing.TB, srv *server) string {
	t.Helper()
	upstream, err := url.Parse(srv.url("/"))
	require.NoError(t, err)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(upstream)
			r.Out.URL.RawQuery = "ll=0"
			r.Out.Header.Set("Accept-Encoding", "identity")
		},
		ModifyResponse: func(resp *http.Response) error {
			if resp.StatusCode != http.StatusOK || !strings.HasSuffix(resp.Request.URL.Path, ".mpd") {
				return nil
			}
			doc, err := io.ReadAll(resp.Body)
			if err != nil {
				return err
			}
			_ = resp.Body.Close()
			if doc, err = countFromZero(doc); err != nil {
				return err
			}
			resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(doc)), int64(len(doc))
			resp.Header.Set("Content-Length", strconv.Itoa(len(doc)))
			return nil
		},
	}
	proxy.ErrorHandler = func(w http.ResponseWriter, r *http.Request, err error) {
		if r.Context().Err() == nil { // a player that went is no fault
			t.Errorf("proxy of %s: %v", r.URL, err)
		}
		w.WriteHeader(http.StatusBadGateway)
	}
	front := httptest.NewServer(proxy)
	t.Cleanup(front.Close)
	return front.URL
}

var (
	periodStart = regexp.MustCompile(` start="PT([^"]+)"`)
	timeOffset  = regexp.MustCompile(`startNumber="0"( timescale="\d+" presentationTimeOffset=)"\d+"(>\s*<SegmentTimeline>\s*<S t="(\d+)")`)
)

// countFromZero moves availabilityStartTime to the start of the only Period and has each track's first segment there.
func countFromZero(mpd []byte) ([]byte, error) {
	starts := periodStart.FindAllSubmatch(mpd, -1)
	if sets := len(timeOffset.FindAll(mpd, -1)); len(starts) != 1 || sets != 3 { // video, sound, and key frames of the video
		return nil, fmt.Errorf("%d Periods, %d sets whose segments are all listed: want 1 and 3 in\n%s", len(starts), sets, mpd)
	}
	start, err := time.ParseDuration(strings.ToLower(string(starts[0][1])))
	if err != nil {
		return nil, fmt.Errorf("start of the Period: %w", err)
	}
	anchor := time.Unix(0, 0).Add(start).UTC().Format("2006-01-02T15:04:05.000Z")
	mpd = bytes.Replace(mpd, []byte(`"1970-01-01T00:00:00Z"`), []byte(`"`+anchor+`"`), 1)
	mpd = periodStart.ReplaceAll(mpd, []byte(` start="PT0S"`))
	return timeOffset.ReplaceAll(mpd, []byte(`startNumber="0"$1"$3"$2`)), nil
}
