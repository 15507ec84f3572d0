package clip

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"weir/internal/clip/movie"
	"weir/internal/media"
)

// The names of a clip's files, but for those of the tracks.
const (
	documentName  = "clip.json"
	rowsName      = "rows"
	movieHeadName = "movie.head"
	movieMapName  = "movie.map"
	mediaSuffix   = ".m4s"
)

// The beginnings of directories that are no clips: one that is being made, and one that was deleted.
const (
	makingPrefix = ".making-"
	gonePrefix   = ".gone-"
)

// job is a clip that is being made.
type job struct {
	ctx     context.Context
	store   *Store
	source  Source
	request Request
	cut     *cut
	inits   []initSegment

	dir   string
	doc   document
	media []*os.File // beside doc.Files
	movie *movie.Builder
	rows  []byte
}

// make copies the stretch. On the disk it is whole or not there at all.
func (j *job) make() (info Info, err error) {
	s := j.store
	size := j.cut.bytes()
	release, err := s.reserve(size)
	if err != nil {
		return Info{}, err
	}
	defer release()
	j.describe(size)
	j.dir = filepath.Join(s.dir, makingPrefix+j.doc.ID)
	if err := os.Mkdir(j.dir, 0o755); err != nil {
		return Info{}, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(full(err), os.RemoveAll(j.dir))
		}
	}()
	s.step("directory made")
	if err := j.copy(); err != nil {
		return Info{}, err
	}
	if err := j.write(); err != nil {
		return Info{}, err
	}
	if err := syncDir(j.dir); err != nil {
		return Info{}, err
	}
	s.step("written")
	if err := s.adopt(j.dir, &j.doc.Info); err != nil {
		return Info{}, err
	}
	return j.doc.Info, nil
}

// full is err, as ErrFull where it says that the disk is.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// describe fills in what is known of the clip beforehand.
func (j *job) describe(size int64) {
	c, w, now := j.cut, j.cut.window, j.store.now().UTC()
	first, last := c.At(0), c.last()
	j.doc = document{
		Version: documentVersion,
		Info: Info{
			ID: newID(j.request.Channel, began(first)), Channel: j.request.Channel, Name: j.request.Name, Created: now,
			Start: began(first).UTC(), End: ended(last).UTC(), Length: last.End().Sub(first.Start), Bytes: size, Tracks: c.tracks(),
		},
		Segment: w.Segment, Target: w.Target, DVR: w.DVR, Rates: c.rates(), Captions: w.Captions, Inits: j.inits,
		Rows: rowsFile{First: first.Number, Count: c.Len()},
	}
}

// newID is an ID that nobody can guess or make twice: the channel, when the clip begins, and 40 random bits.
func newID(channel string, start time.Time) string {
	return channel[:min(len(channel), 32)] + start.UTC().Format("-20060102T150405-") + strings.ToLower(rand.Text()[:8])
}

// copy writes the tracks' files, and on the way reads what the rows and the movie need.
func (j *job) copy() (err error) {
	j.movie = movie.NewBuilder(j.dir)
	defer func() {
		for _, f := range j.media {
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			j.movie.Close()
		}
	}()
	anchors, runs := make(map[media.Anchor]int), make(map[uint64]int)
	for i := range j.cut.Len() {
		if err := j.ctx.Err(); err != nil {
			return err
		}
		row := j.cut.At(i)
		run, ok := runs[row.Run.ID]
		if !ok {
			run = len(j.doc.Runs)
			runs[row.Run.ID], j.doc.Runs = run, append(j.doc.Runs, *row.Run)
		}
		anchor, ok := anchors[row.Anchor]
		if !ok {
			anchor = len(j.doc.Anchors)
			anchors[row.Anchor], j.doc.Anchors = anchor, append(j.doc.Anchors, row.Anchor)
		}
		offsets, err := j.row(row)
		if err != nil {
			return fmt.Errorf("row %d: %w", row.Number, err)
		}
		j.rows = appendRow(j.rows, row, run, anchor, offsets)
		if len(j.rows) > maxRowBytes || len(j.doc.Runs) > maxRuns || len(j.doc.Anchors) > maxAnchors {
			return &FieldError{Field: "end", Problem: "the stretch has more parts or interruptions than a clip may have"}
		}
	}
	j.store.step("media written")
	for _, f := range j.media {
		if err := f.Sync(); err != nil {
			return err
		}
	}
	return nil
}

// row writes the media of a row, and gives back where each segment begins in its file.
func (j *job) row(row *media.Row) ([]int64, error) {
	offsets := make([]int64, len(row.Segments))
	for k, s := range row.Segments {
		if s == nil || s.Gap() {
			continue
		}
		t := row.Run.Tracks[k]
		n, err := j.file(t.Name)
		if err != nil {
			return nil, err
		}
		f := &j.doc.Files[n]
		offsets[k] = f.Bytes
		data, err := j.source.Media(j.ctx, j.request.Channel, s)
		if err != nil {
			return nil, err
		}
		if err := j.movie.Add(t, j.header(t), n, f.Bytes, data); err != nil {
			return nil, err
		}
		if _, err := j.media[n].Write(data); err != nil {
			return nil, err
		}
		f.Bytes += int64(len(data))
	}
	return offsets, nil
}

// header is the init segment of a track.
func (j *job) header(t media.Track) []byte {
	for i := range j.inits {
		if in := &j.inits[i]; in.Track == t.Name && in.Version == t.Init {
			return in.Data
		}
	}
	return nil
}

// file is the number of a track's file, which is made if it is not there.
func (j *job) file(track string) (int, error) {
	if n := j.doc.file(track); n >= 0 {
		return n, nil
	}
	if !trackPattern.MatchString(track) || len(j.media) == maxTracks {
		return 0, fmt.Errorf("track %.40q: its name is none for a file, or there are too many", track)
	}
	f, err := create(filepath.Join(j.dir, track+mediaSuffix))
	if err != nil {
		return 0, err
	}
	j.media = append(j.media, f)
	j.doc.Files = append(j.doc.Files, trackFile{Track: track})
	return len(j.media) - 1, nil
}

func create(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
}

// write writes all but the media.
func (j *job) write() error {
	defer j.movie.Close()
	head, err := create(filepath.Join(j.dir, movieHeadName))
	if err != nil {
		return err
	}
	layout, err := create(filepath.Join(j.dir, movieMapName))
	if err != nil {
		return errors.Join(err, head.Close())
	}
	j.doc.Movie, err = j.movie.Finish(head, layout)
	for _, f := range []*os.File{head, layout} {
		if err == nil {
			err = f.Sync()
		}
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return err
	}
	j.store.step("movie written")
	j.doc.MP4 = j.doc.Movie.Total()
	j.doc.Rows.Bytes, j.doc.Rows.Checksum = len(j.rows), castagnoli(j.rows)
	text, err := json.Marshal(&j.doc)
	if err != nil {
		return err
	}
	if len(text) > maxDocument {
		return &FieldError{Field: "end", Problem: "the stretch has more interruptions than a clip may have"}
	}
	if err := writeFile(filepath.Join(j.dir, rowsName), j.rows); err != nil {
		return err
	}
	return writeFile(filepath.Join(j.dir, documentName), text)
}

// writeFile writes a file and waits until it is on the disk.
func writeFile(path string, data []byte) error {
	f, err := create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	if _, err = w.Write(data); err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncDir waits until the names in a directory are on the disk.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// readFile reads a file of at most limit bytes.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = damaged("%s has more than %d bytes", filepath.Base(path), limit)
	}
	return b, err
}
