package manifest_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/manifesttest"
)

// numbers are the first and the last number of a window's rows.
func numbers(w *media.Window) (first, last uint64) {
	return w.Rows.At(0).Number, w.Rows.At(w.Rows.Len() - 1).Number
}

// threeRuns has rows 0 to 2 of v1 and a1, 3 to 5 of v1, a1 and a2, 6 to 11 of v1 alone, two seconds each, from Epoch on, where the
// source arrives 30 ms late.
func threeRuns() *media.Window {
	video := manifesttest.AVC(1, 1280, 720, "avc1.64001f")
	english, german := manifesttest.AAC("a1", 1, 48000, "en-GB"), manifesttest.AAC("a2", 1, 48000, "de")
	c := manifesttest.New(0)
	c.Run(0, video, english)
	c.Rows(3, 2*time.Second, 1_000_000)
	c.Run(0, video, english, german)
	c.Rows(3, 2*time.Second, 1_000_000)
	c.Run(0, video)
	c.Rows(6, 2*time.Second, 1_000_000)
	w := c.Window()
	run := w.Rows.At(11).Run
	for n := range uint64(2) {
		w.Open = append(w.Open, media.OpenRow{
			Number: 12 + n, Run: run, Wall: w.Rows.At(11).Wall.Add(time.Duration(n+1) * 2 * time.Second), Segments: make([]media.OpenSegment, 1),
		})
	}
	w.LowLatency = true
	return w
}

func TestSelectTime(t *testing.T) {
	t.Parallel()
	w := threeRuns()
	at := func(s float64) time.Time {
		return w.Rows.At(0).Wall.Add(time.Duration(s * float64(time.Second)))
	}
	for name, tc := range map[string]struct {
		s           manifest.Selection
		first, last uint64
		open        int
		ended       bool
		tracks      int
	}{
		"all":                  {manifest.Selection{}, 0, 11, 2, false, 3},
		"ordinary":             {manifest.Selection{Ordinary: true}, 0, 11, 0, false, 3},
		"from within a row":    {manifest.Selection{Start: at(7)}, 3, 11, 2, false, 3},
		"from a border":        {manifest.Selection{Start: at(4)}, 2, 11, 2, false, 3},
		"older than all":       {manifest.Selection{Start: at(-500)}, 0, 11, 2, false, 3},
		"from near a border":   {manifest.Selection{Start: at(3.99)}, 2, 11, 2, false, 3},
		"up to near a border":  {manifest.Selection{End: at(4.01)}, 0, 1, 0, true, 2},
		"the newest only":      {manifest.Selection{Start: at(13)}, 6, 11, 2, false, 1},
		"up to a border":       {manifest.Selection{End: at(6)}, 0, 2, 0, true, 2},
		"up to within a row":   {manifest.Selection{Start: at(1), End: at(6.5)}, 0, 3, 0, true, 3},
		"up to the newest":     {manifest.Selection{End: at(24)}, 0, 11, 0, true, 3},
		"up to an open row":    {manifest.Selection{End: at(25)}, 0, 11, 1, false, 3},
		"up to the open ones":  {manifest.Selection{End: at(28)}, 0, 11, 2, false, 3},
		"up to what will come": {manifest.Selection{End: at(2800)}, 0, 11, 2, false, 3},
		"what never came":      {manifest.Selection{End: at(2800), Over: true}, 0, 11, 0, true, 3},
		"rewinding":            {manifest.Selection{DVR: 13 * time.Second}, 5, 11, 2, false, 3},
		"rewinding less":       {manifest.Selection{DVR: time.Second}, 6, 11, 2, false, 1},
		"rewinding from":       {manifest.Selection{Start: at(21), DVR: 13 * time.Second}, 10, 11, 2, false, 1},
		"rewinding up to":      {manifest.Selection{End: at(17), DVR: time.Second}, 3, 8, 0, true, 3},
	} {
		got, err := manifest.Select(w, tc.s)
		require.NoError(t, err, name)
		first, last := numbers(got)
		require.Equal(t, []any{tc.first, tc.last, tc.open, tc.ended}, []any{first, last, len(got.Open), got.Ended}, name)
		require.Len(t, got.Tracks, tc.tracks, name)
		require.Equal(t, got.LowLatency, len(got.Open) > 0, name)
		require.Same(t, w.Rows.At(int(first)), got.Rows.At(0), name)
	}
	for name, s := range map[string]manifest.Selection{
		"to come": {Start: at(100)}, "gone": {End: at(-100)}, "between": {Start: at(9), End: at(2)},
	} {
		_, err := manifest.Select(w, s)
		require.ErrorIs(t, err, manifest.ErrEmpty, name)
	}
	_, err := manifest.Select(&media.Window{}, manifest.Selection{})
	require.ErrorIs(t, err, manifest.ErrEmpty)
}

func TestSelectTracks(t *testing.T) {
	t.Parallel()
	w := threeRuns()
	w.Rates = map[string]media.Rate{"v1": {Peak: 1_000_000}, "a1": {Peak: 128_000}, "a2": {Peak: 128_000}}
	for name, tc := range map[string]struct {
		s    manifest.Selection
		want []string
	}{
		"by name":     {manifest.Selection{Tracks: []string{"a2", "v1", "v9"}}, []string{"v1", "a2"}},
		"by height":   {manifest.Selection{MaxHeight: 720}, []string{"v1", "a1", "a2"}},
		"by bitrate":  {manifest.Selection{MaxBitrate: 1_100_000}, []string{"v1", "a1", "a2"}},
		"by language": {manifest.Selection{Languages: []string{"en"}}, []string{"v1", "a1"}},
		"by two":      {manifest.Selection{Languages: []string{"fr", "DE"}}, []string{"v1", "a2"}},
		"by both":     {manifest.Selection{Tracks: []string{"a1", "a2"}, Languages: []string{"EN-gb"}}, []string{"a1"}},
	} {
		got, err := manifest.Select(w, tc.s)
		require.NoError(t, err, name)
		require.Equal(t, tc.want, namesOf(got.Tracks), name)
		require.Len(t, got.Rates, len(tc.want), name)
		require.Len(t, got.Open, 2, name)
	}
	for filter, s := range map[string]manifest.Selection{
		"tracks": {Tracks: []string{"v2"}}, "maxheight": {MaxHeight: 719}, "maxbitrate": {MaxBitrate: 1_099_999}, "lang": {Languages: []string{"e", "en-GB-oed"}},
	} {
		_, err := manifest.Select(w, s)
		var none *manifest.NoTrackError
		require.True(t, errors.As(err, &none), filter)
		require.Equal(t, filter, none.Filter)
		require.Contains(t, err.Error(), filter)
	}
}

// Thumbnails belong to the pictures, and are counted from the first row on.
func TestSelectImages(t *testing.T) {
	t.Parallel()
	w := threeRuns()
	w.Images = &media.Images{Name: "i1", Interval: time.Second, Columns: 5, Rows: 5}
	at := w.Rows.At(0).Wall
	for name, tc := range map[string]struct {
		s    manifest.Selection
		want bool
	}{
		"all":           {manifest.Selection{}, true},
		"up to":         {manifest.Selection{End: at.Add(10 * time.Second)}, true},
		"from":          {manifest.Selection{Start: at.Add(5 * time.Second)}, false},
		"rewinding":     {manifest.Selection{DVR: 13 * time.Second}, false},
		"pictures":      {manifest.Selection{Tracks: []string{"v1"}}, true},
		"sound":         {manifest.Selection{Tracks: []string{"a1", "a2"}}, false},
		"one of sounds": {manifest.Selection{Languages: []string{"de"}}, true},
	} {
		got, err := manifest.Select(w, tc.s)
		require.NoError(t, err, name)
		require.Equal(t, tc.want, got.Images != nil, name)
	}
	require.NotNil(t, w.Images)
}

func namesOf(tracks []media.Track) []string {
	var names []string
	for _, t := range tracks {
		names = append(names, t.Name)
	}
	return names
}

// drawSelection is one about the time of those windows.
func drawSelection(t *rapid.T, windows []*media.Window) manifest.Selection {
	from, _, _ := windows[0].Bounds()
	_, to, _ := windows[len(windows)-1].Bounds()
	at := func(name string) time.Time {
		if !rapid.Bool().Draw(t, name) {
			return time.Time{}
		}
		return from.Add(time.Duration(rapid.Int64Range(-int64(time.Second), int64(to.Sub(from)+time.Second)).Draw(t, name+" at")))
	}
	s := manifest.Selection{Start: at("start"), End: at("end")}
	if rapid.Bool().Draw(t, "dvr") {
		s.DVR = time.Duration(rapid.Int64Range(1, int64(2*to.Sub(from))).Draw(t, "dvr of"))
	}
	if rapid.Bool().Draw(t, "tracks") {
		s.Tracks = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"v1", "a1", "a2", "a3"}), 1, 3, rapid.ID[string]).Draw(t, "tracks of")
	}
	return s
}

// TestSelectionsAsTimeGoesOn lets windows slide under a selection.
func TestSelectionsAsTimeGoesOn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		windows := manifesttest.Draw(t)
		s := drawSelection(t, windows)
		var was *media.Window
		for _, w := range windows {
			got, err := manifest.Select(w, s)
			if err != nil {
				continue
			}
			require.Equal(t, w.Target, got.Target)
			if was != nil {
				f1, l1 := numbers(was)
				f2, l2 := numbers(got)
				require.LessOrEqual(t, f1, f2, "the first number falls")
				require.LessOrEqual(t, l1, l2)
				require.False(t, was.Ended && (!got.Ended || l1 != l2 && f2 <= l1), "it goes on after its end")
				require.False(t, was.Ended && f2 <= l1 && !was.Published.Equal(got.Published))
			}
			was = got
			checkView(t, w, got, s)
		}
	})
}

// checkView compares a selection with the window row by row.
func checkView(t *rapid.T, w, got *media.Window, s manifest.Selection) {
	oldest, _ := numbers(w)
	first, last := numbers(got)
	for i := range w.Rows.Len() {
		row := w.Rows.At(i)
		end := row.Wall.Add(row.Duration)
		in := row.Number >= first && row.Number <= last
		const border = 20 * time.Millisecond
		if in {
			require.True(t, s.Start.IsZero() || end.After(s.Start.Add(border)), "row %d is before the start", row.Number)
			require.True(t, s.End.IsZero() || row.Wall.Before(s.End.Add(-border)), "row %d is behind the end", row.Number)
		} else if s.DVR == 0 {
			require.True(t, !end.After(s.Start.Add(border)) || !s.End.IsZero() && !row.Wall.Before(s.End.Add(-border)), "row %d is missing", row.Number)
		}
	}
	if s.DVR > 0 && s.Start.IsZero() {
		require.Equal(t, int(first-oldest), trimmed(w, int(last-oldest)+1, s.DVR), "rewinding of %v", s.DVR)
	}
	spans := manifest.Spans(got.Rows)
	seen := make(map[string]bool)
	for _, span := range spans {
		for _, track := range span.Run.Tracks {
			seen[track.Name] = true
			require.True(t, s.Tracks == nil || slices.Contains(s.Tracks, track.Name))
			for i := span.From; i < span.To; i++ {
				row, of := got.Rows.At(i), w.Rows.At(int(got.Rows.At(i).Number-oldest))
				require.Same(t, span.Run, row.Run)
				require.Same(t, of.Segment(track.Name), row.Segment(track.Name))
				require.Len(t, row.Segments, len(row.Run.Tracks))
			}
		}
		require.Len(t, pickTracks(w.Rows.At(int(got.Rows.At(span.From).Number-oldest)).Run, s), len(span.Run.Tracks))
	}
	for _, track := range got.Tracks {
		require.True(t, seen[track.Name])
	}
	require.Len(t, got.Tracks, len(seen))
}

func pickTracks(run *media.Run, s manifest.Selection) []media.Track {
	return slices.DeleteFunc(slices.Clone(run.Tracks), func(t media.Track) bool { return s.Tracks != nil && !slices.Contains(s.Tracks, t.Name) })
}

// trimmed is how many of the first n rows a window that trims itself row by row would have let go of.
func trimmed(w *media.Window, n int, dvr time.Duration) int {
	shortest := func(r *media.Row) time.Duration {
		d := r.Duration
		for _, s := range r.Segments {
			if !s.Gap() {
				d = min(d, s.Duration.Duration(s.Timescale))
			}
		}
		return d
	}
	listed, left := time.Duration(0), 0
	for i := range n {
		listed += shortest(w.Rows.At(i))
	}
	end := w.Rows.At(n - 1).End()
	for n-left > 6 && end.Sub(w.Rows.At(left+1).Start) >= dvr && listed-shortest(w.Rows.At(left)) >= 3*w.Target {
		listed -= shortest(w.Rows.At(left))
		left++
	}
	return left
}
