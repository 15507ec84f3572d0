package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"weir/internal/media"
	"weir/packager/vod"
)

// ErrFile is wrapped by every error about what a file holds.
var ErrFile = vod.ErrFile

// clip is a file that can be played: its tracks, on a common timeline that begins at 0.
type clip struct {
	r      io.ReaderAt
	tracks []*track
	// length is that of the loop, in ticks of clock: all of every track, rounded up to a whole tick of the leading one.
	length media.Ticks
	clock  uint32
	// left says in words what of the file is not played.
	left []string
}

// ranges is a file for the index.
type ranges struct {
	r    io.ReaderAt
	size int64
}

// Size implements vod.File.
func (f ranges) Size() int64 { return f.size }

// Open implements vod.File.
func (f ranges) Open(_ context.Context, offset, length int64) (io.ReadCloser, error) {
	return io.NopCloser(whole{io.NewSectionReader(f.r, offset, length), length}), nil
}

// whole tells a file that has become shorter from the end of the range.
type whole struct {
	*io.SectionReader
	length int64
}

// Read implements io.Reader.
func (w whole) Read(p []byte) (int, error) {
	n, err := w.SectionReader.Read(p)
	if at, _ := w.Seek(0, io.SeekCurrent); errors.Is(err, io.EOF) && at < w.length {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// newClip indexes the file of that size. Tracks that are neither video nor audio are left out, and so are those that cannot be packaged.
func newClip(ctx context.Context, r io.ReaderAt, size int64) (*clip, error) {
	x, err := vod.Read(ctx, ranges{r, size})
	if err != nil {
		return nil, err
	}
	c := &clip{r: r}
	if x.Problem != "" {
		c.left = append(c.left, x.Problem)
	}
	for _, k := range x.Tracks {
		switch {
		case k.Kind != media.Video && k.Kind != media.Audio:
			continue
		case k.Why != "":
			c.left = append(c.left, fmt.Sprintf("track %d: %s", k.ID, k.Why))
			continue
		}
		if t := newTrack(k); t.from < t.to {
			c.tracks = append(c.tracks, t)
		}
	}
	if len(c.tracks) == 0 {
		return nil, fmt.Errorf("%w: %s", ErrFile, strings.Join(append([]string{"no track of video or audio plays"}, c.left...), "; "))
	}
	return c, c.align()
}

// align moves all tracks so that the earliest presentation is at 0, and finds the length of the loop.
func (c *clip) align() error {
	lead := c.tracks[0]
	for _, t := range c.tracks {
		if t.Kind == media.Video {
			lead = t
			break
		}
	}
	const nano = 1_000_000_000
	origin := media.Ticks(math.MaxInt64)
	for _, t := range c.tracks {
		origin = min(origin, media.Rescale(media.Ticks(t.start), t.scale(), nano))
	}
	c.clock = lead.scale()
	for _, t := range c.tracks {
		t.move(-int64(media.Rescale(origin, nano, t.scale())))
		c.length = max(c.length, media.RescaleUp(media.Ticks(max(t.end, t.decoding())), t.scale(), c.clock))
	}
	if c.length <= 0 || c.length.Seconds(c.clock) > 30*24*3600 {
		return fmt.Errorf("%w: a duration of %.3f s", ErrFile, c.length.Seconds(c.clock))
	}
	return nil
}

// formats are what a feed announces.
func (c *clip) formats() []media.Format {
	all := make([]media.Format, len(c.tracks))
	for i, t := range c.tracks {
		all[i] = t.Format
	}
	return all
}

// String is for people.
func (c *clip) String() string {
	names := make([]string, len(c.tracks))
	for i, t := range c.tracks {
		names[i] = t.Format.String()
	}
	return fmt.Sprintf("%s, %.3f s", strings.Join(names, " + "), c.length.Seconds(c.clock))
}
