package library

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"weir/internal/catalog"
	"weir/internal/origin"
	"weir/packager/vod"
)

// maxOpening is how many tracks of an album are opened at one time.
const maxOpening = 4

// maxProblems is how many problems of a title are kept for who asks.
const maxProblems = 100

// part is an asset with files, opened: a title, or a track of an album.
type part struct {
	asset    catalog.Asset
	files    []*origin.File // beside asset.Files; nil: it is lost
	indexes  []*vod.Index   // beside files
	lost     []lost
	problems []string // in what plays
	first    int      // number of the first of files among all that the title reads
	plan     *vod.Title
	bytes    int64 // of memory that the indexes take
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
	parts, err := l.parts(ctx, id, was)
	if err != nil {
		return nil, err
	}
	if was != nil && slices.Equal(tagsOf(parts), was.tags) && slices.Equal(idsOf(parts), was.parts) {
		closeAll(parts)
		return nil, nil
	}
	return l.bind(ctx, id, parts, was)
}

// parts finds the files of an asset, of an album those of all tracks. They are open, and not looked into. was is as load has it.
func (l *Library) parts(ctx context.Context, id string, was *title) ([]*part, error) {
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
		p := &part{asset: asset, files: make([]*origin.File, len(asset.Files)), indexes: make([]*vod.Index, len(asset.Files))}
		parts[i] = p
		group.Go(func() error {
			for k, f := range asset.Files {
				var err error
				if p.files[k], err = l.cfg.Origin.Open(ctx, asset.Sites, f.Path); err != nil { // it names the file
					if err = p.lose(ctx, k, err, was); err != nil {
						return err
					}
				}
			}
			if len(p.lost) == len(p.files) {
				return p.lost[0].err
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
func (l *Library) bind(ctx context.Context, id string, parts []*part, was *title) (t *title, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
		if err != nil {
			closeAll(parts)
		}
	}()
	tags := tagsOf(parts)
	if err := each(ctx, parts, func(ctx context.Context, p *part) error { return p.read(ctx, was) }); err != nil {
		return nil, err
	}
	var all []vod.File
	for _, p := range parts {
		p.first = len(all)
		for _, f := range p.files {
			if f != nil {
				all = append(all, f)
			}
		}
	}
	if err := each(ctx, parts, func(_ context.Context, p *part) error { return p.arrange(l.cfg.Segment) }); err != nil {
		return nil, err
	}
	plans := make([]*vod.Title, 0, len(parts))
	for _, p := range parts {
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
	t.tags, t.parts = tags, idsOf(parts)
	for _, p := range parts {
		t.members = append(t.members, p.asset.ID)
		t.bytes += p.bytes
		t.lost = append(t.lost, p.lost...)
		for _, problem := range p.problems {
			l.cfg.Log.Warn("an asset plays, with a problem", "asset", p.asset.ID, "problem", problem)
		}
		for _, f := range p.lost {
			l.cfg.Log.Warn("an asset plays without one of its files", "asset", p.asset.ID, "file", f.path, "err", f.err)
			p.problems = append(p.problems, f.String())
		}
		t.problems = append(t.problems, p.problems...)
	}
	t.problems = t.problems[:min(len(t.problems), maxProblems)]
	return t, nil
}

// each does something for all parts, several at one time. A panic is an error.
func each(ctx context.Context, parts []*part, do func(context.Context, *part) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxOpening)
	for _, p := range parts {
		group.Go(func() (err error) {
			defer func() {
				if v := recover(); v != nil {
					err = fmt.Errorf("panic: %v", v)
				}
			}()
			return do(ctx, p)
		})
	}
	return group.Wait()
}

// read reads the indexes of a part's files.
func (p *part) read(ctx context.Context, was *title) error {
	for k, f := range p.files {
		if f == nil {
			continue
		}
		index, err := vod.Read(ctx, f)
		if err == nil {
			err = playable(index)
		}
		if err != nil {
			if err = p.lose(ctx, k, fmt.Errorf("%s: %w", p.asset.Files[k].Path, err), was); err != nil {
				return err
			}
			continue
		}
		p.bytes += int64(index.Bytes())
		sum := index.Sum()
		f.Same = func(ctx context.Context, other *origin.File) (bool, error) {
			copied, err := vod.Read(ctx, other)
			return err == nil && copied.Sum() == sum, err
		}
		p.indexes[k] = index
		if index.Problem != "" {
			p.problems = append(p.problems, p.asset.Files[k].Path+": "+index.Problem)
		}
	}
	return p.spared()
}

// arrange plans a part's title.
func (p *part) arrange(segment time.Duration) (err error) {
	var inputs []vod.Input
	for k, index := range p.indexes {
		if index != nil {
			inputs = append(inputs, vod.Input{Index: index, File: p.first + len(inputs), Language: p.asset.Files[k].Language})
		}
	}
	if p.plan, err = vod.New(inputs, segment); err != nil {
		return err
	}
	p.problems = append(p.problems, p.plan.Problems()...)
	return nil
}

func closeAll(parts []*part) {
	for _, p := range parts {
		p.close()
	}
}

// tagsOf are the states of all files that were found.
func tagsOf(parts []*part) (tags []string) {
	for _, p := range parts {
		for _, f := range p.files {
			tag := "lost"
			if f != nil {
				tag = f.Tag()
			}
			tags = append(tags, tag)
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
