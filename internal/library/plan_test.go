package library

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"weir/packager/vod"
)

// memory is a vod.File of some bytes. It counts.
type memory struct {
	data  []byte
	opens atomic.Int64
	bytes atomic.Int64
	fail  func(offset int64) error // what Open, or a Read at that offset, fails with; may be nil
}

func (m *memory) Size() int64 { return int64(len(m.data)) }

func (m *memory) Open(_ context.Context, offset, length int64) (io.ReadCloser, error) {
	m.opens.Add(1)
	if m.fail != nil {
		if err := m.fail(offset); err != nil {
			return nil, err
		}
	}
	return io.NopCloser(&memoryReader{m, offset, offset + length}), nil
}

type memoryReader struct {
	of     *memory
	at, to int64
}

func (r *memoryReader) Read(p []byte) (int, error) {
	if r.at == r.to {
		return 0, io.EOF
	}
	if r.of.fail != nil {
		if err := r.of.fail(r.at); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.of.data[r.at:min(r.to, r.at+1000)])
	r.at += int64(n)
	r.of.bytes.Add(int64(n))
	return n, nil
}

// noise is bytes that are nowhere the same.
func noise(n int) []byte {
	data := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(n)})
	_, _ = r.Read(data) // it never fails
	return data
}

// want is the bytes that a segment has.
func want(seg vod.Segment, files []vod.File) []byte {
	data := slices.Clone(seg.Head)
	for _, s := range seg.Spans {
		data = append(data, files[s.File].(*memory).data[s.Offset:s.Offset+s.Length]...)
	}
	return data
}

func loadOf(track string, spans []vod.Span) *load {
	seg := vod.Segment{Head: []byte("head of " + track), Spans: spans}
	seg.Size = int64(len(seg.Head))
	for _, s := range spans {
		seg.Size += s.Length
	}
	return &load{segment: seg, flight: newFlight(key{track: track}, &seg)}
}

// However the stretches of tracks lie in files, what a plan makes has the right bytes, and no stretch of the first is read twice.
func TestPlansMakeWhatTheySay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		files := []vod.File{&memory{data: noise(20_000)}, &memory{data: noise(20_001)}}
		rising := rapid.Bool().Draw(t, "rising")
		draw := func(name string) *load {
			var spans []vod.Span
			at := int64(0)
			file := 0
			for range rapid.IntRange(1, 8).Draw(t, name) {
				if !rising {
					at, file = rapid.Int64Range(0, 15_000).Draw(t, "at"), rapid.IntRange(0, 1).Draw(t, "file")
				}
				at += rapid.Int64Range(0, 1500).Draw(t, "gap")
				s := vod.Span{File: file, Offset: at, Length: rapid.Int64Range(1, 700).Draw(t, "length")}
				at += s.Length
				spans = append(spans, s)
			}
			return loadOf(name, spans)
		}
		first, others := draw("v1"), []*load{draw("a1"), draw("a2")}
		reads, made := plan(first, others, rapid.Int64Range(0, 2000).Draw(t, "near"), func(*load) bool { return true })
		require.Same(t, first, made[0])
		require.NoError(t, run(t.Context(), files, reads, made))
		for _, l := range made {
			l.flight.end(nil)
			require.True(t, bytes.Equal(want(l.segment, files), l.flight.data), l.flight.key.track)
		}
		size := total(reads)
		for _, l := range made {
			alone, _ := plan(l, nil, 0, nil)
			size -= total(alone)
		}
		require.LessOrEqual(t, size, int64(2000*20), "nothing is read but what lies between")
	})
}

func TestAudioBetweenVideoIsMadeWithIt(t *testing.T) {
	t.Parallel()
	var video, audio []vod.Span
	for i := range int64(5) {
		video = append(video, vod.Span{Offset: i * 1000, Length: 900})
		if i < 4 {
			audio = append(audio, vod.Span{Offset: i*1000 + 900, Length: 100})
		}
	}
	reads, made := plan(loadOf("v1", video), []*load{loadOf("a1", audio)}, 100, func(*load) bool { return true })
	require.Len(t, reads, 1)
	require.Len(t, made, 2)
	long := []vod.Span{{Offset: 900, Length: 100}, {Offset: 1900, Length: 5000}}
	reads, made = plan(loadOf("v1", video[:2]), []*load{loadOf("a1", long)}, 100, func(*load) bool { return true })
	require.Len(t, reads, 1)
	require.Len(t, made, 1, "most of it lies elsewhere")
}

// The tracks of a segment begin and end at the same time, but not at the same place.
func TestAudioThatReachesOutIsMadeWithVideo(t *testing.T) {
	t.Parallel()
	var video, audio []vod.Span
	for i := range int64(5) {
		video = append(video, vod.Span{Offset: i*1000 + 100, Length: 900})
		audio = append(audio, vod.Span{Offset: i * 1000, Length: 100})
	}
	all := func(*load) bool { return true }
	for _, gap := range []int64{0, 100} {
		reads, made := plan(loadOf("v1", video), []*load{loadOf("a1", audio)}, gap, all)
		require.Len(t, reads, 1, "gap %d", gap)
		require.Len(t, made, 2)
	}
	// Video is not read because somebody listens, unless most of it has to be read for that.
	reads, made := plan(loadOf("a1", audio), []*load{loadOf("v1", video)}, 100, all)
	require.Len(t, reads, 5)
	require.Len(t, made, 1)
	_, made = plan(loadOf("a1", audio), []*load{loadOf("v1", video)}, 900, all)
	require.Len(t, made, 2)
}

// A read that fails in the middle ends all that it was to make, after what was there.
func TestFlightsEndWithTheirRead(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	file := &memory{data: noise(1 << 20), fail: func(at int64) error {
		if at >= 500_000 {
			return broken
		}
		return nil
	}}
	l := loadOf("v1", []vod.Span{{Offset: 0, Length: 1 << 20}})
	reads, made := plan(l, nil, 0, nil)
	b := &boarded{flight: l.flight}
	got := make(chan []byte)
	go func() {
		r, err := b.Open(t.Context(), 0, b.Size())
		if err != nil {
			close(got)
			return
		}
		var all bytes.Buffer
		_, err = io.Copy(&all, r)
		if errors.Is(err, broken) {
			got <- all.Bytes()
		}
		close(got)
	}()
	err := run(t.Context(), []vod.File{file}, reads, made)
	require.ErrorIs(t, err, broken)
	l.flight.end(err)
	there := <-got
	require.Equal(t, blockSize*3+len(l.segment.Head), len(there), "whole blocks before the error")
	require.True(t, bytes.HasPrefix(want(l.segment, []vod.File{file}), there))
}

func TestNothingIsSentOfWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	broken := errors.New("no")
	file := &memory{data: noise(1000), fail: func(int64) error { return broken }}
	l := loadOf("v1", []vod.Span{{Offset: 0, Length: 1000}})
	reads, made := plan(l, nil, 0, nil)
	l.flight.end(run(t.Context(), []vod.File{file}, reads, made))
	_, err := (&boarded{flight: l.flight}).Open(t.Context(), 0, l.segment.Size)
	require.ErrorIs(t, err, broken)
	_, err = (&direct{files: []vod.File{file}, segment: l.segment}).Open(t.Context(), 0, l.segment.Size)
	require.ErrorIs(t, err, broken)
}

// Any range of a segment can be read without keeping it.
func TestDirect(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		files := []vod.File{&memory{data: noise(5000)}}
		var spans []vod.Span
		at := int64(0)
		for range rapid.IntRange(1, 6).Draw(t, "spans") {
			at += rapid.Int64Range(0, 300).Draw(t, "gap")
			n := rapid.Int64Range(1, 400).Draw(t, "length")
			spans = append(spans, vod.Span{Offset: at, Length: n})
			at += n
		}
		l := loadOf("v1", spans)
		all := want(l.segment, files)
		from := rapid.Int64Range(0, l.segment.Size).Draw(t, "from")
		to := rapid.Int64Range(from, l.segment.Size).Draw(t, "to")
		r, err := (&direct{files: files, segment: l.segment, gap: 100}).Open(t.Context(), from, to)
		require.NoError(t, err)
		got, err := io.ReadAll(r)
		require.NoError(t, err)
		require.NoError(t, r.Close())
		require.True(t, bytes.Equal(all[from:to], got))
	})
}
