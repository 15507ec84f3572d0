package library

import (
	"context"
	"fmt"
	"io"
	"slices"

	"golang.org/x/sync/errgroup"

	"weir/internal/catalog"
	"weir/internal/origin"
	"weir/packager/vod"
)

// maxOpening is how many tracks of an album are opened at one time.
const maxOpening = 4

// part is an asset with files, opened: a title, or a track of an album.
type part struct {
	asset catalog.Asset
	files []*origin.File
	first int // number of the first of them among all files of the title
	plan  *vod.Title
	bytes int64 // of memory that the indexes take
}

func (p *part) close() {
	for _, f := range p.files {
		if f != nil {
			_ = f.Close() // it was only read
		}
	}
}

// load opens an asset with all that it is made of. It is nil where nothing of that has changed since was, which may be nil.
func (l *Library) load(id string, was *title) (*title, error) {
	select { // until it is its turn
	case l.opening <- struct{}{}:
		defer func() { <-l.opening }()
	case <-l.ctx.Done():
		return nil, ErrClosed
	}
	ctx, cancel := context.WithTimeout(l.ctx, openTimeout)
	defer cancel()
	parts, err := l.parts(ctx, id)
	if err != nil {
		return nil, err
	}
	if was != nil && slices.Equal(tagsOf(parts), was.tags) && slices.Equal(idsOf(parts), was.parts) {
		closeAll(parts)
		return nil, nil
	}
	return l.bind(ctx, id, parts)
}

// parts finds the files of an asset, of an album those of all tracks. They are open, and not looked into.
func (l *Library) parts(ctx context.Context, id string) ([]*part, error) {
	a, ok := l.cfg.Catalog.Resolve(id)
	if !ok {
		return nil, ErrNotFound
	}
	assets := []catalog.Asset{a}
	if a.Album() {
		var err error
		if assets, err = l.cfg.Catalog.Tracks(a); err != nil {
			return nil, err
		}
	}
	parts := make([]*part, len(assets))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxOpening)
	for i, asset := range assets {
		parts[i] = &part{asset: asset, files: make([]*origin.File, len(asset.Files))}
		group.Go(func() error {
			for k, f := range asset.Files {
				var err error
				if parts[i].files[k], err = l.cfg.Origin.Open(ctx, asset.Sites, f.Path); err != nil {
					return err // it names the file
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		closeAll(parts)
		return nil, err
	}
	return parts, nil
}

// bind makes a title of open files, which are its own from then on, whether it can or not.
func (l *Library) bind(ctx context.Context, id string, parts []*part) (t *title, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
		if err != nil {
			closeAll(parts)
		}
	}()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxOpening)
	files := 0
	for _, p := range parts {
		p.first = files
		files += len(p.files)
		group.Go(func() (err error) {
			defer func() {
				if v := recover(); v != nil {
					err = fmt.Errorf("panic: %v", v)
				}
			}()
			return l.plan(ctx, p)
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	all := make([]vod.File, 0, files)
	plans := make([]*vod.Title, 0, len(parts))
	for _, p := range parts {
		for _, f := range p.files {
			all = append(all, f)
		}
		plans = append(plans, p.plan)
	}
	plan := plans[0]
	if len(plans) > 1 {
		if plan, err = vod.Join(plans); err != nil {
			return nil, fmt.Errorf("%w: %w", vod.ErrFile, err)
		}
	}
	t = newTitle(id, plan, all, l.cfg.Now())
	if l.cfg.Thumbnails != nil {
		t.illustrate()
	}
	t.tags, t.parts = tagsOf(parts), idsOf(parts)
	for _, p := range parts {
		t.members = append(t.members, p.asset.ID)
		t.bytes += p.bytes
	}
	return t, nil
}

// plan reads the indexes of a part's files.
func (l *Library) plan(ctx context.Context, p *part) error {
	inputs := make([]vod.Input, len(p.files))
	for k, f := range p.files {
		index, err := vod.Read(ctx, f)
		if err != nil {
			return fmt.Errorf("%s: %w", p.asset.Files[k].Path, err)
		}
		p.bytes += int64(index.Bytes())
		sum := index.Sum()
		f.Same = func(ctx context.Context, other *origin.File) (bool, error) {
			copied, err := vod.Read(ctx, other)
			return err == nil && copied.Sum() == sum, err
		}
		inputs[k] = vod.Input{Index: index, File: p.first + k, Language: p.asset.Files[k].Language}
		if index.Problem != "" {
			l.cfg.Log.Warn("a file plays, with a problem", "asset", p.asset.ID, "file", p.asset.Files[k].Path, "problem", index.Problem)
		}
	}
	var err error
	if p.plan, err = vod.New(inputs, l.cfg.Segment); err != nil {
		return err
	}
	for _, problem := range p.plan.Problems() {
		l.cfg.Log.Warn("an asset plays, with a problem", "asset", p.asset.ID, "problem", problem)
	}
	return nil
}

func closeAll(parts []*part) {
	for _, p := range parts {
		p.close()
	}
}

// tagsOf are the states of all files.
func tagsOf(parts []*part) (tags []string) {
	for _, p := range parts {
		for _, f := range p.files {
			tags = append(tags, f.Tag())
		}
	}
	return tags
}

// idsOf are the assets that the parts are, and what they are made of.
func idsOf(parts []*part) (ids []string) {
	for _, p := range parts {
		ids = append(ids, fmt.Sprint(p.asset.ID, p.asset.Sites, p.asset.Files))
	}
	return ids
}

var _ io.Closer = (*origin.File)(nil)
