package library

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"weir/internal/media"
	"weir/internal/thumbnail"
	"weir/packager/vod"
)

// Illustration is the thumbnails of a title. It is immutable.
type Illustration struct {
	plan   *vod.Title
	window *media.Window
	of     media.Track // that they are made of
}

// Illustrate gives a title thumbnails; nil: it can have none, for it has no pictures, or is an album.
func Illustrate(plan *vod.Title) *Illustration {
	m, of := imagesOf(plan)
	if m == nil {
		return nil
	}
	w := *plan.Window()
	w.Images = m
	return &Illustration{plan: plan, window: &w, of: of}
}

// Window is the title's, with its thumbnails.
func (i *Illustration) Window() *media.Window { return i.window }

// Sheets is how many there are. The first has the number media.FirstSheet.
func (i *Illustration) Sheets() int {
	from, to, _ := i.window.Bounds()
	return i.window.Images.Sheets(to.Sub(from))
}

// Make makes the sheet of that number, which is there. open begins to read a segment of the title's key frames. Errors: those of by and open, and
// vod.ErrFile.
func (i *Illustration) Make(ctx context.Context, by Thumbnails, number uint64, open func(context.Context, *vod.Segment) (io.ReadCloser, error)) ([]byte, error) {
	m := i.window.Images
	first := int(number-media.FirstSheet) * m.Thumbnails()
	start, end, _ := i.window.Bounds()
	var at []time.Time
	for k := range m.Thumbnails() {
		if one := start.Add(time.Duration(first+k) * m.Interval); one.Before(end) {
			at = append(at, one)
		}
	}
	layout := thumbnail.Layout{
		Columns: m.Columns, Rows: m.Rows, Width: m.Width, Height: m.Height, Count: len(at), Each: vod.StillDuration,
	}
	at = append(at, at[len(at)-1]) // see Thumbnails
	segment, ok := i.plan.Stills(i.of.Name, at)
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: it has no key frames for thumbnails", vod.ErrFile)
	case segment.Size > maxHeld:
		return nil, fmt.Errorf("%w: its key frames are too large for thumbnails", vod.ErrFile)
	}
	header := i.plan.Init(i.of.Name, i.of.Init)
	return by.Make(ctx, layout, func(ctx context.Context) (io.ReadCloser, error) {
		frames, err := open(ctx, &segment)
		if err != nil {
			return nil, err
		}
		return struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(header), frames), frames}, nil
	})
}
