package e2e

import (
	"context"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/testmedia"
)

// timesIn are presentation times, in seconds, by kind of media and in the order in which they came.
type timesIn map[string][]float64

// ends is the last time of the kind that ends first.
func (in timesIn) ends() float64 {
	first := slices.Max(slices.Collect(maps.Values(in))[0])
	for _, times := range in {
		first = min(first, slices.Max(times))
	}
	return first
}

// everyFileInFFmpeg has ffmpeg read each file whole in HLS and DASH, decode some of it, and seek in DASH.
func everyFileInFFmpeg(t *attempt, srv *server) {
	need(t, "ffmpeg", "ffprobe")
	for _, name := range slices.Sorted(maps.Keys(filesInPlayers)) {
		t.Run(name, func(t *attempt) {
			known := filesInPlayers[name]
			hls, dash := srv.url("/"+shelved(name)+"/index.m3u8"), srv.url("/"+shelved(name)+"/manifest.mpd")
			inHLS, inDASH := ffmpegReads(t, known, hls), ffmpegReads(t, known, dash)
			for kind, times := range inHLS {
				if filesOnDemand[name].garbage == 0 { // which ffprobe takes for something else
					of := packets(t, testmedia.File(t, name), kind)
					require.LessOrEqual(t, len(times), len(of), kind)
					of = slices.DeleteFunc(of, func(p packet) bool { return p.pts < 0 }) // of these there is what a decoder needs
					require.GreaterOrEqual(t, len(times), len(of)-1, kind)               // ffprobe may see one more than there is
				}
				// It stops where the first of its tracks ends.
				require.InDelta(t, times[0], inDASH[kind][0], 0.05, kind)
				require.GreaterOrEqual(t, slices.Max(inDASH[kind]), inHLS.ends()-0.1, kind)
			}
			// It puts at 0 what it was asked for, and gives what is before that in its segment. In HLS of fragmented MP4 ffmpeg 5.1 does not seek.
			half := inHLS.ends() / 2
			for kind, times := range ffmpegReads(t, known, dash, "-ss", strconv.FormatFloat(half, 'f', 3, 64)) {
				require.LessOrEqual(t, times[0], 0.1, kind)
				require.GreaterOrEqual(t, times[0], -half-0.1, kind)
				require.InDelta(t, half, slices.Max(times), 0.2+inHLS.longest(), kind)
			}
		})
	}
}

// longest is how much further the last of its kinds goes than the first one to end.
func (in timesIn) longest() float64 {
	last := 0.
	for _, times := range in {
		last = max(last, slices.Max(times))
	}
	return last - in.ends()
}

// ffmpegReads is what ffmpeg reads, all of it, after it has decoded 3 s without a complaint.
func ffmpegReads(t testing.TB, known inPlayers, url string, options ...string) timesIn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	kinds := strings.Fields(known.kinds)
	input := append(append([]string{"-v", "warning", "-nostdin"}, options...), "-i", url)
	for _, kind := range kinds {
		input = append(input, "-map", "0:"+kind[:1]+":0")
	}
	var all timesIn
	for _, output := range []string{"-t 3 -f null -", "-c copy -f framecrc -"} {
		cmd := exec.CommandContext(ctx, "ffmpeg", slices.Concat(input, strings.Fields(output))...)
		said := &syncBuffer{}
		cmd.Stderr = said
		out, err := cmd.Output()
		require.NoError(t, err, "%s: %s", url, said)
		for line := range strings.Lines(said.String()) {
			require.True(t, known.decoder != "" && regexp.MustCompile(known.decoder).MatchString(line), "%s: %s", url, line)
		}
		all = framesIn(t, kinds, string(out))
	}
	require.Len(t, all, len(kinds), url)
	return all
}

// framesIn reads what ffmpeg's framecrc writes: "#tb 0: 1/90000", then lines of track, dts, pts, duration, size, checksum.
func framesIn(t testing.TB, kinds []string, text string) timesIn {
	t.Helper()
	in := timesIn{}
	scales := map[string]float64{}
	for line := range strings.Lines(text) {
		if tb, ok := strings.CutPrefix(line, "#tb "); ok {
			track, scale, _ := strings.Cut(strings.TrimSpace(tb), ": 1/")
			scales[track] = number(t, scale)
		} else if fields := strings.Split(line, ","); !strings.HasPrefix(line, "#") && len(fields) >= 6 {
			kind := kinds[int(number(t, fields[0]))]
			in[kind] = append(in[kind], number(t, strings.TrimSpace(fields[2]))/scales[fields[0]])
		}
	}
	return in
}

// maxWhole is the longest asset that GStreamer decodes whole, and aBit how much it decodes of others, from its beginning and in its middle.
const (
	maxWhole = 30.
	aBit     = 3.
)

// everyFileInGStreamer has GStreamer decode each file in HLS and DASH, then seek to its middle and decode the rest, as fast as it can.
func everyFileInGStreamer(t *attempt, srv *server) {
	need(t, "gcc", "gst-launch-1.0")
	program := filepath.Join(t.TempDir(), "gstseek")
	out, err := exec.Command("gcc", "-o", program, filepath.Join("testdata", "gstseek.c"),
		"-l:libgstreamer-1.0.so.0", "-l:libgobject-2.0.so.0", "-l:libglib-2.0.so.0").CombinedOutput()
	require.NoError(t, err, string(out))
	for _, name := range slices.Sorted(maps.Keys(filesInPlayers)) {
		for _, manifest := range []string{"index.m3u8", "manifest.mpd"} {
			t.Run(name+"/"+manifest, func(t *attempt) {
				known := filesInPlayers[name]
				gstreamerSeeks(t, program, srv.url("/"+shelved(name)+"/"+manifest), known, srv.lasts(shelved(name), manifest))
			})
		}
	}
}

// lasts is how long a manifest says that an asset lasts, in seconds; in HLS its pictures do, where it has some: players begin and end with these.
func (s *server) lasts(asset, manifest string) (seconds float64) {
	s.t.Helper()
	if manifest == "index.m3u8" {
		for _, track := range []string{"v1", "a1"} {
			if list, ok := s.media(asset, track); ok {
				return list.seconds()
			}
		}
	}
	_, doc := s.get("/" + asset + "/" + manifest)
	found := presentationDuration.FindSubmatch(doc)
	require.NotNil(s.t, found, string(doc))
	lasts, err := time.ParseDuration(strings.ToLower(string(found[1])))
	require.NoError(s.t, err)
	return lasts.Seconds()
}

var presentationDuration = regexp.MustCompile(`mediaPresentationDuration="PT([^"]+)"`)

// lostRace is what GStreamer 1.22 says of HLS when it comes to the end of a segment, and no other is behind it, before its parser has told of the
// track: that the segment cannot be had, with the status 200. Or it aborts in the request that it makes again. Of the files of a single segment it does so in
// 1 of 10 tries on a calm machine and 2 of 3 on a busy one; so it is tried again, up to maxLost times. What is wrong with what it got fails each time.
var lostRace = regexp.MustCompile(`Fragment\\ downloading\\ has\\ failed\\ consecutive\\ times.*http-status-code\S*200|download_request_set_uri: assertion failed`)

const maxLost = 60

var segmentIn = regexp.MustCompile(`\((video|audio):sink\).*GstEventSegment.* start=\(guint64\)(\d+).* time=\(guint64\)(\d+)`)

func gstreamerSeeks(t testing.TB, program, url string, known inPlayers, seconds float64) {
	t.Helper()
	kinds := strings.Fields(known.kinds)
	begin, middle := fromTo{0, seconds}, fromTo{seconds / 2, seconds}
	if seconds > maxWhole {
		begin.to, middle.to = aBit, middle.from+aBit
	}
	pipeline := "uridecodebin3 name=d uri=" + url
	for _, kind := range kinds {
		pipeline += fmt.Sprintf(" d. ! %s/x-raw ! fakesink name=%s sync=false silent=false", kind, kind)
	}
	args := []string{pipeline}
	for _, each := range []fromTo{begin, middle} {
		to := each.to
		if to == seconds {
			to = 0
		}
		args = append(args, fmt.Sprintf("%.3f", each.from), fmt.Sprintf("%.3f", to))
	}
	var out []byte
	var err error
	said := &syncBuffer{}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	lost := 0
	for ; lost < maxLost; lost++ {
		cmd := exec.CommandContext(ctx, program, args...)
		said = &syncBuffer{}
		cmd.Stderr = said
		if out, err = cmd.Output(); err == nil || !lostRace.MatchString(said.String()) {
			break
		}
	}
	if lost > 0 {
		t.Logf("%s: GStreamer lost its race %d times", url, lost)
	}
	require.NoError(t, err, "%s: %s", url, said)

	parts := []timesIn{{}}
	before := map[string]float64{} // what is added to times in the presentation
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "end") {
			parts = append(parts, timesIn{})
		} else if found := segmentIn.FindStringSubmatch(line); found != nil {
			before[found[1]] = (number(t, found[2]) - number(t, found[3])) / 1e9
		} else if found := gstBuffer.FindStringSubmatch(line); found != nil {
			at := 3600*number(t, found[2]) + 60*number(t, found[3]) + number(t, found[4])
			parts[len(parts)-1][found[1]] = append(parts[len(parts)-1][found[1]], at-before[found[1]])
		}
	}
	require.Len(t, parts, 3, url)
	for i, want := range []fromTo{begin, middle} {
		require.Len(t, parts[i], len(kinds), "%s: %v", url, want)
		require.InDelta(t, want.to, parts[i].ends()+parts[i].longest(), max(0.25, 2.5*known.apart), "%s: %v", url, want)
		first := parts[i][kinds[0]][0]
		for _, times := range parts[i] {
			first = min(first, times[0])
		}
		require.InDelta(t, want.from, first, max(0.25, 2.5*known.apart), "%s: %v", url, want)
	}
}

// fromTo is a part of an asset, in seconds.
type fromTo struct{ from, to float64 }
