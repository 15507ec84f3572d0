// Package thumbnail makes sheets of thumbnails from key frames: one ffmpeg, as a child process, for each sheet.
//
//	init segment and key frames ─► pipe ─► ffmpeg: decode, scale, tile ─► pipe ─► JPEG
//
// What is decoded comes from files of others, so the child can do no more than read its pipe and write one, in bounded time, and what it writes is
// bounded too. Few children run at one time, and few sheets wait for their turn.
package thumbnail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"sync/atomic"
	"time"
)

var (
	// ErrBusy says that too many sheets are waiting to be made.
	ErrBusy = errors.New("too many thumbnails are being made at once")
	// ErrPictures says that ffmpeg could make nothing of the pictures.
	ErrPictures = errors.New("the pictures cannot be decoded")
)

// Bounds of what is made at one time, and of what a sheet costs.
const (
	children = 2
	waiting  = 16               // sheets, with those that are being made
	timeout  = 20 * time.Second // of a child
	maxSheet = 8 << 20          // bytes
)

// Layout is what a sheet looks like.
type Layout struct {
	Columns, Rows int
	Width, Height int           // of a thumbnail, in pixels
	Count         int           // of thumbnails that are there; behind them the sheet is black
	Each          time.Duration // how long each frame that comes in lasts: thumbnail k is the one that is presented at k times that
}

// Maker makes sheets. It is safe for concurrent use.
type Maker struct {
	program string
	nice    int
	turns   chan struct{}
	waiting atomic.Int32
}

// New is a Maker that runs that program, with that CPU priority (0 to 19). It is nil, and the log tells why, where there is no such program.
func New(program string, nice int, log *slog.Logger) *Maker {
	path, err := exec.LookPath(program)
	if err != nil {
		log.Warn("assets have no thumbnails: ffmpeg is not there, install it or set ingest.ladder.ffmpeg", "err", err)
		return nil
	}
	return &Maker{program: path, nice: nice, turns: make(chan struct{}, children)}
}

// Make makes a sheet, as JPEG, of what open gives: an MP4 of one track of pictures, all of them key frames, one for each thumbnail and one more, for
// how long the last one lasts is not looked at. They are turned as its tkhd says, and the layout is that of what is turned. A frame that cannot be
// decoded is shown as the one before it.
//
// Errors: ErrBusy, ErrPictures, those of ctx, and what went wrong when the MP4 was opened or read.
func (m *Maker) Make(ctx context.Context, l Layout, open func(context.Context) (io.ReadCloser, error)) ([]byte, error) {
	defer m.waiting.Add(-1)
	if m.waiting.Add(1) > waiting {
		return nil, ErrBusy
	}
	select {
	case m.turns <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-m.turns }()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	in, err := open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }() // it was only read
	c := child{in: source{from: in}, out: bounded{most: maxSheet}, words: bounded{most: maxWords}}
	err = c.run(ctx, m.program, m.nice, arguments(l))
	switch from := c.in.failed(); {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("make thumbnails: %w", ctx.Err())
	case from != nil:
		return nil, from
	case err != nil || len(c.out.data) == 0:
		return nil, fmt.Errorf("%w: ffmpeg says %q (%v)", ErrPictures, c.said(), err)
	}
	return c.out.data, nil
}

// arguments are those of a child.
func arguments(l Layout) []string {
	// What is missing among the frames is filled, so that each is in its place. JPEG has the full range, and the matrix of BT.601.
	filters := fmt.Sprintf("fps=fps=1/%g:start_time=0:round=near,trim=end_frame=%d,scale=%d:%d:flags=bicubic:out_color_matrix=bt601:out_range=pc,format=yuvj420p,setsar=1,tile=%dx%d",
		l.Each.Seconds(), l.Count, l.Width, l.Height, l.Columns, l.Rows)
	return []string{
		"-hide_banner", "-nostdin", "-nostats", "-loglevel", "error", "-copyts", "-protocol_whitelist", "pipe",
		"-threads", "1", "-max_pixels", "70000000", "-f", "mp4", "-i", "pipe:0",
		"-map", "0:v:0", "-filter_threads", "1", "-vf", filters, "-frames:v", "1", "-c:v", "mjpeg", "-q:v", "4", "-threads", "1", "-f", "image2pipe", "pipe:1",
	}
}
