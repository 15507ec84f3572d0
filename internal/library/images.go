package library

import (
	"time"

	"weir/internal/media"
	"weir/packager/vod"
)

// What sheets of thumbnails look like. Devices are known that take pictures of up to 1080 pixels across only.
const (
	imagesName     = "i1"
	imageColumns   = 5
	imageRows      = 5
	imageHeight    = 108 // pixels
	widestImage    = 2 * imageHeight
	narrowestImage = imageHeight / 4
	imageBits      = 2 // a pixel, about

	// There are about so many thumbnails of a title at the least, where it has as many rows, and no more than one a second.
	fewestImages = 100
	sparsest     = 10 * time.Second // that thumbnails are where there are more
)

// imagesOf is the image track of a title, and the track of its pictures that it is made of; nil: it can have none. Of an album there is none.
func imagesOf(plan *vod.Title) (*media.Images, media.Track) {
	w := plan.Window()
	from, to, ok := w.Bounds()
	if !ok || len(plan.Offsets()) != 1 {
		return nil, media.Track{}
	}
	var of media.Track
	for _, t := range w.Tracks {
		// The lowest that is high enough costs least.
		if t.Kind == media.Video && t.Width > 0 && t.Height > 0 &&
			(of.Height == 0 || t.Height >= imageHeight && t.Height < of.Height || of.Height < imageHeight && t.Height > of.Height) {
			of = t
		}
	}
	if of.Height == 0 {
		return nil, of
	}
	length := to.Sub(from)
	interval := max(min(sparsest, upToSeconds(length/fewestImages)), upToSeconds(length/time.Duration(w.Rows.Len())), time.Second)
	width := min(max(imageHeight*of.Width/of.Height, narrowestImage), widestImage) &^ 1
	return &media.Images{
		Name: imagesName, Interval: interval, Columns: imageColumns, Rows: imageRows, Width: width, Height: imageHeight,
		Bandwidth: int(float64(width*imageHeight*imageBits) / interval.Seconds()),
	}, of
}

// upToSeconds is d, rounded up to whole seconds.
func upToSeconds(d time.Duration) time.Duration { return (d + time.Second - 1).Truncate(time.Second) }
