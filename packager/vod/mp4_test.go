package vod

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/media"
	"weir/internal/testmedia"
	"weir/testdata"
)

// Files with their moov at either end are indexed from three ranges, all of them in little memory.
func TestMP4IsIndexedFromFewRanges(t *testing.T) {
	t.Parallel()
	for _, path := range testmedia.Find(t, "mp4/*.mp4") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			f := load(t, path)
			x, err := Read(t.Context(), f)
			require.NoError(t, err)
			require.LessOrEqual(t, f.opens.Load(), int64(3))
			require.Empty(t, x.Problem)
			require.Less(t, float64(x.Bytes()), 10_000+2_000_000*x.Duration().Hours())
			again, err := Read(t.Context(), load(t, path))
			require.NoError(t, err)
			require.Equal(t, x.Sum(), again.Sum())
			require.NotZero(t, x.Sum())
		})
	}
}

// What edit lists say of the tracks: when they begin, and what is decoded before.
func TestEditListsOfMP4(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"edit_list_positive_shift.mp4": "1 1.0000-10.0000 from 1.0000; 2 0.0000-10.0053 from -0.0213",
		"prog_8s.mp4":                  "1 0.0000-8.0000 from 0.0000; 2 0.0667-8.0667 from 0.0667",
		"sample_edit_list.mp4":         "1 0.0000-2.5483 from -0.4550; 2 0.0000-2.5483 from -0.0385",
		"sample_opus.mp4":              "1 0.0000-1.0035 from -0.0865",
		"long_1080p_lowbitrate.mp4":    "1 0.0000-362.7667 from 0.0000; 2 0.0000-360.0000 from -0.0213",
	} {
		x, err := Read(t.Context(), load(t, testmedia.File(t, "mp4/"+name)))
		require.NoError(t, err)
		var got []string
		for _, k := range x.Tracks {
			if k.Why != "" {
				continue
			}
			s := func(ticks int64) float64 { return media.Ticks(ticks).Seconds(k.Format.Clock.Timescale) }
			got = append(got, fmt.Sprintf("%d %.4f-%.4f from %.4f", k.ID, s(k.Start), s(k.End), s(k.Samples.Stats().First+k.Shift)))
		}
		require.Equal(t, want, strings.Join(got, "; "), name)
	}
}

// Broken files are refused with words, or play as far as they go.
func TestBrokenMP4(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"sample_empty_track.mp4":          "2: it has no samples",
		"sample_malformed_free_box.mp4":   `error: file cannot be packaged: box "free" at 32 has a size of 3`,
		"sample_mdat_too_long.mp4":        "",
		"sample_missing_stsd.mp4":         "error: file cannot be packaged: track 2: malformed: no sample description",
		"sample_partially_fragmented.mp4": "",
		"sample_with_invalid_nalu.mp4":    "",
		"sample_without_stss.mp4":         "",
	} {
		x, err := Read(t.Context(), load(t, testmedia.File(t, "mp4/broken/"+name)))
		got := ""
		if err != nil {
			require.ErrorIs(t, err, ErrFile)
			got = "error: " + err.Error()
		} else {
			for _, k := range x.Tracks {
				if k.Why != "" {
					got += fmt.Sprintf("%d: %s", k.ID, k.Why)
				}
			}
		}
		require.Equal(t, want, got, name)
	}
}

// A file that is cut off is an error, wherever it is, but for one of fragments: that plays up to the last whole one.
func TestCutOffMP4(t *testing.T) {
	t.Parallel()
	whole := []byte(testdata.Demo)
	for n := 1; n < len(whole); n += len(whole)/50 + 1 {
		_, err := Read(t.Context(), inMemory(whole[:n]))
		require.ErrorIs(t, err, ErrFile, "%d bytes of %d", n, len(whole))
	}
	fragmented := load(t, testmedia.File(t, "mp4/sample_with_increasing_timestamps_320w_240h_fragmented.mp4"))
	x, err := Read(t.Context(), fragmented)
	require.NoError(t, err)
	fragmented.size = fragmented.size * 2 / 3
	fragmented.data = fragmented.data[:fragmented.size]
	y, err := Read(t.Context(), fragmented)
	require.NoError(t, err)
	require.Contains(t, y.Problem, "the file ends in the middle of the fragment at ")
	require.Less(t, y.Duration(), x.Duration())
	require.Greater(t, y.Duration(), x.Duration()/2)
	require.NotEqual(t, x.Sum(), y.Sum())
}

// A film over 4 GiB has its samples at 64-bit offsets. Nothing but its index is read.
func TestLargeMP4(t *testing.T) {
	t.Parallel()
	for _, front := range []bool{true, false} {
		const far = 7 << 30
		small, err := Read(t.Context(), inMemory([]byte(testdata.Demo)))
		require.NoError(t, err)
		f := enlarge(t, []byte(testdata.Demo), far, front)
		large, err := Read(t.Context(), f)
		require.NoError(t, err)
		require.LessOrEqual(t, f.opens.Load(), int64(3))
		require.Less(t, f.read.Load(), int64(2*len(testdata.Demo)+2<<20))
		require.Equal(t, len(small.Tracks), len(large.Tracks))
		for i, a := range small.Tracks {
			b := large.Tracks[i]
			require.Equal(t, a.Samples.Len(), b.Samples.Len())
			shift := int64(0)
			for k, s := range b.Samples.Samples(0, b.Samples.Len()) {
				for _, o := range a.Samples.Samples(k, k+1) {
					if k == 0 {
						shift = s.Offset - o.Offset
						require.Greater(t, shift, int64(far-len(testdata.Demo)))
					}
					o.Offset += shift
					require.Equal(t, o, s)
				}
			}
		}
	}
}

// enlarge moves the samples of a progressive MP4 behind that many bytes of nothing, into a file that is not there but for its bytes; moov is
// before or behind them. Its chunk offsets become 64-bit ones.
func enlarge(t *testing.T, data []byte, far int64, front bool) *memory {
	t.Helper()
	be := binary.BigEndian
	var ftyp, moov, mdat []byte
	at := int64(0)
	for p := data; len(p) >= 8; {
		n := be.Uint32(p)
		switch string(p[4:8]) {
		case "ftyp":
			ftyp = p[:n]
		case "moov":
			moov = p[:n]
		case "mdat":
			mdat, at = p[:n], int64(len(data)-len(p))
		}
		p = p[n:]
	}
	require.NotNil(t, mdat)
	shift := far - at
	moov = widen(moov, shift)
	header := append(be.AppendUint32(nil, 1), "mdat"...)
	f := &memory{parts: map[int64][]byte{far: mdat}}
	start := int64(len(ftyp))
	f.data = append(f.data, ftyp...)
	if front {
		f.data = append(f.data, moov...)
		start += int64(len(moov))
	}
	f.size = far + int64(len(mdat))
	f.data = be.AppendUint64(append(f.data, header...), uint64(f.size-start))
	if !front {
		f.parts[f.size] = moov
		f.size += int64(len(moov))
	}
	return f
}

// widen gives a box whose stco boxes are co64 boxes, with chunks that lie further behind.
func widen(box []byte, shift int64) []byte {
	be := binary.BigEndian
	name, body := string(box[4:8]), box[8:]
	var out []byte
	switch name {
	case "moov", "trak", "mdia", "minf", "stbl":
		for len(body) >= 8 {
			n := be.Uint32(body)
			out = append(out, widen(body[:n], shift)...)
			body = body[n:]
		}
	case "stco":
		name, out = "co64", append(out, body[:8]...)
		for p := body[8:]; len(p) >= 4; p = p[4:] {
			out = be.AppendUint64(out, uint64(int64(be.Uint32(p))+shift))
		}
	default:
		out = body
	}
	return append(append(be.AppendUint32(nil, uint32(8+len(out))), name...), out...)
}

func TestNotAFile(t *testing.T) {
	t.Parallel()
	for name, data := range map[string][]byte{
		"it is empty":                            nil,
		"it begins with 68 65 6c 6c 6f":          []byte("hello"),
		"no moov box":                            []byte("\x00\x00\x00\x08free"),
		"moof at 0 before any moov":              []byte("\x00\x00\x00\x08moof"),
		"moov without a whole mvhd":              []byte("\x00\x00\x00\x08moov"),
		`box "mdat" at 0 says that it has 18446`: []byte("\x00\x00\x00\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff"),
	} {
		_, err := Read(t.Context(), inMemory(data))
		require.ErrorIs(t, err, ErrFile)
		require.ErrorContains(t, err, name)
	}
}

// A four-hour film is indexed in time that is linear in its samples: a table of 900,000 is read in well under the time-out of a test.
func TestLongTable(t *testing.T) {
	t.Parallel()
	const samples = 4 * 3600 * 60
	be := binary.BigEndian
	full := func(name string, words ...uint32) []byte {
		b := append(be.AppendUint32(nil, uint32(12+4*len(words))), name...)
		b = be.AppendUint32(b, 0)
		for _, w := range words {
			b = be.AppendUint32(b, w)
		}
		return b
	}
	sizes, places := []uint32{0, samples}, []uint32{samples}
	for i := range uint32(samples) {
		sizes, places = append(sizes, 100+i%50), append(places, i*200)
	}
	syncs := []uint32{samples / 120}
	for i := uint32(1); i <= samples; i += 120 {
		syncs = append(syncs, i)
	}
	stbl := append(full("stts", 1, samples, 1500), full("stsc", 1, 1, 1, 1)...)
	stbl = append(append(append(stbl, full("stsz", sizes...)...), full("stco", places...)...), full("stss", syncs...)...)
	k := &trak{name: "track 1", samples: newBuilder(1<<32, "track 1")}
	require.NoError(t, k.sampleTable(stbl))
	table := k.samples.done()
	require.Equal(t, samples, table.Len())
	require.Equal(t, samples/120, table.Stats().Syncs)
	require.Equal(t, int64(samples*1500), table.Stats().End)
	require.Less(t, table.Memory(), int(4*time.Hour/time.Hour)*2_000_000)
}
