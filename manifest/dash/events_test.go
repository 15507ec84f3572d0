package dash_test

import (
	"encoding/base64"
	"encoding/xml"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/dash"
	"weir/manifest/manifesttest"
)

func TestGoldenSpliced(t *testing.T) {
	t.Parallel()
	got, err := dash.MPD(manifesttest.Spliced(), manifest.Links{})
	require.NoError(t, err)
	golden(t, filepath.Join("spliced", "manifest.mpd"), got)
	validate(t, got)
}

// spliced is what an MPD says of events.
type spliced struct {
	Periods []struct {
		ID      string `xml:"id,attr"`
		Streams []struct {
			Scheme    string `xml:"schemeIdUri,attr"`
			Timescale int64  `xml:"timescale,attr"`
			Offset    int64  `xml:"presentationTimeOffset,attr"`
			Events    []struct {
				Time   int64  `xml:"presentationTime,attr"`
				ID     uint32 `xml:"id,attr"`
				Binary string `xml:"http://www.scte.org/schemas/35 Signal>Binary"`
			} `xml:"Event"`
		} `xml:"EventStream"`
		Sets []struct {
			ContentType string   `xml:"contentType,attr"`
			Template    template `xml:"SegmentTemplate"`
			Shared      []struct {
				Template template `xml:"SegmentTemplate"`
			} `xml:"Representation"`
			InBand []struct {
				Scheme string `xml:"schemeIdUri,attr"`
			} `xml:"InbandEventStream"`
			Trick string `xml:"EssentialProperty"`
		} `xml:"AdaptationSet"`
	} `xml:"Period"`
}

// TestEvents checks that each section is told once, at its instant on the timeline of a Period, as long as anything listed has to do with it.
func TestEvents(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var docs [][]byte
	rapid.Check(t, func(t *rapid.T) {
		windows := manifesttest.DrawLive(t)
		w := manifesttest.DrawSignals(t, windows[len(windows)-1])
		oldest, newest := w.Rows.At(0), w.Rows.At(w.Rows.Len()-1)
		doc, err := dash.MPD(w, manifest.Links{})
		require.NoError(t, err)
		mu.Lock()
		docs = append(docs, doc)
		mu.Unlock()
		again, err := dash.NewRenderer().MPD(w, manifest.Links{})
		require.NoError(t, err)
		require.Equal(t, string(doc), string(again))
		var m spliced
		require.NoError(t, xml.Unmarshal(doc, &m))

		times, ids := map[string]time.Time{}, map[uint32]bool{}
		for _, p := range m.Periods {
			for _, s := range p.Streams {
				require.Equal(t, "urn:scte:scte35:2014:xml+bin", s.Scheme)
				for _, set := range p.Sets { // one timeline for media and events
					if set.Template.Timescale == 0 { // it stands in each Representation
						set.Template = set.Shared[0].Template
					}
					require.InDelta(t, float64(set.Template.Offset)/float64(set.Template.Timescale), float64(s.Offset)/float64(s.Timescale), 1e-4)
				}
				require.NotEmpty(t, s.Events)
				for _, e := range s.Events {
					section, err := base64.StdEncoding.DecodeString(e.Binary)
					require.NoError(t, err)
					_, twice := times[string(section)]
					require.False(t, twice || ids[e.ID], "an event is there twice")
					ids[e.ID] = true
					times[string(section)] = media.Ticks(e.Time).Time(uint32(s.Timescale))
				}
			}
		}
		for _, s := range w.Signals {
			end, ends := s.End()
			for i, section := range [][]byte{s.Out, s.In, s.Command} {
				if len(section) == 0 {
					continue
				}
				at, there := times[string(section)]
				switch {
				case s.Canceled || s.Row > newest.Number:
					require.False(t, there, s.ID)
				case !ends || !end.Before(oldest.Start):
					require.True(t, there || w.Ended && !s.Start.Before(newest.End()), s.ID)
				case end.Before(oldest.Start.Add(-2 * time.Second)):
					require.False(t, there, s.ID)
				}
				if there {
					want := s.Start
					if i == 1 {
						want = want.Add(s.Duration)
					}
					require.WithinDuration(t, want, at, 6*time.Microsecond)
				}
			}
		}
	})
	validate(t, docs...)
}

func TestMessagesAreOfTheTracksOfTheLead(t *testing.T) {
	t.Parallel()
	doc, err := dash.MPD(manifesttest.Spliced(), manifest.Links{})
	require.NoError(t, err)
	var m spliced
	require.NoError(t, xml.Unmarshal(doc, &m))
	for _, set := range m.Periods[0].Sets {
		if set.ContentType == "video" && set.Trick == "" && len(set.InBand) > 0 {
			assert.Equal(t, media.SchemeID3, set.InBand[0].Scheme)
		}
		assert.LessOrEqual(t, len(set.InBand), map[string]int{"video": 1}[set.ContentType])
	}
	assert.Equal(t, 1, strings.Count(string(doc), "<InbandEventStream "))
}

// TestSplicesAreForetold looks at a row that is being made when a splice is known to end it: its listed duration is up to there.
func TestSplicesAreForetold(t *testing.T) {
	t.Parallel()
	c := manifesttest.New(0)
	c.LowLatency = true
	c.Run(0, manifesttest.Chunked(manifesttest.AVC(1, 1280, 720, "avc1.64001f"), 200*time.Millisecond))
	c.Rows(8, 2*time.Second, 1_000_000)
	c.Plan(1200*time.Millisecond, 1_000_000)
	require.True(t, c.Part("v1"))
	w := c.Window()
	newest := w.Rows.At(w.Rows.Len() - 1)
	before, err := dash.MPD(w, manifest.Links{})
	require.NoError(t, err)
	assert.Contains(t, string(before), `d="180000" r="9"`, "one that is open, one that has not begun")
	w.Signals = []media.Signal{{ID: "splice-1", Row: newest.Number, Start: newest.End().Add(1200 * time.Millisecond), Date: newest.End(), Out: []byte{1}}}
	doc, err := dash.MPD(w, manifest.Links{})
	require.NoError(t, err)
	assert.Contains(t, string(doc), `d="180000" r="7"></S>`)
	assert.Contains(t, string(doc), `<S d="108000"></S>`)
}
