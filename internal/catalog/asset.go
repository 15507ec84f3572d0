package catalog

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"unicode/utf8"

	"weir/internal/media"
)

// Bounds of an asset's settings.
const (
	MaxAssetSites = 16
	MaxFiles      = 32
	MaxTracks     = 1000 // of an album
	MaxPath       = 1024 // bytes
)

// Asset is what can be played at any time: files that belong together, or an album of other assets. Nobody changes its slices.
type Asset struct {
	ID    string      // as that of a channel; of a member of a library LIBRARY~dir~file.mp4
	Title string      // for people; may be ""
	Sites []string    // names of those that have all files; what is not on the first, or fails there, is read from the next
	Files []AssetFile // in the order that their tracks have
	// Tracks are the IDs of the assets that are played one after another without a gap: the asset is an album, and has no files.
	Tracks   []string
	FromFile bool // the configuration file has an asset of this ID
	// Revision rises with every change that the API makes, and is the same in every process; 0: the API has set nothing.
	Revision uint64 `json:"-"`
}

// AssetFile is a file of an asset.
type AssetFile struct {
	Path     string // in each site, with / between its parts; clean, and not out of the site
	Language string // of what it has, as BCP 47 says it; "": as the file says
}

// NewAsset is the asset of that ID without anything in it. It is not valid yet.
func NewAsset(id string) Asset { return Asset{ID: id} }

// Album tells whether the asset is tracks to be played one after another, instead of files.
func (a Asset) Album() bool { return len(a.Tracks) > 0 }

func (a Asset) equal(o Asset) bool {
	return a.ID == o.ID && a.Title == o.Title && a.FromFile == o.FromFile && a.Revision == o.Revision &&
		slices.Equal(a.Sites, o.Sites) && slices.Equal(a.Files, o.Files) && slices.Equal(a.Tracks, o.Tracks)
}

func (a Asset) revised(revision uint64) Asset {
	a.Revision = revision
	return a
}

// LogValue has the settings as fields.
func (a Asset) LogValue() slog.Value {
	p := AssetPatch{Title: &a.Title, Sites: &a.Sites, Files: &a.Files, Tracks: &a.Tracks}
	return slog.GroupValue(append([]slog.Attr{slog.String("id", a.ID)}, p.attrs()...)...)
}

// String is the file as ParseAssetFile reads it.
func (f AssetFile) String() string {
	if f.Language == "" && !strings.Contains(f.Path, "#") {
		return f.Path
	}
	return f.Path + "#" + f.Language
}

// ParseAssetFile reads PATH or PATH#LANGUAGE. A path with # in it is written with # at its end where it has no language.
func ParseAssetFile(s string) (AssetFile, error) {
	f := AssetFile{Path: s}
	if i := strings.LastIndexByte(s, '#'); i >= 0 {
		f.Path, f.Language = s[:i], s[i+1:]
	}
	return f, f.validate()
}

// ParseAssetFiles reads several files.
func ParseAssetFiles(entries []string) ([]AssetFile, error) {
	if len(entries) > MaxFiles {
		return nil, fmt.Errorf("%d are too many, at most %d", len(entries), MaxFiles)
	}
	files := make([]AssetFile, len(entries))
	for i, entry := range entries {
		var err error
		if files[i], err = ParseAssetFile(entry); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// validate finds what is wrong with a file, in one line.
func (f AssetFile) validate() error {
	if err := validatePath(f.Path); err != nil {
		return err
	}
	if f.Language != "" && !media.IsLanguage(f.Language) {
		return fmt.Errorf("%.100q: %.40q behind # is no language, write it like en or pt-BR", f.Path, f.Language)
	}
	return nil
}

// validatePath wants a path within a site: relative, and with nothing in it that leads elsewhere.
func validatePath(path string) error {
	if path == "" || len(path) > MaxPath {
		return fmt.Errorf("%.100q is no path: it must have 1 to %d bytes", path, MaxPath)
	}
	if !utf8.ValidString(path) || strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) {
		return fmt.Errorf("%.100q is no path: it must be UTF-8, without control characters and \\", path)
	}
	if path[0] == '/' {
		return fmt.Errorf("%.100q must not begin with /: it lies in the site", path)
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." || part == ".." {
			return fmt.Errorf("%.100q must be written without %q between slashes", path, part)
		}
	}
	return nil
}

// Validate finds the first setting of a that is wrong in itself: a *FieldError, or nil. Whether its sites and tracks exist
// is for CheckReferences to say.
func (a Asset) Validate() error {
	if err := ValidateID(a.ID); err != nil {
		return err
	}
	if err := validateText("title", a.Title, MaxTitle); err != nil {
		return err
	}
	if a.Album() {
		return a.validateAlbum()
	}
	if len(a.Files) == 0 {
		return invalid("files", "there are none: an asset has files, or tracks")
	}
	if len(a.Files) > MaxFiles {
		return invalid("files", "%d are too many, at most %d", len(a.Files), MaxFiles)
	}
	for i, f := range a.Files {
		if err := f.validate(); err != nil {
			return invalid("files", "%s", err)
		}
		if slices.ContainsFunc(a.Files[:i], func(o AssetFile) bool { return o.Path == f.Path }) {
			return invalid("files", "%.100q is there twice", f.Path)
		}
	}
	if len(a.Sites) == 0 {
		return invalid("sites", "there are none: name those that have the files")
	}
	return validateSites(a.Sites)
}

func validateSites(sites []string) error { return validateNames("sites", sites, MaxAssetSites) }

func (a Asset) validateAlbum() error {
	if len(a.Files) > 0 || len(a.Sites) > 0 {
		return invalid("tracks", "an asset has either files on sites, or tracks")
	}
	if len(a.Tracks) > MaxTracks {
		return invalid("tracks", "%d are too many, at most %d", len(a.Tracks), MaxTracks)
	}
	for _, id := range a.Tracks {
		if id == a.ID {
			return invalid("tracks", "%q cannot be a track of itself", id)
		}
		if ValidateID(id) == nil {
			continue
		}
		if _, _, ok := splitMember(id); !ok {
			return invalid("tracks", "%.100q is neither an asset's ID nor LIBRARY~dir~file.mp4", id)
		}
	}
	return nil
}
