package movie

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"weir/internal/clip/cliptest"
	"weir/internal/media"
	"weir/manifest/manifesttest"
)

// failer is a test, or one round of a property.
type failer interface {
	require.TestingT
	Helper()
}

// build makes a movie of a window, whose tracks lie in a file each.
func build(t failer, dir string, f *cliptest.Filled) *File {
	t.Helper()
	b := NewBuilder(dir)
	defer b.Close()
	sources, number := []*bytes.Buffer{}, make(map[string]int)
	rows := f.Window.Rows
	for i := range rows.Len() {
		row := rows.At(i)
		for k, track := range row.Run.Tracks {
			seg := row.Segments[k]
			if seg == nil || seg.Gap() {
				continue
			}
			n, ok := number[track.Name]
			if !ok {
				n = len(sources)
				number[track.Name], sources = n, append(sources, new(bytes.Buffer))
			}
			require.NoError(t, b.Add(track, f.Init(track.Name, track.Init), n, int64(sources[n].Len()), seg.Data))
			sources[n].Write(seg.Data)
		}
	}
	var head, layout bytes.Buffer
	sizes, err := b.Finish(&head, &layout)
	require.NoError(t, err)
	require.Equal(t, int64(head.Len()), sizes.Head)
	require.Equal(t, sizes.Pieces*recordSize, int64(layout.Len()))
	file := &File{Sizes: sizes, HeadFile: bytes.NewReader(head.Bytes()), Layout: bytes.NewReader(layout.Bytes())}
	for _, s := range sources {
		file.Sources = append(file.Sources, bytes.NewReader(s.Bytes()))
	}
	return file
}

func TestMovieHasEverySampleOnceAtItsTime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		windows := manifesttest.Draw(t)
		f := cliptest.Fill(windows[len(windows)-1], rapid.Uint64().Draw(t, "seed"))
		file := build(t, dir, f)
		data, err := io.ReadAll(file.Reader())
		require.NoError(t, err)
		require.Equal(t, file.Total(), int64(len(data)))
		require.NoError(t, cliptest.Compare(f, data))

		r := file.Reader()
		for range 20 {
			at := rapid.Int64Range(0, file.Total()).Draw(t, "at")
			_, err := r.Seek(at, io.SeekStart)
			require.NoError(t, err)
			part := make([]byte, rapid.IntRange(1, 4096).Draw(t, "length"))
			n, err := r.Read(part)
			if at == file.Total() {
				require.ErrorIs(t, err, io.EOF)
				continue
			}
			require.NoError(t, err)
			require.True(t, bytes.Equal(part[:n], data[at:min(at+int64(len(part)), file.Total())]))
		}
	})
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestMovieInterleavesTracks(t *testing.T) {
	t.Parallel()
	c := manifesttest.New(0)
	c.Run(0, manifesttest.AVC(1, 1280, 720, "avc1.64001f"), manifesttest.AAC("a1", 1, 48000, "en"))
	c.Rows(30, 2*time.Second, 100_000)
	f := cliptest.Fill(c.Window(), 7)
	file := build(t, t.TempDir(), f)
	r := file.Reader()
	size := int64(0)
	for i := range file.Pieces {
		rec, err := r.record(i)
		require.NoError(t, err)
		require.Equal(t, size, rec.start)
		size += int64(rec.length)
	}
	require.Equal(t, file.Payload, size)
	data, err := io.ReadAll(r)
	require.NoError(t, err)
	traks, err := cliptest.Parse(data)
	require.NoError(t, err)
	// What is decoded at about the same time is near by.
	place := func(s cliptest.Played) int { return cap(data) - cap(s.Data) }
	for _, a := range traks[1].Samples {
		for _, v := range traks[0].Samples {
			if d := v.DTS - a.DTS; max(d, -d) < cliptest.Scale/10 && max(place(a)-place(v), place(v)-place(a)) > 12_000 {
				require.Fail(t, "far apart", "%d: %d and %d", a.DTS, place(a), place(v))
			}
		}
	}
}

// A run whose pictures are decoded long before they are shown begins to decode before the last picture of the run before it.
func TestMovieOfRunsThatOverlapInDecoding(t *testing.T) {
	t.Parallel()
	c := manifesttest.New(0)
	for range 6 {
		c.Run(0, manifesttest.AVC(1, 1280, 720, "avc1.64001f"))
		c.Rows(1, 2*time.Second, 100_000)
	}
	overlaps := false
	for seed := range uint64(20) {
		f := cliptest.Fill(c.Window(), seed)
		for i, s := range f.Samples["v1"] {
			overlaps = overlaps || i > 0 && s.DTS <= f.Samples["v1"][i-1].DTS
		}
		data, err := io.ReadAll(build(t, t.TempDir(), f).Reader())
		require.NoError(t, err)
		require.NoError(t, cliptest.Compare(f, data))
	}
	require.True(t, overlaps, "the test makes none")
}

func TestMovieRefusesAHoleThatNoSampleCanFill(t *testing.T) {
	t.Parallel()
	c := manifesttest.New(0)
	c.Run(0, manifesttest.AVC(1, 1280, 720, "avc1.64001f"))
	c.Rows(1, 2*time.Second, 100_000)
	c.Run(14*time.Hour, manifesttest.AVC(1, 1280, 720, "avc1.64001f"))
	c.Rows(1, 2*time.Second, 100_000)
	f := cliptest.Fill(c.Window(), 1)
	b := NewBuilder(t.TempDir())
	defer b.Close()
	track := f.Window.Tracks[0]
	header := f.Init("v1", 1)
	require.NoError(t, b.Add(track, header, 0, 0, f.Window.Rows.At(0).Segments[0].Data))
	require.ErrorIs(t, b.Add(track, header, 0, 0, f.Window.Rows.At(1).Segments[0].Data), ErrHole)
}

func TestMovieOfNothing(t *testing.T) {
	t.Parallel()
	_, err := NewBuilder(t.TempDir()).Finish(io.Discard, io.Discard)
	require.ErrorIs(t, err, ErrEmpty)
}

// A file of more than 4 GiB has wide offsets; its media is not there in this test, only its sizes are.
func TestMovieOverFourGigabytes(t *testing.T) {
	t.Parallel()
	b := NewBuilder(t.TempDir())
	defer b.Close()
	track := manifesttest.AVC(1, 1280, 720, "avc1.64001f")
	s, err := b.strand(track, 0)
	require.NoError(t, err)
	_, entry, err := s.entry(cliptest.Header(track))
	require.NoError(t, err)
	at := int64(0)
	for i := range 6 {
		in := sample{dts: media.Ticks(i) * 90000, duration: 90000, size: 1 << 30, sync: true}
		require.NoError(t, s.add(in, entry, at))
		at += int64(in.size)
	}
	var head, layout bytes.Buffer
	sizes, err := b.Finish(&head, &layout)
	require.NoError(t, err)
	require.Equal(t, int64(6<<30), sizes.Payload)
	co64, err := descend(head.Bytes()[:head.Len()-16], "moov", "trak", "mdia", "minf", "stbl", "co64")
	require.NoError(t, err)
	f := fields{b: co64.body[8:]}
	for i := range uint64(6) {
		require.Equal(t, uint64(head.Len())+i<<30, f.u64())
	}
	require.Equal(t, []byte{0, 0, 0, 1, 'm', 'd', 'a', 't', 0, 0, 0, 1, 0x80, 0, 0, 16}, head.Bytes()[head.Len()-16:])
}

// Whatever a file holds that was damaged, reading it ends.
func TestReaderOfADamagedLayout(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		layout := make([]byte, 10*recordSize)
		for i := range layout {
			layout[i] = byte(rng.Uint32())
			if i%4 < 3 && rng.IntN(3) > 0 {
				layout[i] = 0
			}
		}
		f := &File{
			Sizes:    Sizes{Head: 4, Payload: 1000, Pieces: 10},
			HeadFile: bytes.NewReader(make([]byte, 4)), Layout: bytes.NewReader(layout),
			Sources: []io.ReaderAt{bytes.NewReader(make([]byte, 100))},
		}
		_, err := io.ReadAll(f.Reader())
		require.ErrorIs(t, err, ErrDamaged)
	}
}
