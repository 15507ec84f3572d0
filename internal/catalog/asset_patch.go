package catalog

import (
	"log/slog"
	"slices"
	"strings"
)

// AssetPatch is a change of some settings of an asset: what is nil stays as it is.
type AssetPatch struct {
	Title  *string
	Sites  *[]string
	Files  *[]AssetFile
	Tracks *[]string
}

// Apply is a with what p sets.
func (p AssetPatch) Apply(a Asset) Asset {
	set(&a.Title, p.Title)
	set(&a.Sites, p.Sites)
	set(&a.Files, p.Files)
	set(&a.Tracks, p.Tracks)
	return a
}

// merge is p overlaid with what next sets.
func (p AssetPatch) merge(next AssetPatch) AssetPatch {
	over(&p.Title, next.Title)
	over(&p.Sites, next.Sites)
	over(&p.Files, next.Files)
	over(&p.Tracks, next.Tracks)
	return p
}

// equal tells whether both set the same to the same.
func (p AssetPatch) equal(q AssetPatch) bool {
	return same(p.Title, q.Title) && sameList(p.Sites, q.Sites) && sameList(p.Files, q.Files) && sameList(p.Tracks, q.Tracks)
}

func sameList[T comparable](a, b *[]T) bool {
	if a == nil || b == nil {
		return a == b
	}
	return slices.Equal(*a, *b)
}

// LogValue has what is set as fields.
func (p AssetPatch) LogValue() slog.Value { return slog.GroupValue(p.attrs()...) }

func (p AssetPatch) attrs() []slog.Attr {
	var as []slog.Attr
	if p.Title != nil {
		as = append(as, slog.String("title", *p.Title))
	}
	if p.Sites != nil {
		as = append(as, slog.String("sites", strings.Join(*p.Sites, ",")))
	}
	if p.Files != nil {
		as = append(as, slog.Any("files", spellFiles(*p.Files)))
	}
	if p.Tracks != nil {
		as = append(as, slog.Int("tracks", len(*p.Tracks)))
	}
	return as
}

// spellFiles is the files as ParseAssetFiles reads them.
func spellFiles(files []AssetFile) []string {
	all := make([]string, len(files))
	for i, f := range files {
		all[i] = f.String()
	}
	return all
}
