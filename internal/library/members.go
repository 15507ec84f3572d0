package library

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"weir/internal/catalog"
	"weir/internal/origin"
)

// ErrUnlisted is wrapped by the error about a library that none of its sites tells the files of.
var ErrUnlisted = errors.New("no site of the library tells its files")

// Member is a file of a library.
type Member struct {
	ID       string // of the asset that it is
	Path     string
	Site     string // the first that has it, of those that were listed
	Size     int64  // bytes there
	Modified time.Time
}

// Members is a part of the list of a library's files.
type Members struct {
	Members []Member // by path
	// Skipped is how many files between them cannot be assets, for what is in their names.
	Skipped int
	Next    string // the path that the next part is behind; "": this is the last
	// Unlisted are the sites that are not part of the list, and why, in the library's order.
	Unlisted []origin.SiteError
}

// Libraries are the directories that were mapped.
func (l *Library) Libraries() []catalog.Library {
	if l.cfg.Catalog == nil {
		return nil
	}
	return l.cfg.Catalog.Libraries()
}

// Members lists the files of a library below a folder ("": all) that lie on any of its sites and behind the path after. It looks at up to limit
// files. All sites are asked at the same time; those that cannot be listed are told. Errors: ErrNotFound, there is no such library; ErrUnlisted.
func (l *Library) Members(ctx context.Context, name, folder, after string, limit int) (Members, error) {
	i := slices.IndexFunc(l.Libraries(), func(of catalog.Library) bool { return of.Name == name })
	if i < 0 || l.cfg.Origin == nil {
		return Members{}, ErrNotFound
	}
	of := l.Libraries()[i]
	listed := make([][]origin.Entry, len(of.Sites))
	failed := make([]error, len(of.Sites))
	var wg sync.WaitGroup
	for i, site := range of.Sites {
		wg.Go(func() { listed[i], failed[i] = l.cfg.Origin.List(ctx, site, folder, after, limit+1) })
	}
	wg.Wait()
	var out Members
	var found []Member
	for i, site := range of.Sites {
		if err := failed[i]; err != nil && !errors.Is(err, origin.ErrNotFound) { // without the folder it has none of them
			out.Unlisted = append(out.Unlisted, origin.SiteError{Site: site, Err: err})
		}
		for _, e := range listed[i] {
			found = append(found, Member{Path: e.Path, Site: site, Size: e.Size, Modified: e.Modified})
		}
	}
	if len(out.Unlisted) == len(of.Sites) {
		return out, fmt.Errorf("library %s: %w: %w", name, ErrUnlisted, errors.Join(failed...))
	}
	// What the first site has comes first of equal paths, as it is what is read.
	slices.SortStableFunc(found, func(a, b Member) int { return strings.Compare(a.Path, b.Path) })
	found = slices.CompactFunc(found, func(a, b Member) bool { return a.Path == b.Path })
	if len(found) > limit {
		found = found[:limit]
		out.Next = found[limit-1].Path
	}
	out.Members = make([]Member, 0, len(found))
	for _, m := range found {
		var ok bool
		if m.ID, ok = of.MemberID(m.Path); !ok {
			out.Skipped++
			continue
		}
		out.Members = append(out.Members, m)
	}
	return out, nil
}
