package clip

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"weir/internal/clip/cliptest"
	"weir/internal/media"
	"weir/manifest/manifesttest"
)

var quiet = slog.New(slog.DiscardHandler)

// channels is a Source.
type channels map[string]*cliptest.Filled

func (c channels) Snapshot(channel string) (*media.Window, func(string, uint32) []byte, bool) {
	f, ok := c[channel]
	if !ok {
		return nil, nil, false
	}
	return f.Window, f.Init, true
}

func (channels) Media(_ context.Context, _ string, seg *media.Segment) ([]byte, error) {
	return seg.Data, nil
}

func open(t require.TestingT, dir string) *Store {
	s, err := Open(Config{
		Dir: dir, Log: quiet, Now: func() time.Time { return manifesttest.Epoch.Add(time.Hour) },
		Free: func(string) (int64, error) { return 1 << 40, nil },
	})
	require.NoError(t, err)
	return s
}

// twoRuns is a window of v1 and a1: six rows, a hole of seven seconds and another size, six rows.
func twoRuns() *cliptest.Filled {
	c := manifesttest.New(4711)
	c.Run(0, manifesttest.AVC(1, 1280, 720, "avc1.64001f"), manifesttest.AAC("a1", 1, 48000, "en"))
	c.Rows(6, 2*time.Second, 100_000)
	c.Run(7*time.Second, manifesttest.AVC(2, 1920, 1080, "avc1.640028"), manifesttest.AAC("a1", 1, 48000, "en"))
	c.Rows(6, 2*time.Second, 100_000)
	return cliptest.Fill(c.Window(), 42)
}

// whole is a request for all that there is.
func whole(f *cliptest.Filled) Request {
	rows := f.Window.Rows
	return Request{Channel: "news", Name: "All of it", Start: began(rows.At(0)), End: ended(rows.At(rows.Len() - 1))}
}

// same compares an opened clip with rows from ≤ i < to of the window that it was made of.
func same(t require.TestingT, a *Asset, f *cliptest.Filled, from, to int) {
	w := a.Window()
	require.True(t, w.Ended)
	require.Equal(t, to-from, w.Rows.Len())
	kept := &cliptest.Filled{Window: &media.Window{Rows: &cut{window: f.Window, from: from, to: to}}, Samples: f.Samples}
	for i := range to - from {
		want := *f.Window.Rows.At(from + i)
		want.Segments = make([]*media.Segment, len(want.Run.Tracks))
		for k, was := range f.Window.Rows.At(from + i).Segments {
			s := *was
			data := s.Data
			s.Data, s.Rate = nil, media.Rate{}
			s.Anchor = want.Anchor
			want.Segments[k] = &s
			seg, r, ok := a.Segment(s.Track, want.Number)
			require.Equal(t, !was.Gap(), ok)
			if !ok {
				continue
			}
			got, err := io.ReadAll(r)
			require.NoError(t, err)
			require.True(t, bytes.Equal(data, got), "%s %d", s.Track, want.Number)
			require.Equal(t, castagnoli(got), seg.Checksum)
			require.Equal(t, f.Init(s.Track, s.Init), a.Init(s.Track, s.Init))
		}
		require.Empty(t, cmp.Diff(&want, w.Rows.At(i)))
	}
	mp4, err := io.ReadAll(a.MP4())
	require.NoError(t, err)
	require.Equal(t, a.Info.MP4, int64(len(mp4)))
	require.NoError(t, cliptest.Compare(kept, mp4))
}

func TestClipKeepsRowsMediaAndTimes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		windows := manifesttest.Draw(t)
		f := cliptest.Fill(windows[len(windows)-1], rapid.Uint64().Draw(t, "seed"))
		rows := f.Window.Rows
		s := open(t, dir)
		defer s.Close()
		m := NewMaker(s, channels{"news": f})
		first := rapid.IntRange(0, rows.Len()-1).Draw(t, "first")
		last := rapid.IntRange(first, rows.Len()-1).Draw(t, "last")
		inRow := func(label string, i int) time.Time {
			return began(rows.At(i)).Add(time.Duration(rapid.Int64Range(0, int64(rows.At(i).Duration)-1).Draw(t, label)))
		}
		start, end := inRow("start", first), inRow("end", last).Add(1)
		if !end.After(start) {
			end = start.Add(1)
		}
		info, err := m.Make(context.Background(), Request{Channel: "news", Start: start, End: end})
		require.NoError(t, err)
		require.False(t, info.Start.After(start))
		require.False(t, info.End.Before(end))

		s.Close()
		again := open(t, dir) // after a restart
		defer again.Close()
		got, ok := again.Get(info.ID)
		require.True(t, ok)
		require.Empty(t, cmp.Diff(info, got))
		a, err := again.Open(info.ID)
		require.NoError(t, err)
		defer a.Release()
		from := int(a.Window().Rows.At(0).Number - rows.At(0).Number)
		to := from + a.Window().Rows.Len()
		require.LessOrEqual(t, from, first)
		require.GreaterOrEqual(t, to, last+1)
		same(t, a, f, from, to)
		// No more was kept than was asked for, but for what decoding needs.
		require.True(t, from == first || !independent(rows.At(first)) || began(rows.At(first)).Before(ended(rows.At(first-1))))
		require.True(t, to == last+1 || began(rows.At(to-1)).Before(end))
		require.NoError(t, again.Delete(info.ID))
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, left)
	})
}

func TestDirectoryBelongsToOneStore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	_, err := Open(Config{Dir: dir, Log: quiet, Now: time.Now})
	require.ErrorIs(t, err, ErrLocked)
	s.Close()
	open(t, dir).Close()
}

func TestClipIsRefused(t *testing.T) {
	t.Parallel()
	f := twoRuns()
	first := began(f.Window.Rows.At(0))
	hole := ended(f.Window.Rows.At(5))
	s := open(t, t.TempDir())
	defer s.Close()
	m := NewMaker(s, channels{"news": f, "idle": {Window: &media.Window{Channel: "idle"}}})
	at := func(d time.Duration) time.Time { return first.Add(d) }
	for name, tc := range map[string]struct {
		r     Request
		field string // or, with a space, the beginning of what the window has to say
	}{
		"end before start":   {Request{Channel: "news", Start: at(2), End: at(1)}, "end"},
		"nothing":            {Request{Channel: "news", Start: at(1), End: at(1)}, "end"},
		"no start":           {Request{Channel: "news", End: at(1)}, "start"},
		"too long":           {Request{Channel: "news", Start: at(0), End: at(MaxLength + 1)}, "end"},
		"long name":          {Request{Channel: "news", Name: strings.Repeat("x", 201), Start: at(0), End: at(1)}, "name"},
		"name with control":  {Request{Channel: "news", Name: "a\nb", Start: at(0), End: at(1)}, "name"},
		"before the window":  {Request{Channel: "news", Start: at(-slack - 1), End: at(1)}, "the stretch begins before the window"},
		"behind the window":  {Request{Channel: "news", Start: at(0), End: at(time.Minute)}, "the stretch ends behind the window"},
		"where nothing is":   {Request{Channel: "news", Start: hole.Add(1), End: hole.Add(time.Second)}, "there is no media"},
		"nothing on the air": {Request{Channel: "idle", Start: at(0), End: at(1)}, "there is nothing"},
	} {
		_, err := m.Make(t.Context(), tc.r)
		var field *FieldError
		var where *RangeError
		switch {
		case errors.As(err, &field):
			require.Equal(t, tc.field, field.Field, name)
		case errors.As(err, &where):
			require.Contains(t, where.Error(), tc.field, name)
		default:
			require.Fail(t, name, "%v", err)
		}
	}
	_, err := m.Make(t.Context(), Request{Channel: "other", Start: at(0), End: at(1)})
	require.ErrorIs(t, err, ErrChannel)
	require.ErrorIs(t, s.Delete("other"), ErrNotFound)
	_, err = s.Open("other")
	require.ErrorIs(t, err, ErrNotFound)
	gone, stop := context.WithCancel(t.Context())
	stop()
	_, err = m.Make(gone, whole(f))
	require.ErrorIs(t, err, context.Canceled)

	s.free = func(string) (int64, error) { return margin, nil }
	_, err = m.Make(t.Context(), whole(f))
	require.ErrorIs(t, err, ErrFull)
	require.ErrorIs(t, full(&os.PathError{Err: syscall.ENOSPC}), ErrFull)
	left, err := os.ReadDir(s.dir)
	require.NoError(t, err)
	require.Empty(t, left)
	require.Zero(t, s.reserved)
	require.Zero(t, s.making)
}

// Two clips are made at a time, some wait, and the rest is told to come again.
func TestMakingClipsIsBounded(t *testing.T) {
	t.Parallel()
	f := twoRuns()
	s := open(t, t.TempDir())
	defer s.Close()
	begun, goOn := make(chan struct{}, 100), make(chan struct{})
	s.step = func(step string) {
		if step == "directory made" {
			begun <- struct{}{}
			<-goOn
		}
	}
	m := NewMaker(s, channels{"news": f})
	results := make(chan error, 100)
	for range atATime + inLine {
		go func() {
			_, err := m.Make(t.Context(), whole(f))
			results <- err
		}()
	}
	<-begun
	<-begun
	require.Eventually(t, func() bool { return m.here.Load() == atATime+inLine }, time.Minute, time.Millisecond)
	_, err := m.Make(t.Context(), whole(f))
	require.ErrorIs(t, err, ErrBusy)
	require.Empty(t, begun)
	require.Empty(t, s.List(""))
	close(goOn)
	for range atATime + inLine {
		require.NoError(t, <-results)
	}
	require.Len(t, s.List("news"), atATime+inLine)
	require.Empty(t, s.List("other"))
}

func TestDeletedClipIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	f := twoRuns()
	s := open(t, t.TempDir())
	m := NewMaker(s, channels{"news": f})
	info, err := m.Make(t.Context(), whole(f))
	require.NoError(t, err)
	require.Equal(t, "All of it", info.Name)
	require.Equal(t, 31*time.Second, info.Length.Round(time.Second))
	a, err := s.Open(info.ID)
	require.NoError(t, err)
	b, err := s.Open(info.ID)
	require.NoError(t, err)
	require.Same(t, a, b)
	b.Release()
	require.NoError(t, s.Delete(info.ID))
	require.Empty(t, s.List(""))
	_, err = s.Open(info.ID)
	require.ErrorIs(t, err, ErrNotFound)
	same(t, a, f, 0, f.Window.Rows.Len())
	s.Close()
	same(t, a, f, 0, f.Window.Rows.Len())
	a.Release()
	_, err = io.ReadAll(a.MP4())
	require.ErrorIs(t, err, os.ErrClosed)
}

func TestOpenedClipsAreBounded(t *testing.T) {
	t.Parallel()
	f := twoRuns()
	s := open(t, t.TempDir())
	m := NewMaker(s, channels{"news": f})
	var all []*Asset
	for range maxOpened + 5 {
		info, err := m.Make(t.Context(), whole(f))
		require.NoError(t, err)
		a, err := s.Open(info.ID)
		require.NoError(t, err)
		all = append(all, a)
	}
	require.Len(t, s.opened.by, maxOpened)
	for _, a := range all {
		same(t, a, f, 0, f.Window.Rows.Len())
		a.Release()
	}
	s.Close()
	for _, a := range all {
		_, err := a.files[0].Stat()
		require.ErrorIs(t, err, os.ErrClosed)
	}
}

// What was changed on the disk is told apart from what was made.
func TestDamagedClipIsNotOpened(t *testing.T) {
	t.Parallel()
	f := twoRuns()
	for _, name := range []string{"v1.m4s", rowsName, movieHeadName, movieMapName, documentName} {
		s := open(t, t.TempDir())
		info, err := NewMaker(s, channels{"news": f}).Make(t.Context(), whole(f))
		require.NoError(t, err)
		path := filepath.Join(s.dir, info.ID, name)
		st, err := os.Stat(path)
		require.NoError(t, err)
		require.NoError(t, os.Truncate(path, st.Size()-1))
		_, err = s.Open(info.ID)
		require.ErrorIs(t, err, ErrDamaged, name)
		s.Close()
		again := open(t, s.dir)
		_, ok := again.Get(info.ID)
		require.Equal(t, name != documentName, ok)
		again.Close()
	}
}
