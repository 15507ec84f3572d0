package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"weir/internal/library"
	"weir/internal/media"
	"weir/internal/thumbnail"
	"weir/manifest"
	"weir/manifest/hls"
	"weir/packager/vod"
)

// vodThumbnails are the thumbnails of a title, and what makes them.
type vodThumbnails struct {
	*library.Illustration
	maker *thumbnail.Maker
}

// thumbnails are those of a title, or why it has none.
func (c *vodPackageCommand) thumbnails(title *vod.Title) (*vodThumbnails, error) {
	t := &vodThumbnails{library.Illustrate(title), thumbnail.New(c.FFmpeg, 0, slog.New(slog.DiscardHandler))}
	switch {
	case t.Illustration == nil:
		return nil, errors.New("--thumbnails: the files have no pictures")
	case t.maker == nil:
		return nil, fmt.Errorf("--thumbnails: ffmpeg is not there: install it, or say where it is by --ffmpeg (%s)", c.FFmpeg)
	}
	return t, nil
}

// sheets writes the sheets of thumbnails and their playlist.
func (o *vodOutput) sheets(ctx context.Context) error {
	t := o.thumbnails
	name := t.Window().Images.Name
	if err := os.MkdirAll(filepath.Join(o.dir, name), 0o755); err != nil {
		return err
	}
	for i := range t.Sheets() {
		number := uint64(media.FirstSheet + i)
		data, err := t.Make(ctx, t.maker, number, func(ctx context.Context, frames *vod.Segment) (io.ReadCloser, error) {
			data, err := frames.Read(ctx, o.source)
			return io.NopCloser(bytes.NewReader(data)), err
		})
		if err == nil {
			err = o.put(fmt.Sprintf("%s/%d.jpg", name, number), data)
		}
		if err != nil {
			return fmt.Errorf("sheet %d of thumbnails: %w", number, err)
		}
	}
	text, err := hls.Images(t.Window(), manifest.Links{})
	if err != nil {
		return err
	}
	return o.put(name+"/index.m3u8", text)
}
