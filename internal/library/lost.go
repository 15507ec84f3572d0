package library

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"weir/internal/media"
	"weir/internal/origin"
	"weir/packager/vod"
)

// lost is a file that an asset is played without.
type lost struct {
	asset, path string
	err         error
}

// String is for operators.
func (l lost) String() string { return "played without " + l.path + ": " + l.err.Error() }

// isSubtitles tells by a file's name whether it has subtitles only: what cannot be read says nothing else of itself.
func isSubtitles(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".vtt", ".webvtt", ".srt":
		return true
	}
	return false
}

// lasting tells whether an error is about the file, and will be the same in a moment.
func lasting(err error) bool {
	if errors.Is(err, origin.ErrUnavailable) {
		return false
	}
	return errors.Is(err, vod.ErrFile) || errors.Is(err, origin.ErrNotFound) || errors.Is(err, origin.ErrRefused)
}

// lose goes on without the file in that place, or not: the error is returned. was is the title that is open, or nil. It is not to lose subtitles
// while their site is down for a moment: who plays it would have to begin anew.
func (p *part) lose(ctx context.Context, k int, err error, was *title) error {
	name := p.asset.Files[k].Path
	if ctx.Err() != nil {
		return err
	}
	l := lost{p.asset.ID, name, err}
	if !lasting(err) {
		has := was != nil && !slices.ContainsFunc(was.lost, func(o lost) bool { return o.asset == l.asset && o.path == l.path })
		if !isSubtitles(name) || has {
			return err
		}
	}
	if f := p.files[k]; f != nil {
		_ = f.Close() // it was only read
		p.files[k] = nil
	}
	p.lost = append(p.lost, l)
	return nil
}

// spared tells whether the asset plays without what is lost, else it is the error: subtitles can be spared, and where there is video that plays
// other files too.
func (p *part) spared() error {
	plays, video := false, false
	for _, x := range p.indexes {
		if x == nil {
			continue
		}
		for _, t := range x.Tracks {
			plays = plays || t.Why == "" && t.Kind != media.Text
			video = video || t.Why == "" && t.Kind == media.Video
		}
	}
	for _, l := range p.lost {
		if !plays || !video && !isSubtitles(l.path) {
			return l.err
		}
	}
	return nil
}

// playable is an error where no track of a file plays.
func playable(x *vod.Index) error {
	var why []string
	for _, t := range x.Tracks {
		if t.Why == "" {
			return nil
		}
		why = append(why, fmt.Sprintf("track %d: %s", t.ID, t.Why))
	}
	if len(why) == 0 {
		why = []string{"there is none"}
	}
	return fmt.Errorf("%w: no track plays: %s", vod.ErrFile, strings.Join(why, "; "))
}
