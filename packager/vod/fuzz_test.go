package vod

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/internal/testmedia"
	"weir/testdata"
)

// Whatever bytes a file has, it is refused, or all of it is cut into segments whose bytes are there.
func FuzzTitle(f *testing.F) {
	demo := []byte(testdata.Demo)
	f.Add(demo[:min(len(demo), 40<<10)])
	f.Add([]byte("\x00\x00\x00\x08moov"))
	f.Add([]byte("\x00\x00\x00\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff"))
	for _, name := range []string{"sample_ac3.mp4", "sample_opus.mp4", "sample_audio_only_15s.mp4", "h265_bframes.mp4", "fragmented_captions.mp4"} {
		if path, ok := testmedia.Path("mp4/" + name); ok {
			b, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file := inMemory(b)
		x, err := Read(t.Context(), file)
		if err != nil {
			if !errors.Is(err, ErrFile) {
				t.Fatalf("error %v does not blame the file", err)
			}
			return
		}
		title, err := New([]Input{{Index: x}}, 2*time.Second)
		if err != nil {
			if !errors.Is(err, ErrFile) {
				t.Fatalf("error %v does not blame the file", err)
			}
			return
		}
		w := title.Window()
		for i := range min(w.Rows.Len(), 200) {
			row := w.Rows.At(i)
			for _, s := range row.Segments {
				seg, ok := title.Segment(s.Track, row.Number)
				require.Equal(t, !s.Gap(), ok)
				title.Keys(s.Track, row.Number)
				if ok && seg.Size < 1<<20 {
					data, err := seg.Read(t.Context(), func(int) File { return file })
					require.NoError(t, err)
					require.Len(t, data, int(s.Bytes))
				}
			}
		}
	})
}
