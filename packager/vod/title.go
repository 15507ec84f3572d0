package vod

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"weir/internal/media"
)

// beforePictures is how long before presentation time 0 of a title with video the timeline of its segments begins. There, times of what is
// decoded before it are positive without an edit list: players drop pictures that one puts before 0, and then all up to the next sync sample.
const beforePictures = time.Hour

// Bounds on titles.
const (
	minSegment  = 200 * time.Millisecond
	maxSegment  = time.Minute
	maxColumns  = 128
	maxDuration = 7 * 24 * time.Hour
	maxCuts     = 4 << 20 // rows, times tracks
)

// Input is a file of a title, and what the operator says of it.
type Input struct {
	Index    *Index
	File     int    // by which the spans of segments name it
	Language string // BCP 47, of its audio and subtitles; "": what the file says
}

// Title is how files are presented: tracks, and where they are cut. It is immutable.
type Title struct {
	window  *media.Window
	run     *media.Run
	columns []*column // beside run.Tracks
	plan    plan
	version string
	parts   []*Title // of an album, which has no columns of its own
}

// New plans a title. Its tracks are those of the inputs that play, in that order, video first, then audio, then subtitles: v1, v2, …, a1, …, t1, ….
// Rows begin at sync samples of the first video track that all others have too, to within half a frame, as live cuts them; a sync sample is
// waited for up to a minute, and one that all have for 20 s. Where there is no video, or no more, audio is cut at multiples of the segment's
// duration. Subtitles do not make the title longer. The error wraps ErrFile where no track plays, or one has times that cannot be written.
func New(inputs []Input, segment time.Duration) (*Title, error) {
	if segment < minSegment || segment > maxSegment {
		return nil, fmt.Errorf("segments of %v: they last %v to %v", segment, minSegment, maxSegment)
	}
	columns, err := newColumns(inputs)
	if err != nil {
		return nil, err
	}
	t := &Title{columns: columns, version: versionOf(inputs, segment)}
	if t.plan, err = newPlan(columns, segment); err != nil {
		return nil, err
	}
	for i, c := range columns {
		if err := c.cut(&t.plan, i == 0); err != nil {
			return nil, err
		}
	}
	t.present(segment)
	return t, nil
}

// newColumns are the tracks of the inputs that play.
func newColumns(inputs []Input) ([]*column, error) {
	var why []string
	var columns []*column
	for _, kind := range []media.Kind{media.Video, media.Audio, media.Text} {
		n := 0
		for i := range inputs {
			in := &inputs[i]
			for _, track := range in.Index.Tracks {
				if track.Why != "" && kind == media.Video {
					why = append(why, fmt.Sprintf("track %d of file %d: %s", track.ID, in.File+1, track.Why))
				}
				if track.Kind != kind || track.Why != "" {
					continue
				}
				n++
				c, err := newColumn(in, track, fmt.Sprintf("%c%d", kind[0], n))
				if err != nil {
					return nil, err
				}
				columns = append(columns, c)
			}
		}
	}
	if len(columns) == 0 || columns[0].Kind == media.Text {
		if len(why) == 0 {
			why = append(why, "there is no video or audio")
		}
		return nil, fmt.Errorf("%w: no track plays: %s", ErrFile, strings.Join(why, "; "))
	}
	if len(columns) > maxColumns {
		return nil, fmt.Errorf("%w: %d tracks, %d are taken", ErrFile, len(columns), maxColumns)
	}
	if err := align(columns); err != nil {
		return nil, err
	}
	return columns, nil
}

// align has the columns' presentation begin where the first of them does.
func align(columns []*column) error {
	pictures := columns[0].Kind == media.Video
	zero := columns[0].ns(columns[0].of.begins())
	for _, c := range columns[1:] {
		if c.Kind != media.Text {
			zero = min(zero, c.ns(c.of.begins()))
		}
	}
	for _, c := range columns {
		c.shift = c.of.Shift - int64(media.Rescale(zero, nanoscale, c.scale))
		if !pictures {
			if err := c.presentLater(); err != nil {
				return err
			}
			continue
		}
		c.zero = media.FromDuration(beforePictures, c.Timescale)
		if c.of.Cues == nil && c.decoded(c.of.Samples.Stats().Start) < 0 {
			return fmt.Errorf("%w: track %s: more than an hour of it is before its beginning", ErrFile, c.Name)
		}
	}
	return nil
}

// versionOf names a plan: whatever is served of it follows from what goes into this sum.
func versionOf(inputs []Input, segment time.Duration) string {
	const format = 3 // to be raised whenever the same files are cut or written in another way
	h := sha256.New()
	be := binary.BigEndian
	h.Write(be.AppendUint64(be.AppendUint32(nil, format), uint64(segment)))
	for i := range inputs {
		in := &inputs[i]
		sum := in.Index.Sum()
		h.Write(sum[:])
		h.Write(be.AppendUint32(nil, uint32(in.File)))
		h.Write(be.AppendUint32(nil, uint32(len(in.Language))))
		h.Write([]byte(in.Language))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// Window is the title as manifests list it: it has ended, its rows are made when they are looked at, and its segments have no Data.
func (t *Title) Window() *media.Window { return t.window }

// Origin is where presentation time 0 of the title lies on the timeline of its segments.
func (t *Title) Origin() time.Time { return t.plan.origin.Time(t.plan.scale) }

// Version is short, of hexadecimal digits. It is another one when any byte of what is served could be.
func (t *Title) Version() string { return t.version }

// Forced is how many rows begin where the lead has no sync sample, as none came for a minute. Apart is how many begin where it has one, but
// another video track has none.
func (t *Title) Forced() (forced, apart int) { return t.plan.forced, t.plan.apart }

// Init is the init segment of a track, nil where there is none of that version.
func (t *Title) Init(track string, version uint32) []byte {
	if t.parts != nil {
		if version == 0 || uint64(version) > uint64(len(t.parts)) {
			return nil
		}
		t = t.parts[version-1]
	}
	if c := t.column(track); c != nil && c.Init == version {
		return c.header
	}
	return nil
}

// Source is the file that a track is in, and which of its tracks it is. The tracks of an album are in many files: of it, there is none.
func (t *Title) Source(track string) (file int, of *Track, ok bool) {
	c := t.column(track)
	if c == nil {
		return 0, nil, false
	}
	return c.file, c.of, true
}

// column is the track of that name, or nil.
func (t *Title) column(track string) *column {
	for _, c := range t.columns {
		if c.Name == track {
			return c
		}
	}
	return nil
}
