package hls_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/hls"
	"weir/manifest/manifesttest"
)

func TestGoldenSpliced(t *testing.T) {
	t.Parallel()
	w := manifesttest.Spliced()
	for name, delta := range map[string]hls.Delta{"v1.m3u8": hls.Whole, "v1-delta.m3u8": hls.Skip, "v1-delta-v2.m3u8": hls.SkipRanges} {
		got, err := hls.Media(w, "v1", manifest.Links{}, delta)
		require.NoError(t, err)
		golden(t, filepath.Join("spliced", name), got)
	}
}

// rangesOf are the EXT-X-DATERANGE of a playlist by ID, and the IDs that it says have gone; an ID that stands there twice is an error.
func rangesOf(doc []byte) (listed map[string]string, gone []string, err error) {
	listed = make(map[string]string)
	for line := range strings.Lines(string(doc)) {
		if rest, ok := strings.CutPrefix(line, `#EXT-X-DATERANGE:ID="`); ok {
			id, _, _ := strings.Cut(rest, `"`)
			if listed[id] != "" {
				return nil, nil, fmt.Errorf("ID %s twice", id)
			}
			listed[id] = line
		}
		if _, rest, ok := strings.Cut(line, `RECENTLY-REMOVED-DATERANGES="`); ok {
			rest, _, _ = strings.Cut(rest, `"`)
			if rest != "" {
				gone = strings.Split(rest, "\t")
			}
		}
	}
	return listed, gone, nil
}

// withoutRanges is a playlist as the other tests read it.
func withoutRanges(doc []byte) []byte {
	var b strings.Builder
	for line := range strings.Lines(string(doc)) {
		if !strings.HasPrefix(line, "#EXT-X-DATERANGE:") {
			b.WriteString(line)
		}
	}
	return []byte(b.String())
}

// TestDateRanges checks rule 14: what maps to anything listed is there, under its own ID, the same everywhere.
func TestDateRanges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		windows := manifesttest.DrawLive(t)
		w := manifesttest.DrawSignals(t, drawView(t, windows[len(windows)-1]))
		oldest, newest := w.Rows.At(0), w.Rows.At(w.Rows.Len()-1)
		var same map[string]string
		for name, doc := range render(t, w, hls.Whole) {
			listed, gone, err := rangesOf(doc)
			require.NoError(t, err)
			require.Empty(t, gone)
			if same == nil {
				same = listed
			}
			require.Equal(t, same, listed, "rule 14: %s", name)
			p, err := parsePlaylist(withoutRanges(doc))
			require.NoError(t, err)
			if len(listed) > 0 && !w.Ended {
				require.Equal(t, "YES", p.control["CAN-SKIP-DATERANGES"], "rule 15")
			}
		}
		known := map[string]bool{}
		for _, s := range w.Signals {
			known[s.ID] = true
			line, there := same[s.ID]
			end, ends := s.End()
			switch {
			case s.InBand || s.Canceled || s.Row > newest.Number:
				require.False(t, there, s.ID)
				continue
			case !ends || !end.Before(oldest.Start):
				if !w.Ended || s.Start.Before(newest.End()) {
					require.True(t, there, "%s maps to what is listed", s.ID)
				}
			case end.Before(oldest.Start.Add(-2 * time.Second)):
				require.False(t, there, "%s has ended", s.ID)
			}
			if !there {
				continue
			}
			a, err := parseAttributes(strings.TrimSpace(strings.TrimPrefix(line, "#EXT-X-DATERANGE:")))
			require.NoError(t, err)
			start, err := time.Parse("2006-01-02T15:04:05.000Z", a["START-DATE"])
			require.NoError(t, err)
			require.WithinDuration(t, s.Date, start, 500*time.Microsecond+1)
			require.Equal(t, len(s.Out) > 0 && len(s.In) > 0, a["DURATION"] != "" && a["END-DATE"] != "")
			for attribute, section := range map[string][]byte{"SCTE35-OUT": s.Out, "SCTE35-IN": s.In, "SCTE35-CMD": s.Command} {
				want := ""
				if len(section) > 0 {
					want = fmt.Sprintf("0x%X", section)
				}
				require.Equal(t, want, a[attribute])
			}
			if a["END-DATE"] != "" {
				end, err := time.Parse("2006-01-02T15:04:05.000Z", a["END-DATE"])
				require.NoError(t, err)
				lasts, err := parseMillis(a["DURATION"])
				require.NoError(t, err)
				require.Equal(t, start.Add(time.Duration(lasts)*time.Millisecond), end)
			}
		}
		for id := range same {
			require.True(t, known[id])
		}
		r := hls.NewRenderer()
		for _, delta := range []hls.Delta{hls.Whole, hls.Skip, hls.SkipRanges} {
			checkRenderer(t, r, w, drawLinks(t), delta)
		}
	})
}

// TestDeltaOfRanges plays a client that asks for deltas of the second version all the time: it knows what the full playlist says (rule 19).
func TestDeltaOfRanges(t *testing.T) {
	t.Parallel()
	c := manifesttest.New(5)
	c.Run(0, manifesttest.AVC(1, 1280, 720, "avc1.64001f"))
	c.Rows(16, 2*time.Second, 1_000_000)
	var told []media.Signal
	has := map[string]string{}
	skipped, seen := 0, map[string]bool{}
	for i := range 60 {
		c.Row(2*time.Second, 1_000_000)
		if c.Len() > 20 {
			c.Trim(c.Len() - 20)
		}
		w := c.Window()
		newest := w.Rows.At(w.Rows.Len() - 1)
		switch i % 12 {
		case 0:
			told = append(told, media.Signal{ID: fmt.Sprint("out-", i), Row: newest.Number, Start: newest.End(), Date: newest.End(), Out: []byte{1}})
		case 4:
			s := told[len(told)-1]
			s.Row, s.In, s.Duration = newest.Number, []byte{2}, newest.End().Sub(s.Start)
			told[len(told)-1] = s
		case 6:
			told = append(told, media.Signal{ID: fmt.Sprint("canceled-", i), Row: newest.Number, Start: newest.End().Add(time.Minute), Date: newest.End(), Out: []byte{1}})
		case 8:
			s := &told[len(told)-1]
			s.Row, s.Canceled = newest.Number, true
		}
		w.Signals = append([]media.Signal(nil), told...)
		doc, err := hls.Media(w, "v1", manifest.Links{}, hls.SkipRanges)
		require.NoError(t, err)
		listed, gone, err := rangesOf(doc)
		require.NoError(t, err)
		for _, id := range gone {
			delete(has, id)
			seen[id] = true
		}
		skipped += len(has)
		for id := range listed {
			if _, again := has[id]; again {
				skipped--
			}
		}
		maps.Copy(has, listed)
		full, err := hls.Media(w, "v1", manifest.Links{}, hls.Whole)
		require.NoError(t, err)
		want, _, err := rangesOf(full)
		require.NoError(t, err)
		require.Equal(t, want, has, "after row %d", newest.Number)
	}
	assert.Positive(t, skipped, "no date range was ever left out")
	assert.GreaterOrEqual(t, len(seen), 5)
}
