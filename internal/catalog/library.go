package catalog

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxLibraries is how many libraries there may be.
const MaxLibraries = 1000

// Library is a directory of files that are assets each, without being listed: the file dir/film.mp4 is the asset NAME~dir~film.mp4.
type Library struct {
	Name  string
	Sites []string // names of those that have the files, as those of an asset
}

// Validate finds the first setting of l that is wrong in itself: a *FieldError, or nil.
func (l Library) Validate() error {
	if err := ValidateName("id", l.Name); err != nil {
		return err
	}
	if len(l.Sites) == 0 {
		return invalid("sites", "there are none: name those that have the files")
	}
	return validateSites(l.Sites)
}

// MemberID is the ID of the asset that the library has at that path; false: it has none there, see validMember.
func (l Library) MemberID(path string) (string, bool) {
	if !validMember(path) {
		return "", false
	}
	return l.Name + "~" + strings.ReplaceAll(path, "/", "~"), true
}

// validMember tells whether a file of that path can be an asset of a library: its parts have letters and digits of any script, and
// dots, underscores, dashes and spaces, and do not begin with a dot.
func validMember(path string) bool {
	if len(path) > MaxPath || !utf8.ValidString(path) {
		return false
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part[0] == '.' || strings.ContainsFunc(part, odd) {
			return false
		}
	}
	return true
}

// odd are the characters that the path of a member cannot have.
func odd(r rune) bool {
	return r != '.' && r != '_' && r != ' ' && r != '-' && !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r)
}

// IsMember tells whether an ID can be that of a library's member only.
func IsMember(id string) bool { return strings.Contains(id, "~") }

// splitMember is the library's name and the path in it of a member's ID.
func splitMember(id string) (library, path string, ok bool) {
	library, path, ok = strings.Cut(id, "~")
	ok = ok && !strings.Contains(path, "/")
	path = strings.ReplaceAll(path, "~", "/")
	return library, path, ok && ValidateName("id", library) == nil && validMember(path)
}

// Places are where the configuration says that the files of assets lie.
type Places struct {
	Sites     []string // their names
	Libraries []Library
}

// member is the asset of that ID, where it is one of a library.
func (p Places) member(id string) (Asset, bool) {
	name, path, ok := splitMember(id)
	if !ok {
		return Asset{}, false
	}
	for _, l := range p.Libraries {
		if l.Name == name {
			return Asset{ID: id, Sites: l.Sites, Files: []AssetFile{{Path: path}}, FromFile: true}, true
		}
	}
	return Asset{}, false
}

// has tells whether all of these sites exist, or which does not.
func (p Places) has(sites []string) error {
	for _, name := range sites {
		if !slices.Contains(p.Sites, name) {
			return invalid("sites", "there is no site %q in vod.sites, which has %s", name, listed(p.Sites))
		}
	}
	return nil
}

// listed is names for people.
func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// CheckReferences tells whether what a names exists: a *FieldError, or nil. assets finds others of the same catalog. A track may be
// missing, for it may come later; an album cannot be a track.
func (a Asset) CheckReferences(places Places, assets func(id string) (Asset, bool)) error {
	for _, id := range a.Tracks {
		if track, ok := assets(id); ok && track.Album() {
			return invalid("tracks", "%q is an album: tracks are assets with files", id)
		}
	}
	return places.has(a.Sites)
}

// CheckReferences tells whether the library's sites exist: a *FieldError, or nil.
func (l Library) CheckReferences(places Places) error { return places.has(l.Sites) }
