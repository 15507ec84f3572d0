package rtmp

import (
	"bytes"
	"context"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortmplib"
	"github.com/bluenviron/gortmplib/pkg/codecs"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"

	"weir/ingest"
	"weir/ingest/ingesttest"
	"weir/internal/media"
)

func gstreamer(t *testing.T, pipeline string) string {
	t.Helper()
	needs(t, "gst-launch-1.0")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, _ := exec.CommandContext(ctx, "gst-launch-1.0", strings.Fields(pipeline)...).CombinedOutput()
	if strings.Contains(string(out), "no element") {
		t.Skipf("a GStreamer plugin is missing: %s", out)
	}
	return string(out)
}

const gstSource = "videotestsrc num-buffers=50 ! video/x-raw,width=64,height=64,framerate=25/1 ! openh264enc gop-size=25 ! h264parse ! flvmux name=m streamable=true "

func TestGStreamerPush(t *testing.T) {
	t.Parallel()
	in := &ingesttest.Server{}
	addr, _ := serve(t, Config{Ingest: in})
	out := gstreamer(t, gstSource+"audiotestsrc num-buffers=80 ! audio/x-raw,rate=44100 ! avenc_aac ! m. m. ! rtmp2sink location=rtmp://"+addr+"/live/news?key=a")
	feed := in.Next(t)
	if err := feed.WaitClosed(t); err != nil && !lost(err) {
		t.Errorf("closed by %v\n%s", err, out)
	}
	r, video, audio := feed.Got(), 0, 0
	for i, s := range r.Samples {
		if r.Starts[r.At[i]][s.Track].Codec == media.AVC {
			video++
		} else {
			audio++
		}
	}
	if video != 50 || audio < 75 || feed.Publish.Channel != "news" || feed.Publish.Key != "a" {
		t.Errorf("%d pictures and %d audio frames of %#v in %d starts\n%s", video, audio, feed.Publish, len(r.Starts), out)
	}
}

// GStreamer publishes with a transaction of 0.
func TestGStreamerShowsWhyItIsRefused(t *testing.T) {
	t.Parallel()
	in := &ingesttest.Server{}
	in.Refuse = func(p ingest.Publish) error {
		if p.Channel == "taken" {
			return ingest.ErrTaken
		}
		return ingest.ErrKey
	}
	addr, _ := serve(t, Config{Ingest: in})
	for channel, want := range map[string]string{"taken": "is taken: another feed is on air", "news": "wrong or missing key"} {
		if out := gstreamer(t, gstSource+"m. ! rtmp2sink location=rtmp://"+addr+"/live/"+channel); !strings.Contains(out, want) {
			t.Errorf("%s: want %q in\n%s", channel, want, out)
		}
	}
}

// gortmplib's own client pushes HEVC and Opus by Enhanced RTMP.
func TestEnhancedPush(t *testing.T) {
	t.Parallel()
	in := &ingesttest.Server{}
	addr, _ := serve(t, Config{Ingest: in})
	u, err := url.Parse("rtmp://" + addr + "/live/news?key=a")
	if err != nil {
		t.Fatal(err)
	}
	client := &gortmplib.Client{URL: u, Publish: true}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := client.Initialize(ctx); err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	video := &gortmplib.Track{Codec: &codecs.H265{
		VPS: unhex(t, "40010c01ffff01600000030090000003000003005a959809"),
		SPS: unhex(t, "42010101600000030090000003000003005aa0050201e165959a4932b9a020000003002000000303c1"),
		PPS: unhex(t, "4401c172b46240"),
	}}
	audio := &gortmplib.Track{Codec: &codecs.Opus{IDHeader: &opus.IDHeader{Version: 1, ChannelCount: 2, PreSkip: 312, InputSampleRate: 48000}}}
	w := &gortmplib.Writer{Conn: client, Tracks: []*gortmplib.Track{video, audio}}
	if err := w.Initialize(); err != nil {
		t.Fatal(err)
	}
	irap, trail := []byte{0x26, 1, 0xaf, 8}, []byte{2, 1, 0xd0, 9}
	if err := w.WriteH265(video, 80*time.Millisecond, 40*time.Millisecond, [][]byte{irap}); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteOpus(audio, 60*time.Millisecond, []byte{0xfc, 1, 2}); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteH265(video, 80*time.Millisecond, 80*time.Millisecond, [][]byte{trail}); err != nil {
		t.Fatal(err)
	}
	feed := in.Next(t)
	got := feed.WaitSamples(t, 3)
	want := []media.Sample{
		{Track: 0, PTS: 80, DTS: 40, Sync: true, Data: append([]byte{0, 0, 0, 4}, irap...)},
		{Track: 1, PTS: 60, DTS: 60, Sync: true, Data: []byte{0xfc, 1, 2}},
		{Track: 0, PTS: 80, DTS: 80, Data: append([]byte{0, 0, 0, 4}, trail...)},
	}
	for i := range want {
		if g, w := got[i], want[i]; g.Track != w.Track || g.PTS != w.PTS || g.DTS != w.DTS || g.Sync != w.Sync || !bytes.Equal(g.Data, w.Data) {
			t.Errorf("sample %d is %+v, want %+v", i, g, w)
		}
	}
	if f := feed.Got().Formats(); len(f) != 2 || f[0].Codec != media.HEVC || f[1].Codec != media.Opus || !bytes.Equal(f[1].Config, unhex(t, "000201380000bb80000000")) {
		t.Errorf("announced %v, Opus %x", f, f[1].Config)
	}
}
