package clip

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"regexp"
	"time"

	"weir/internal/clip/movie"
	"weir/internal/media"
)

// Info is what a clip is.
type Info struct {
	ID      string        `json:"id"`
	Channel string        `json:"channel"`
	Name    string        `json:"name"` // for people; may be ""
	Created time.Time     `json:"created"`
	Start   time.Time     `json:"start"`    // by the wall clock
	End     time.Time     `json:"end"`      // by the wall clock
	Length  time.Duration `json:"length"`   // on the channel's timeline, holes included
	Bytes   int64         `json:"bytes"`    // of media
	Tracks  []media.Track `json:"tracks"`   // that any of its runs has, as the newest describes them
	MP4     int64         `json:"mp4Bytes"` // size of the download
}

// document is clip.json.
type document struct {
	Version int `json:"version"`
	Info
	Segment time.Duration         `json:"segment"`
	Target  time.Duration         `json:"target"`
	DVR     time.Duration         `json:"dvr"`
	Rates   map[string]media.Rate `json:"rates"`
	Runs    []media.Run           `json:"runs"`
	Anchors []media.Anchor        `json:"anchors"`
	Inits   []initSegment         `json:"inits"`
	Files   []trackFile           `json:"files"`
	Rows    rowsFile              `json:"rows"`
	Movie   movie.Sizes           `json:"movie"`

	Captions []media.Caption `json:"captions,omitempty"` // media.Window.Captions
}

// initSegment is a CMAF header.
type initSegment struct {
	Track    string `json:"track"`
	Version  uint32 `json:"version"`
	Checksum uint32 `json:"checksum"` // CRC-32C
	Data     []byte `json:"data"`
}

// trackFile is a track's media: NAME.m4s.
type trackFile struct {
	Track string `json:"track"`
	Bytes int64  `json:"bytes"`
}

// rowsFile is the file rows.
type rowsFile struct {
	First    uint64 `json:"first"` // number of the first row; the others follow without a hole
	Count    int    `json:"count"`
	Bytes    int    `json:"bytes"`
	Checksum uint32 `json:"checksum"` // CRC-32C
}

// documentVersion is that of the directory's format. Clips of another are not opened.
const documentVersion = 1

// Bounds of an index. What is made keeps them, what is read must.
const (
	maxDocument = 16 << 20 // bytes of clip.json
	maxRowBytes = 64 << 20 // bytes of rows
	maxRuns     = 4096
	maxAnchors  = 1 << 16
	maxTracks   = 32
)

var (
	idPattern    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)
	trackPattern = regexp.MustCompile(`^[a-z0-9]{1,32}$`)
)

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrDamaged}, args...)...)
}

func castagnoli(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// parseDocument reads clip.json of the clip of that ID.
func parseDocument(id string, b []byte) (*document, error) {
	d := &document{}
	if err := json.Unmarshal(b, d); err != nil {
		return nil, damaged("clip.json: %v", err)
	}
	switch {
	case d.Version != documentVersion:
		return nil, damaged("version %d, this program knows %d", d.Version, documentVersion)
	case d.ID != id:
		return nil, damaged("its ID is %.70q", d.ID)
	case d.Rows.Count < 1 || d.Rows.Count > maxRows || d.Rows.Bytes < 0 || d.Rows.Bytes > maxRowBytes || d.Rows.First > 1<<62:
		return nil, damaged("%d rows in %d bytes", d.Rows.Count, d.Rows.Bytes)
	case len(d.Runs) < 1 || len(d.Runs) > maxRuns || len(d.Anchors) > maxAnchors || len(d.Files) > maxTracks || len(d.Tracks) > maxTracks:
		return nil, damaged("%d runs, %d anchors, %d files, %d tracks", len(d.Runs), len(d.Anchors), len(d.Files), len(d.Tracks))
	case d.Movie.Head < 0 || d.Movie.Payload < 0 || d.Movie.Pieces < 0 || d.Movie.Head > 1<<40 || d.Movie.Payload > 1<<60 || d.Movie.Pieces > 1<<40:
		return nil, damaged("a movie of %+v", d.Movie)
	case d.Length < 0 || d.Bytes < 0 || d.Target < 0 || d.Segment < 0 || d.DVR < 0:
		return nil, damaged("a length, size or duration below 0")
	}
	for i := range d.Runs {
		if err := checkTracks(d.Runs[i].Tracks); err != nil {
			return nil, err
		}
	}
	if err := checkTracks(d.Tracks); err != nil {
		return nil, err
	}
	seen := make(map[string]bool)
	for _, f := range d.Files {
		if !trackPattern.MatchString(f.Track) || seen[f.Track] || f.Bytes < 0 {
			return nil, damaged("file of track %.40q with %d bytes", f.Track, f.Bytes)
		}
		seen[f.Track] = true
	}
	for _, in := range d.Inits {
		if castagnoli(in.Data) != in.Checksum {
			return nil, damaged("init segment %d of track %.40q has another checksum", in.Version, in.Track)
		}
	}
	return d, nil
}

// checkTracks looks at the tracks of a run.
func checkTracks(tracks []media.Track) error {
	if len(tracks) < 1 || len(tracks) > maxTracks {
		return damaged("a run of %d tracks", len(tracks))
	}
	seen := make(map[string]bool)
	for _, t := range tracks {
		if !trackPattern.MatchString(t.Name) || seen[t.Name] || t.Timescale == 0 {
			return damaged("track %.40q with timescale %d", t.Name, t.Timescale)
		}
		seen[t.Name] = true
	}
	return nil
}

// file is the place of a track's file, or -1.
func (d *document) file(track string) int {
	for i := range d.Files {
		if d.Files[i].Track == track {
			return i
		}
	}
	return -1
}
