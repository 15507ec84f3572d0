package origin

import (
	"fmt"
	"io/fs"
	"unicode"
	"unicode/utf8"
)

// maxPath is the longest path below a site, in bytes: what S3 allows a key.
const maxPath = 1024

// checkPath refuses what is not a plain path below a site: elements between slashes, none of them empty, "." or "..", no control characters.
// It wraps ErrNotFound: no site can have such a file.
func checkPath(path string) error {
	if len(path) > maxPath {
		return fmt.Errorf("path of %d bytes, more than %d: %w", len(path), maxPath, ErrNotFound)
	}
	if !fs.ValidPath(path) || path == "." || !printable(path) {
		return fmt.Errorf("path %q: not a path below a site: %w", path, ErrNotFound)
	}
	return nil
}

// checkFolder is the same for a folder to list, where "" is all.
func checkFolder(folder string) error {
	if folder == "" {
		return nil
	}
	return checkPath(folder)
}

func printable(s string) bool {
	for _, r := range s {
		// A backslash is a separator to some systems, and to none of the sites.
		if unicode.IsControl(r) || r == utf8.RuneError || r == '\\' {
			return false
		}
	}
	return true
}
