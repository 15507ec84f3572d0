package pipeline

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"strconv"
	"strings"
	"testing"
	"time"

	"weir/edge/window"
	"weir/ingest"
	"weir/ingest/mpegts"
	"weir/internal/bus"
	"weir/internal/catalog"
	"weir/internal/media"
	"weir/internal/scte35"
	"weir/internal/testmedia"
	"weir/manifest"
	"weir/manifest/dash"
	"weir/manifest/hls"
)

// onWindow is a writer that hands all to a window, and a catalog of one channel.
type onWindow struct {
	*window.Window
	look func()
}

func (o *onWindow) Acquire(context.Context, string) (ingest.Writer, error) { return o, nil }

func (o *onWindow) Run(r media.Run, inits []media.Init) error { o.Window.Run(r, inits); return nil }
func (o *onWindow) Target(d time.Duration) error              { o.Window.Target(d); return nil }
func (o *onWindow) Chunk(c media.Chunk) error                 { o.Window.Chunk(c); o.look(); return nil }

func (o *onWindow) End(e media.SegmentEnd) error { o.Window.End(e); o.look(); return nil }
func (o *onWindow) Signal(s media.Signal) error  { o.Window.Signal(s); return nil }
func (o *onWindow) Resume() bus.Resume           { return bus.Resume{} }
func (o *onWindow) Lost() <-chan struct{}        { return nil }
func (o *onWindow) Stats() bus.WriterStats       { return bus.WriterStats{} }
func (o *onWindow) Close(context.Context) error  { return nil }

func (o *onWindow) Channel(id string) (catalog.Channel, bool) { return catalog.New(id), true }

func (o *onWindow) Watch(ctx context.Context) <-chan catalog.Change {
	changes := make(chan catalog.Change)
	context.AfterFunc(ctx, func() { close(changes) })
	return changes
}

// sections are all splice_info_sections on that PID of a transport stream, each of one packet.
func sections(ts []byte, pid int) (all [][]byte) {
	for ; len(ts) >= 188; ts = ts[188:] {
		p := ts[:188]
		if int(p[1]&0x1f)<<8|int(p[2]) != pid || p[1]&0x40 == 0 {
			continue
		}
		section := p[5+int(p[4]):]
		all = append(all, section[:3+(int(section[1]&0x0f)<<8|int(section[2]))])
	}
	return all
}

// told is what a manifest says of splices: when each begins, in seconds since the beginning of what is listed.
type told map[string]float64 // by section and what it is, in hexadecimal

// hlsSplices reads EXT-X-DATERANGE and EXT-X-PROGRAM-DATE-TIME: by the date of a segment, what it is in the playlist.
func hlsSplices(t *testing.T, w *media.Window, track string) (splices told, borders []float64) {
	t.Helper()
	doc, err := hls.Media(w, track, manifest.Links{}, hls.Whole)
	if err != nil {
		t.Fatal(err)
	}
	splices = told{}
	// Places in the playlist, by when segments begin as the wall clock tells it, which is moved now and then.
	type mark struct {
		date  time.Time
		place float64
	}
	var marks []mark
	place := 0.0
	date := func(text string) time.Time {
		date, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return date
	}
	at := func(text string) float64 {
		d := date(text)
		i := len(marks) - 1
		for i > 0 && marks[i].date.After(d) {
			i--
		}
		return marks[i].place + d.Sub(marks[i].date).Seconds()
	}
	var ranges []string
	for line := range strings.Lines(string(doc)) {
		line = strings.TrimSpace(line)
		if text, ok := strings.CutPrefix(line, "#EXT-X-PROGRAM-DATE-TIME:"); ok {
			marks = append(marks, mark{date(text), place})
			borders = append(borders, place)
		}
		if text, ok := strings.CutPrefix(line, "#EXTINF:"); ok {
			lasts, err := strconv.ParseFloat(strings.TrimSuffix(text, ","), 64)
			if err != nil {
				t.Fatal(err)
			}
			place += lasts
		}
		if strings.HasPrefix(line, "#EXT-X-DATERANGE:") {
			ranges = append(ranges, line)
		}
	}
	value := func(line, name string) string {
		_, rest, _ := strings.Cut(line, name+"=")
		v, _, _ := strings.Cut(strings.Trim(rest, `"`), ",")
		return strings.Trim(v, `"`)
	}
	for _, line := range ranges {
		start := at(value(line, "START-DATE"))
		if out := value(line, "SCTE35-OUT"); out != "" {
			splices["out "+strings.ToLower(strings.TrimPrefix(out, "0x"))] = start
		}
		if planned := value(line, "PLANNED-DURATION"); planned != "" {
			lasts, err := strconv.ParseFloat(planned, 64)
			if err != nil {
				t.Fatal(err)
			}
			splices["planned end"] = start + lasts
		}
	}
	return splices, borders
}

// dashSplices reads EventStreams and the timeline of the first set.
func dashSplices(t *testing.T, w *media.Window) (splices told, borders []float64) {
	t.Helper()
	doc, err := dash.MPD(w, manifest.Links{})
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Periods []struct {
			Stream struct {
				Scheme    string  `xml:"schemeIdUri,attr"`
				Timescale float64 `xml:"timescale,attr"`
				Offset    uint64  `xml:"presentationTimeOffset,attr"`
				Events    []struct {
					Time   uint64  `xml:"presentationTime,attr"`
					Lasts  float64 `xml:"duration,attr"`
					Binary string  `xml:"Signal>Binary"`
				} `xml:"Event"`
			} `xml:"EventStream"`
			Sets []struct {
				Template struct {
					Timescale float64 `xml:"timescale,attr"`
					Offset    uint64  `xml:"presentationTimeOffset,attr"`
					S         []struct {
						T *uint64 `xml:"t,attr"`
						D uint64  `xml:"d,attr"`
						R int     `xml:"r,attr"`
					} `xml:"SegmentTimeline>S"`
				} `xml:"SegmentTemplate"`
			} `xml:"AdaptationSet"`
		} `xml:"Period"`
	}
	if err := xml.Unmarshal(doc, &m); err != nil {
		t.Fatal(err)
	}
	splices = told{}
	zero := m.Periods[0].Sets[0].Template.Offset // all timescales are the same here
	for _, p := range m.Periods {
		line, at := p.Sets[0].Template, uint64(0)
		if len(p.Stream.Events) > 0 && (p.Stream.Offset != line.Offset || p.Stream.Timescale != line.Timescale) {
			t.Fatalf("events of %d/%v, media of %d/%v", p.Stream.Offset, p.Stream.Timescale, line.Offset, line.Timescale)
		}
		for _, e := range p.Stream.Events {
			section, err := base64.StdEncoding.DecodeString(e.Binary)
			if err != nil {
				t.Fatal(err)
			}
			at := float64(int64(e.Time-zero)) / p.Stream.Timescale
			splices["out "+hex.EncodeToString(section)] = at
			splices["planned end"] = at + e.Lasts/p.Stream.Timescale
		}
		for _, s := range line.S {
			if s.T != nil {
				at = *s.T
			}
			for range s.R + 1 {
				borders = append(borders, float64(int64(at-zero))/line.Timescale)
				at += s.D
			}
		}
	}
	return splices, borders
}

// near tells whether one of the instants is that one, within a millisecond and a half: HLS tells milliseconds.
func near(all []float64, at float64) bool {
	for _, a := range all {
		if a-at < 0.0015 && at-a < 0.0015 {
			return true
		}
	}
	return false
}

// TestSplicesOfABroadcast feeds a transport stream with SCTE-35: each splice of it is in HLS and DASH at the source's time, and segments begin there.
func TestSplicesOfABroadcast(t *testing.T) {
	t.Parallel()
	ts := testmedia.Read(t, "ts/h264_aac_scte35_80s.ts")
	const firstPicture = 132000 // PTS of the file's first picture, in 90 kHz
	now := epoch
	win := window.New(window.Settings{Channel: "news", Segment: 2 * time.Second, DVR: 10 * time.Minute}, func() time.Time { return now }, quiet)
	shown := map[string]told{} // what each manifest has told
	out := &onWindow{Window: win, look: func() {}}
	version := uint64(0)
	out.look = func() {
		w := win.Snapshot()
		if w.Version.Listing == version || w.Rows.Len() == 0 {
			return
		}
		version = w.Version.Listing
		for _, track := range []string{"v1", "a1"} {
			got, _ := hlsSplices(t, w, track)
			for what, at := range shown[track] {
				if got[what] != at {
					t.Errorf("%s: %s was at %v, is at %v", track, what, at, got[what])
				}
			}
			shown[track] = got
		}
		got, _ := dashSplices(t, w)
		for what, at := range shown["mpd"] {
			if got[what] != at {
				t.Errorf("MPD: %s was at %v, is at %v", what, at, got[what])
			}
		}
		shown["mpd"] = got
	}
	server := ingest.New(ingest.Config{Bus: out, Catalog: out, Log: quiet, Now: func() time.Time { return now }})
	feed, err := server.Open(t.Context(), ingest.Publish{Channel: "news", Protocol: "ts", Remote: "test"})
	if err != nil {
		t.Fatal(err)
	}
	first := int64(-1)
	demuxer := mpegts.NewDemuxer(feed, mpegts.Config{PCR: func(pcr int64) error {
		if first < 0 {
			first = pcr
		}
		now = epoch.Add(time.Duration(pcr-first) * time.Second / 27_000_000)
		return nil
	}})
	if _, err := demuxer.Write(ts); err != nil {
		t.Fatal(err)
	}
	if err := demuxer.Flush(); err != nil {
		t.Fatal(err)
	}
	feed.Close(nil)
	server.Close(t.Context())
	w := win.Snapshot()
	inHLS, hlsBorders := hlsSplices(t, w, "v1")
	inSound, soundBorders := hlsSplices(t, w, "a1")
	inDASH, dashBorders := dashSplices(t, w)
	source := sections(ts, 1001)
	if len(source) == 0 || len(inHLS) < 2*len(source) || len(inSound) != len(inHLS) {
		t.Fatalf("%d sections in the source; HLS has %v, of the sound %v; DASH has %v", len(source), inHLS, inSound, inDASH)
	}
	for _, section := range source {
		s, _, err := scte35.Parse(section)
		if err != nil {
			t.Fatal(err)
		}
		at := float64(int64(s.Insert.Time.Ticks)-firstPicture) / scte35.Timescale
		end := at + float64(s.Insert.Duration)/scte35.Timescale
		for what, want := range map[string]float64{"out " + hex.EncodeToString(section): at, "planned end": end} {
			for name, in := range map[string]told{"HLS": inHLS, "DASH": inDASH} {
				if got, there := in[what]; !there || !near([]float64{got}, want) {
					t.Errorf("%s: %s at %v, want %v", name, what, got, want)
				}
			}
			for name, borders := range map[string][]float64{"HLS": hlsBorders, "DASH": dashBorders} {
				if !near(borders, want) {
					t.Errorf("%s: no segment begins at %v, where there is: %s", name, want, what)
				}
			}
			if len(soundBorders) != len(hlsBorders) {
				t.Errorf("%d segments of sound, %d of pictures", len(soundBorders), len(hlsBorders))
			}
		}
	}
}
