package thumbnail

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"log/slog"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

// generate is a file that ffmpeg makes.
func generate(t *testing.T, args string) []byte {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
	all := append(strings.Fields("-v error -nostdin "+args), "-movflags", "frag_keyframe+empty_moov", "-f", "mp4", "-")
	out, err := exec.CommandContext(t.Context(), "ffmpeg", all...).Output()
	require.NoError(t, err)
	return out
}

// greys are pictures of one grey each, brighter from one to the next, one a second.
const greys = "-f lavfi -i color=c=black:s=320x180:r=1:d=8,geq=lum='40+20*N':cb=128:cr=128 -c:v libx264 -preset ultrafast -g 1 -pix_fmt yuv420p "

func opens(data []byte) func(context.Context) (io.ReadCloser, error) {
	return func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
}

var layout = Layout{Columns: 3, Rows: 3, Width: 64, Height: 36, Count: 7, Each: time.Second}

// brightness is that of the middle of thumbnail k.
func brightness(sheet image.Image, k int) int {
	r, _, _, _ := sheet.At(k%layout.Columns*layout.Width+layout.Width/2, k/layout.Columns*layout.Height+layout.Height/2).RGBA()
	return int(r >> 8)
}

func TestMake(t *testing.T) {
	t.Parallel()
	film := generate(t, greys)
	m := New("ffmpeg", 10, quiet)
	data, err := m.Make(t.Context(), layout, opens(film))
	require.NoError(t, err)
	sheet, err := jpeg.Decode(bytes.NewReader(data))
	require.NoError(t, err)
	require.Equal(t, image.Rect(0, 0, 3*64, 3*36), sheet.Bounds())
	for k := range 9 {
		want := 0
		if k < layout.Count { // full range from limited
			want = (40 + 20*k - 16) * 255 / 219
		}
		require.InDelta(t, want, brightness(sheet, k), 4, "thumbnail %d", k)
	}
}

// A frame that cannot be decoded moves none of the others.
func TestBrokenFrame(t *testing.T) {
	t.Parallel()
	film := generate(t, greys)
	at := 0
	for range 4 { // the frame of 3 s
		at += bytes.Index(film[at:], []byte("mdat")) + 4
	}
	end := at + bytes.Index(film[at:], []byte("moof")) - 4
	for i := at; i < end; i++ {
		film[i] = 0xff
	}
	data, err := New("ffmpeg", 0, quiet).Make(t.Context(), layout, opens(film))
	require.NoError(t, err)
	sheet, err := jpeg.Decode(bytes.NewReader(data))
	require.NoError(t, err)
	for k := range layout.Count {
		if k != 3 {
			require.InDelta(t, (40+20*k-16)*255/219, brightness(sheet, k), 4, "thumbnail %d", k)
		}
	}
}

func TestWhatCannotBeMade(t *testing.T) {
	t.Parallel()
	film := generate(t, greys)
	m := New("ffmpeg", 0, quiet)
	lost := errors.New("lost")
	for name, tc := range map[string]struct {
		open func(context.Context) (io.ReadCloser, error)
		want error
	}{
		"nothing":   {opens(nil), ErrPictures},
		"garbage":   {opens(bytes.Repeat([]byte("garbage "), 100_000)), ErrPictures},
		"no frames": {opens(film[:bytes.Index(film, []byte("moof"))-4]), ErrPictures},
		"not there": {func(context.Context) (io.ReadCloser, error) { return nil, lost }, lost},
		"breaks off": {func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(bytes.NewReader(film[:2000]), broken{lost})), nil
		}, lost},
	} {
		data, err := m.Make(t.Context(), layout, tc.open)
		require.ErrorIs(t, err, tc.want, name)
		require.Nil(t, data, name)
	}
	require.Zero(t, m.waiting.Load())
}

// broken is a reader that fails.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// A child that writes without an end, or does not end, is ended.
func TestChildIsEnded(t *testing.T) {
	t.Parallel()
	c := child{in: source{from: bytes.NewReader(nil)}, out: bounded{most: 100_000}, words: bounded{most: maxWords}}
	require.Error(t, c.run(t.Context(), "yes", 10, nil))
	require.Len(t, c.out.data, 100_000)
	c = child{in: source{from: bytes.NewReader(nil)}, out: bounded{most: 1}, words: bounded{most: maxWords}}
	soon, stop := context.WithTimeout(t.Context(), time.Millisecond)
	defer stop()
	require.Error(t, c.run(soon, "sleep", 10, []string{"1000"}))
	c = child{in: source{from: bytes.NewReader(nil)}}
	require.Error(t, c.run(t.Context(), filepath.Join(t.TempDir(), "none"), 10, nil))

	m := New("ffmpeg", 0, quiet)
	if m == nil {
		t.Skip("ffmpeg is not installed")
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := m.Make(ctx, layout, func(ctx context.Context) (io.ReadCloser, error) {
		r, w := io.Pipe()
		context.AfterFunc(ctx, func() { _ = w.CloseWithError(ctx.Err()) })
		cancel()
		return r, nil
	})
	require.ErrorIs(t, err, context.Canceled)
}

// Few are made at one time, few wait, and the others are told.
func TestBusy(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
	m := New("ffmpeg", 0, quiet)
	lost := errors.New("lost")
	begun, goOn := make(chan struct{}, 100), make(chan struct{})
	results := make(chan error, 100)
	const asked = waiting + 5
	for range asked {
		go func() {
			_, err := m.Make(t.Context(), layout, func(context.Context) (io.ReadCloser, error) {
				begun <- struct{}{}
				<-goOn
				return nil, lost
			})
			results <- err
		}()
	}
	for range asked - waiting {
		require.ErrorIs(t, <-results, ErrBusy)
	}
	for range children {
		<-begun
	}
	require.Empty(t, begun)
	close(goOn)
	for range waiting {
		require.ErrorIs(t, <-results, lost)
	}
}

func TestNoProgram(t *testing.T) {
	t.Parallel()
	require.Nil(t, New(filepath.Join(t.TempDir(), "ffmpeg"), 0, quiet))
}
