package library

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/catalog"
	"weir/internal/thumbnail"
	"weir/packager/vod"
)

// painter gives what it reads for a sheet, or fails.
type painter struct {
	made  atomic.Int64
	fails atomic.Pointer[error]
	begun chan struct{} // where it is not nil, one comes for each sheet
	goOn  chan struct{} // and one is waited for
}

func (p *painter) Make(ctx context.Context, _ thumbnail.Layout, open func(context.Context) (io.ReadCloser, error)) ([]byte, error) {
	p.made.Add(1)
	if p.begun != nil {
		p.begun <- struct{}{}
		<-p.goOn
	}
	if err := p.fails.Load(); err != nil {
		return nil, *err
	}
	in, err := open(ctx)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return io.ReadAll(in)
}

func newIllustrated(t *testing.T, p *painter) *fixture {
	t.Helper()
	f := newFixture(t, listing{"film": onDisk("demo.mp4"), "gone": onDisk("gone.mp4"), "album": {Tracks: []string{"film", "film"}}, "web": {
		Sites: []string{"web"}, Files: []catalog.AssetFile{{Path: "demo.mp4"}},
	}}, 0)
	f.cfg.Thumbnails = p
	return f
}

func opening(t *testing.T, f *fixture, id string) Asset {
	t.Helper()
	a, err := f.Open(t.Context(), id)
	require.NoError(t, err)
	t.Cleanup(a.Release)
	return a
}

// A sheet is made of the right key frames, once however many ask for it, and kept.
func TestSheetIsMadeOnce(t *testing.T) {
	t.Parallel()
	p := &painter{begun: make(chan struct{}), goOn: make(chan struct{})}
	f := newIllustrated(t, p)
	plan, file := f.planned(t, "demo.mp4")
	a := opening(t, f, "film")
	m := a.Window().Images
	require.NotNil(t, m)
	require.Nil(t, plan.Window().Images)
	var wg sync.WaitGroup
	var sheets [20][]byte
	for i := range sheets {
		wg.Go(func() {
			var err error
			sheets[i], err = a.Sheet(t.Context(), 1)
			if err != nil {
				t.Error(err)
			}
		})
	}
	<-p.begun
	p.goOn <- struct{}{}
	wg.Wait()
	from, to, _ := a.Window().Bounds()
	var at []time.Time
	for one := from; one.Before(to) && len(at) < m.Thumbnails(); one = one.Add(m.Interval) {
		at = append(at, one)
	}
	segment, ok := plan.Stills("v1", append(at, at[len(at)-1]))
	require.True(t, ok)
	want, err := segment.Read(t.Context(), func(int) vod.File { return file })
	require.NoError(t, err)
	want = append(bytes.Clone(plan.Init("v1", 1)), want...)
	for _, sheet := range sheets {
		require.True(t, bytes.Equal(want, sheet))
	}
	again, err := a.Sheet(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, want, again)
	require.EqualValues(t, 1, p.made.Load())
	for _, number := range []uint64{0, uint64(m.Sheets(to.Sub(from))) + 1, 999999, 1 << 63} {
		_, err := a.Sheet(t.Context(), number)
		require.ErrorIs(t, err, ErrNoSegment)
	}
}

// What cannot be made is tried again after a moment; what is only busy, at once. Whoever does not wait any more does not end it for the others.
func TestSheetThatCannotBeMade(t *testing.T) {
	t.Parallel()
	p := &painter{}
	f := newIllustrated(t, p)
	a := opening(t, f, "film")
	for _, tc := range []struct{ is, told error }{
		{thumbnail.ErrPictures, vod.ErrFile}, {io.ErrUnexpectedEOF, io.ErrUnexpectedEOF}, {context.DeadlineExceeded, context.DeadlineExceeded},
	} {
		p.fails.Store(&tc.is)
		before := p.made.Load()
		for range 3 {
			_, err := a.Sheet(t.Context(), 1)
			require.ErrorIs(t, err, tc.told)
		}
		require.Equal(t, before+1, p.made.Load())
		f.clock.pass(failedFor)
	}
	busy := thumbnail.ErrBusy
	p.fails.Store(&busy)
	before := p.made.Load()
	for range 3 {
		_, err := a.Sheet(t.Context(), 1)
		require.ErrorIs(t, err, ErrBusy)
	}
	require.Equal(t, before+3, p.made.Load())
	p.fails.Store(nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Sheet(ctx, 1); !errors.Is(err, context.Canceled) {
		require.NoError(t, err)
	}
	_, err := a.Sheet(t.Context(), 1)
	require.NoError(t, err)
	f.sheets.mu.Lock()
	defer f.sheets.mu.Unlock()
	require.Empty(t, f.sheets.by)
	st, _ := f.Status("film")
	require.NotEmpty(t, st.LastError)
}

func TestWithoutThumbnails(t *testing.T) {
	t.Parallel()
	p := &painter{}
	f := newIllustrated(t, p)
	album := opening(t, f, "album")
	require.Nil(t, album.Window().Images)
	_, err := album.Sheet(t.Context(), 1)
	require.ErrorIs(t, err, ErrNoSegment)
	f.cfg.Thumbnails = nil
	require.Nil(t, opening(t, f, "web").Window().Images)
	require.Zero(t, p.made.Load())
}

func TestSheetsEndWithTheLibrary(t *testing.T) {
	t.Parallel()
	f := newIllustrated(t, &painter{})
	a := opening(t, f, "film")
	f.Library.Close()
	_, err := a.Sheet(t.Context(), 1)
	require.ErrorIs(t, err, ErrClosed)
}

func TestLayoutOfThumbnails(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil, 0)
	plan, _ := f.planned(t, "demo.mp4")
	m, of := imagesOf(plan)
	require.Equal(t, "v1", of.Name)
	require.Zero(t, m.Interval%time.Second)
	require.Equal(t, imageHeight, m.Height)
	require.InDelta(t, float64(of.Width)/float64(of.Height), float64(m.Width)/float64(m.Height), 0.03)
	require.Zero(t, m.Width%2)
	album, err := vod.Join([]*vod.Title{plan, plan})
	require.NoError(t, err)
	none, _ := imagesOf(album)
	require.Nil(t, none)
}
