package library

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"weir/internal/catalog"
	"weir/internal/origin"
	"weir/packager/vod"
	"weir/testdata"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// listing is a catalog of assets that do not change.
type listing map[string]catalog.Asset

func (l listing) Resolve(id string) (catalog.Asset, bool) {
	a, ok := l[id]
	a.ID = id
	return a, ok
}

func (l listing) Tracks(album catalog.Asset) (tracks []catalog.Asset, err error) {
	for _, id := range album.Tracks {
		a, _ := l.Resolve(id)
		tracks = append(tracks, a)
	}
	return tracks, nil
}

func (l listing) Page(string, string, int) (all []catalog.Asset) {
	for id := range l {
		a, _ := l.Resolve(id)
		all = append(all, a)
	}
	return all
}

func (l listing) Libraries() []catalog.Library { return nil }

func (l listing) Watch(context.Context) <-chan catalog.AssetChange {
	changes := make(chan catalog.AssetChange, len(l))
	for id := range l {
		a, _ := l.Resolve(id)
		changes <- catalog.AssetChange{ID: id, Asset: a}
	}
	close(changes)
	return changes
}

// clock is one that the test moves.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time       { return time.Unix(0, c.at.Load()) }
func (c *clock) pass(d time.Duration) { c.at.Add(int64(d)) }

// fixture is a library of the demo clip in a directory, and on an HTTP server that does what it is told.
type fixture struct {
	*Library
	clock  clock
	dir    string
	origin *origin.Origin
	// web answers instead of the file server, unless it is nil or gives false.
	web atomic.Pointer[func(w http.ResponseWriter, r *http.Request) bool]
}

func newFixture(t *testing.T, assets listing, head int64) *fixture {
	t.Helper()
	f := &fixture{dir: t.TempDir()}
	f.write(t, "demo.mp4", testdata.Demo)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if web := f.web.Load(); web != nil && (*web)(w, r) {
			return
		}
		w.Header().Set("Etag", `"1"`)
		http.ServeFile(w, r, filepath.Join(f.dir, filepath.Base(r.URL.Path)))
	}))
	t.Cleanup(server.Close)
	log := slog.New(slog.DiscardHandler)
	var err error
	f.origin, err = origin.New([]origin.Config{{Name: "disk", URL: "file:" + f.dir}, {Name: "web", URL: server.URL + "/"}}, log, f.clock.now)
	require.NoError(t, err)
	t.Cleanup(f.origin.Close)
	f.Library = New(Config{Catalog: assets, Origin: f.origin, Segment: 4 * time.Second, Memory: 64 << 20, Head: head, Log: log, Now: f.clock.now})
	t.Cleanup(f.Library.Close)
	return f
}

func (f *fixture) write(t *testing.T, name, data string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(f.dir, name+".new"), []byte(data), 0o600))
	require.NoError(t, os.Rename(filepath.Join(f.dir, name+".new"), filepath.Join(f.dir, name)))
}

func onDisk(file string) catalog.Asset {
	return catalog.Asset{Sites: []string{"disk"}, Files: []catalog.AssetFile{{Path: file}}}
}

// planned is a title of a file as it is on the disk, and a way to what its segments have to be.
func (f *fixture) planned(t *testing.T, file string) (*vod.Title, vod.File) {
	t.Helper()
	of, err := f.origin.Open(t.Context(), []string{"disk"}, file)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, of.Close()) })
	index, err := vod.Read(t.Context(), of)
	require.NoError(t, err)
	plan, err := vod.New([]vod.Input{{Index: index}}, 4*time.Second)
	require.NoError(t, err)
	return plan, of
}

func (f *fixture) requests(site string) uint64 {
	for _, s := range f.origin.Stats() {
		if s.Name == site {
			return s.Requests
		}
	}
	return 0
}

// However many ask for however many segments at a time, each gets the right bytes, and each stretch of the file is read once.
func TestSegmentsAreReadOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, listing{"film": {Sites: []string{"web"}, Files: []catalog.AssetFile{{Path: "demo.mp4"}}}}, 0)
	plan, file := f.planned(t, "demo.mp4")
	a, err := f.Open(t.Context(), "film")
	require.NoError(t, err)
	defer a.Release()
	rows := a.Window().Rows
	opened := f.requests("web")
	var all sync.WaitGroup
	for range 20 {
		for i := range rows.Len() {
			for _, track := range a.Window().Tracks {
				all.Go(func() {
					b, err := a.Segment(track.Name, rows.At(i).Number)
					if err != nil {
						t.Error(err)
						return
					}
					got, err := ReadAll(t.Context(), b)
					seg, _ := plan.Segment(track.Name, rows.At(i).Number)
					want, failed := seg.Read(t.Context(), func(int) vod.File { return file })
					if err != nil || failed != nil || string(got) != string(want) {
						t.Errorf("%s %d: %d bytes, %v, want %d, %v", track.Name, i, len(got), err, len(want), failed)
					}
				})
			}
		}
	}
	all.Wait()
	// Audio lies between the pictures: where they were asked for first it came with them.
	require.LessOrEqual(t, f.requests("web")-opened, uint64(2*rows.Len()))
	st := f.Stats()
	require.LessOrEqual(t, st.Reads, uint64(2*rows.Len()))
	require.Zero(t, st.Failures)
}

// Where there is room for one segment only, what has landed is gone in a moment: it is read again then, and nobody is refused.
func TestSegmentsThatMakeRoomForEachOther(t *testing.T) {
	t.Parallel()
	f := newFixture(t, listing{"film": onDisk("demo.mp4")}, 0)
	f.Fit(freshShare * 600_000)
	a, err := f.Open(t.Context(), "film")
	require.NoError(t, err)
	defer a.Release()
	rows := a.Window().Rows
	var all sync.WaitGroup
	for range 50 {
		for i := range rows.Len() {
			all.Go(func() {
				b, err := a.Segment("v1", rows.At(i).Number)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := ReadAll(t.Context(), b); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	require.LessOrEqual(t, f.Stats().CacheBytes, int64(freshShare*600_000))
}

// What is listed is read before anybody asks, and the segment behind one that was asked for is read with it.
func TestWhatWillBeAskedForIsThere(t *testing.T) {
	t.Parallel()
	f := newFixture(t, listing{"film": onDisk("demo.mp4")}, 32<<20)
	f.Run(t.Context())
	require.Equal(t, 1, f.Stats().Titles)
	a, err := f.Open(t.Context(), "film")
	require.NoError(t, err)
	defer a.Release()
	for _, track := range a.Window().Tracks {
		b, err := a.Segment(track.Name, 0)
		require.NoError(t, err)
		require.NotNil(t, b.Bytes(), "the beginning is in memory")
	}
	require.Positive(t, f.Stats().HeadBytes)
	require.LessOrEqual(t, f.Stats().Misses, uint64(2), "those that warmed it")
	require.Eventually(t, func() bool { return f.cache.has(key{a.(opened).generation, "v1", 1, false}) }, time.Minute, time.Millisecond, "the next is read ahead")
}

// A file that was replaced is another version: old media is served to who has the old manifest open, never under the new one's name.
func TestReplacedFile(t *testing.T) {
	t.Parallel()
	f := newFixture(t, listing{"film": onDisk("film.mp4")}, 0)
	f.write(t, "film.mp4", testdata.Demo)
	old, err := f.Open(t.Context(), "film")
	require.NoError(t, err)
	defer old.Release()
	changed := []byte(testdata.Demo)
	changed[strings.Index(testdata.Demo, "mdat")+5000] ^= 1
	f.write(t, "film.mp4", string(changed))
	f.clock.pass(checkEvery)
	var a Asset
	require.Eventually(t, func() bool {
		if a != nil {
			a.Release()
		}
		a, err = f.Open(t.Context(), "film")
		return err == nil && a.Version() != old.Version()
	}, time.Minute, time.Millisecond)
	defer a.Release()
	was, err := old.Segment("v1", 0)
	require.NoError(t, err)
	is, err := a.Segment("v1", 0)
	require.NoError(t, err)
	require.NotEqual(t, was.Tag(), is.Tag())
	before, err := ReadAll(t.Context(), was)
	require.NoError(t, err)
	after, err := ReadAll(t.Context(), is)
	require.NoError(t, err)
	require.NotEqual(t, before, after)
	plan, file := f.planned(t, "film.mp4")
	seg, _ := plan.Segment("v1", 0)
	want, err := seg.Read(t.Context(), func(int) vod.File { return file })
	require.NoError(t, err)
	require.Equal(t, want, after)
}

// A site that changes a file in mid-play ends that version with an error, and the next opening has the new one.
func TestChangedInMidPlay(t *testing.T) {
	t.Parallel()
	f := newFixture(t, listing{"film": {Sites: []string{"web"}, Files: []catalog.AssetFile{{Path: "demo.mp4"}}}}, 0)
	a, err := f.Open(t.Context(), "film")
	require.NoError(t, err)
	defer a.Release()
	changed := func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Etag", `"2"`)
		http.ServeFile(w, r, filepath.Join(f.dir, "demo.mp4"))
		return true
	}
	f.web.Store(&changed)
	b, err := a.Segment("v1", 3)
	require.NoError(t, err)
	_, err = ReadAll(t.Context(), b)
	require.ErrorIs(t, err, origin.ErrChanged)
	require.Positive(t, f.Stats().Failures)
	require.Eventually(t, func() bool {
		again, err := f.Open(t.Context(), "film")
		if err != nil {
			return false
		}
		defer again.Release()
		b, err := again.Segment("v1", 3)
		if err != nil {
			return false
		}
		_, err = ReadAll(t.Context(), b)
		return err == nil
	}, time.Minute, time.Millisecond)
}

// Broken and missing files are told in words, once and not at every request.
func TestWhatCannotBeOpened(t *testing.T) {
	t.Parallel()
	f := newFixture(t, listing{"broken": onDisk("broken.mp4"), "missing": onDisk("none.mp4"), "demo": onDisk("demo.mp4")}, 0)
	f.write(t, "broken.mp4", testdata.Demo[:1000])
	for range 5 {
		_, err := f.Open(t.Context(), "broken")
		require.ErrorIs(t, err, vod.ErrFile)
		_, err = f.Open(t.Context(), "missing")
		require.ErrorIs(t, err, origin.ErrNotFound)
		_, err = f.Open(t.Context(), "none")
		require.ErrorIs(t, err, ErrNotFound)
	}
	st, ok := f.Status("broken")
	require.True(t, ok)
	require.NotEmpty(t, st.LastError)
	asked := f.requests("disk")
	_, err := f.Open(t.Context(), "broken")
	require.ErrorIs(t, err, vod.ErrFile)
	require.Equal(t, asked, f.requests("disk"), "it is not read anew")
	f.write(t, "broken.mp4", testdata.Demo)
	f.clock.pass(failedFor)
	a, err := f.Open(t.Context(), "broken")
	require.NoError(t, err)
	_, err = a.Segment("v9", 0)
	require.ErrorIs(t, err, ErrNoSegment)
	_, err = a.Segment("v1", 1<<40)
	require.ErrorIs(t, err, ErrNoSegment)
	a.Release()
}

// A store that may not be listed refuses what it does not have: the next site is asked, and where none has the file, it is not there for who asks.
// Nobody can fill the log by asking for files that a library never had.
func TestRefusedFiles(t *testing.T) {
	t.Parallel()
	both := func(path string, sites ...string) catalog.Asset {
		return catalog.Asset{Sites: sites, Files: []catalog.AssetFile{{Path: path}}}
	}
	f := newFixture(t, listing{
		"film": both("demo.mp4", "web", "disk"), "lost": both("none.mp4", "web", "disk"), "store": both("none.mp4", "web"),
		"movies~none.mp4": both("none.mp4", "web", "disk"), "movies~never.mp4": both("never.mp4", "disk"), "dead": both("dead.mp4", "web", "disk"),
	}, 0)
	var log lines
	f.cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
	answer := func(w http.ResponseWriter, r *http.Request) bool {
		status := http.StatusForbidden
		if strings.Contains(r.URL.Path, "dead") {
			status = http.StatusBadGateway
		}
		w.WriteHeader(status)
		return true
	}
	f.web.Store(&answer)
	a, err := f.Open(t.Context(), "film")
	require.NoError(t, err)
	a.Release()
	for id, want := range map[string]error{"lost": ErrForbidden, "store": ErrForbidden, "movies~none.mp4": ErrForbidden, "movies~never.mp4": origin.ErrNotFound} {
		_, err := f.Open(t.Context(), id)
		require.ErrorIs(t, err, want, id)
		st, _ := f.Status(id)
		require.NotEmpty(t, st.LastError)
		require.Equal(t, !strings.Contains(id, "~"), strings.Contains(log.String(), "asset="+id), id)
	}
	require.Contains(t, log.String(), "it answers 403")
	for _, s := range f.origin.Stats() {
		require.True(t, s.Healthy, s.Name)
	}
	_, err = f.Open(t.Context(), "dead")
	require.ErrorIs(t, err, origin.ErrUnavailable)
	require.NotErrorIs(t, err, ErrForbidden)
}

// lines is what was logged.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// A segment that is too large for the memory is read for each who asks, and any part of it.
func TestLargeSegments(t *testing.T) {
	t.Parallel()
	f := newFixture(t, listing{"film": onDisk("demo.mp4")}, 0)
	f.Fit(1 << 20)
	plan, file := f.planned(t, "demo.mp4")
	seg, ok := plan.Segment("v1", 1)
	require.True(t, ok)
	want, err := seg.Read(t.Context(), func(int) vod.File { return file })
	require.NoError(t, err)
	a, err := f.Open(t.Context(), "film")
	require.NoError(t, err)
	defer a.Release()
	b, err := a.Segment("v1", 1)
	require.NoError(t, err)
	require.IsType(t, &direct{}, b)
	r, err := b.Open(t.Context(), 100, b.Size()-7)
	require.NoError(t, err)
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.Equal(t, want[100:len(want)-7], got)
}
