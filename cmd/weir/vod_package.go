package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/dash"
	"weir/manifest/hls"
	"weir/packager/vod"
	"weir/packager/vtt"
)

// vodPackageCommand is `weir vod package`.
type vodPackageCommand struct {
	Paths      []string      `arg:"" name:"file... dir" help:"Media files of one title, and behind them the directory to write. A file may end with # and the language of its audio or subtitles."`
	Segment    time.Duration `help:"How long segments are to be." default:"4s"`
	Thumbnails bool          `help:"Write sheets of thumbnails too, which ffmpeg makes of key frames."`
	FFmpeg     string        `name:"ffmpeg" help:"The program that makes them." default:"ffmpeg" placeholder:"PROGRAM"`
	Force      bool          `help:"Write into a directory that has something in it already: files of the same names are replaced."`
}

// Help is what the help of the command adds.
func (*vodPackageCommand) Help() string {
	return "The directory gets index.m3u8 and manifest.mpd, and a directory a track. What is in them is what the edge serves for the same files, " +
		"under the same names; thumbnails only with --thumbnails. A new directory appears when it is complete; in one that is there, each file does, manifests last."
}

// Run writes the directory.
func (c *vodPackageCommand) Run(ctx context.Context) error {
	if len(c.Paths) < 2 {
		return errors.New("vod package: at least one file, and the directory to write, are needed")
	}
	dir := filepath.Clean(c.Paths[len(c.Paths)-1])
	fresh, err := isFresh(dir)
	if err != nil {
		return err
	}
	if !fresh && !c.Force {
		return fmt.Errorf("%s has something in it: --force writes into it all the same, and replaces files of the same names", dir)
	}
	inputs, err := openInputs(ctx, c.Paths[:len(c.Paths)-1])
	defer closeInputs(inputs)
	if err != nil {
		return err
	}
	title, err := titleOf(inputs, c.Segment)
	if err != nil {
		return err
	}
	out := &vodOutput{title: title, inputs: inputs, dir: dir}
	if c.Thumbnails {
		if out.thumbnails, err = c.thumbnails(title); err != nil {
			return err
		}
	}
	if fresh {
		if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
			return err
		}
		if out.dir, err = os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+"-"); err != nil {
			return err
		}
	}
	err = out.write(ctx)
	if fresh {
		err = settle(out.dir, dir, err)
	}
	if err != nil {
		return fmt.Errorf("package %s: %w", dir, err)
	}
	fmt.Printf("%s: %d files, %s\n", dir, out.files, byteCount(out.bytes))
	return nil
}

// isFresh tells whether there is nothing at a path, or an empty directory.
func isFresh(dir string) (bool, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	return len(entries) == 0, err
}

// settle gives a directory that was written its name, or takes it away where that went wrong.
func settle(made, dir string, failed error) error {
	if failed == nil {
		failed = os.Chmod(made, 0o755)
	}
	if failed == nil {
		if failed = os.Remove(dir); errors.Is(failed, os.ErrNotExist) { // it is empty
			failed = nil
		}
	}
	if failed == nil {
		failed = os.Rename(made, dir)
	}
	if failed != nil {
		return errors.Join(failed, os.RemoveAll(made))
	}
	return nil
}

// vodOutput writes a title as files.
type vodOutput struct {
	title  *vod.Title
	inputs []*vodInput
	dir    string
	files  int
	bytes  int64
	// thumbnails are those of the title; nil: they are not written.
	thumbnails *vodThumbnails
}

// write writes all files, what others refer to first.
func (o *vodOutput) write(ctx context.Context) error {
	w := o.title.Window()
	for _, t := range w.Tracks {
		if err := os.MkdirAll(filepath.Join(o.dir, t.Name), 0o755); err != nil {
			return err
		}
		init := o.title.Init(t.Name, t.Init)
		if err := o.put(fmt.Sprintf("%s/init-%d.mp4", t.Name, t.Init), init); err != nil {
			return err
		}
		for i := range w.Rows.Len() {
			if err := o.row(ctx, w.Rows.At(i), &t, init); err != nil {
				return err
			}
		}
	}
	if o.thumbnails != nil {
		w = o.thumbnails.Window()
		if err := o.sheets(ctx); err != nil {
			return err
		}
	}
	return o.manifests(w)
}

// row writes what there is of a track under a number.
func (o *vodOutput) row(ctx context.Context, row *media.Row, t *media.Track, init []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	seg, ok := o.title.Segment(t.Name, row.Number)
	if !ok {
		return nil
	}
	name := fmt.Sprintf("%s/%d", t.Name, row.Number)
	if err := o.segment(ctx, name+".m4s", &seg); err != nil {
		return err
	}
	if keys, ok := o.title.Keys(t.Name, row.Number); ok {
		if err := o.segment(ctx, name+".key.m4s", &keys); err != nil {
			return err
		}
	}
	if t.Codec != media.WVTT {
		return nil
	}
	data, err := seg.Read(ctx, o.source)
	if err != nil {
		return err
	}
	text, err := vtt.Segment(data, init, t.Timescale)
	if err != nil {
		return err
	}
	return o.put(name+".vtt", text)
}

func (o *vodOutput) source(file int) vod.File { return o.inputs[file].file }

// segment writes a segment, span by span: it need not fit into memory.
func (o *vodOutput) segment(ctx context.Context, name string, s *vod.Segment) error {
	return o.file(name, func(w io.Writer) error {
		if _, err := w.Write(s.Head); err != nil {
			return err
		}
		for _, span := range s.Spans {
			r, err := o.source(span.File).Open(ctx, span.Offset, span.Length)
			if err != nil {
				return err
			}
			n, err := io.Copy(w, r)
			if err = errors.Join(err, r.Close()); err != nil {
				return err
			}
			if n != span.Length {
				return io.ErrUnexpectedEOF
			}
		}
		return nil
	})
}

// manifests writes playlists and the MPD.
func (o *vodOutput) manifests(w *media.Window) error {
	for _, t := range w.Tracks {
		text, err := hls.Media(w, t.Name, manifest.Links{}, hls.Whole)
		if err == nil {
			err = o.put(t.Name+"/index.m3u8", text)
		}
		if err == nil && t.Kind == media.Video {
			if text, err = hls.IFrames(w, t.Name, manifest.Links{}, hls.Whole); err == nil {
				err = o.put(t.Name+"/iframes.m3u8", text)
			}
		}
		if err != nil {
			return err
		}
	}
	text, err := dash.MPD(w, manifest.Links{})
	if err == nil {
		err = o.put("manifest.mpd", text)
	}
	if err == nil {
		if text, err = hls.Multivariant(w, manifest.Links{}); err == nil {
			err = o.put("index.m3u8", text)
		}
	}
	return err
}

func (o *vodOutput) put(name string, data []byte) error {
	return o.file(name, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// file writes a file, which is there under its name when it is complete.
func (o *vodOutput) file(name string, write func(io.Writer) error) error {
	path := filepath.Join(o.dir, filepath.FromSlash(name))
	f, err := os.CreateTemp(filepath.Dir(path), ".weir-")
	if err != nil {
		return err
	}
	count := &counted{w: f}
	err = write(count)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", name, err), os.Remove(f.Name()))
	}
	o.files++
	o.bytes += count.n
	return nil
}

// counted is a writer that counts.
type counted struct {
	w io.Writer
	n int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
