package config

import (
	"errors"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"weir/internal/catalog"
)

// named reads a mapping of names to sections, each of which makes a T.
type named[T any] struct {
	most  int
	name  string // what messages call a name: "a channel's ID"
	fresh func(name string) T
	keys  func(*T) []key
	valid func(T) error // a *catalog.FieldError is shown where that field stands
}

// into is the reader that puts all of them into to, sorted by name. Where nothing is written behind the key, to stays as it is.
func (m named[T]) into(to *[]T) reader {
	return func(d *document, path string, n ast.Node) error {
		entries, err := d.entries(path, n)
		if err != nil || entries == nil {
			return err
		}
		if len(entries) > m.most {
			return d.fail(path, "%d are too many, at most %d", len(entries), m.most)
		}
		all := make(map[string]T, len(entries))
		for _, e := range entries {
			one := m.fresh(e.name)
			if err := d.section(join(path, e.name), e.value, m.keys(&one)); err != nil {
				return err
			}
			if err := m.valid(one); err != nil {
				return d.refuse(path, m.name, e, err)
			}
			all[e.name] = one
		}
		slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
		*to = make([]T, len(entries))
		for i, e := range entries {
			(*to)[i] = all[e.name]
		}
		return nil
	}
}

// refuse says where the setting stands that is not valid.
func (d *document) refuse(path, name string, e entry, err error) error {
	var f *catalog.FieldError
	if !errors.As(err, &f) {
		return d.failAt(e.at, "%s: %s", join(path, e.name), err)
	}
	if field := join(path, e.name, f.Field); d.at[field] != nil {
		return d.fail(field, "%s", f.Problem)
	}
	if f.Field == "id" {
		return d.failAt(e.at, "%s: %s %s", path, name, f.Problem)
	}
	return d.failAt(e.at, "%s: %s", join(path, e.name, f.Field), f.Problem)
}
