package cmaf

import (
	"path"
	"strings"
)

// Bounds on names from outside.
const (
	maxPath  = 1024
	maxParts = 16
)

// address is what a request's path says.
type address struct {
	channel  string
	manifest bool
	// whole names the track for a header, parts those that a segment may be of, the likeliest first: where names of segments have the
	// track's in them, nothing tells a number in a track's name from that of the segment.
	whole string
	parts []string
	dir   string // what tracks of the same place begin with
}

// extensions are those of media; longer paths may have them in the middle, as `track.cmfv/1`.
var extensions = map[string]bool{
	".cmfv": true, ".cmfa": true, ".cmft": true, ".cmfm": true, ".mp4": true, ".m4s": true, ".m4v": true, ".m4a": true, ".m4f": true,
	".init": true, ".header": true, ".hdr": true, ".dash": true, ".ismv": true, ".isma": true, ".ismt": true,
}

// common are words of segments' names that name no track.
var common = map[string]bool{
	"init": true, "header": true, "chunk": true, "seg": true, "segment": true, "media": true, "frag": true, "fragment": true, "part": true,
}

// parsePath takes a request's path behind /cmaf/ apart. ok is false for one that names no track.
func parsePath(p string) (a address, ok bool) {
	if len(p) > maxPath {
		return a, false
	}
	var parts []string
	for s := range strings.SplitSeq(p, "/") {
		if s == "." || s == ".." {
			return a, false
		}
		if s != "" {
			parts = append(parts, s)
		}
	}
	if len(parts) == 0 || len(parts) > maxParts {
		return a, false
	}
	a.channel, parts = parts[0], parts[1:]
	if len(parts) == 0 {
		return a, false
	}
	last := parts[len(parts)-1]
	switch strings.ToLower(path.Ext(last)) {
	case ".mpd", ".m3u8":
		a.manifest = true
		return a, true
	}
	for _, s := range parts {
		if name, found := strings.CutPrefix(s, "Streams("); found {
			name, _, _ = strings.Cut(name, ")")
			a.whole = withoutExtension(name)
			a.parts = []string{a.whole}
			return a, a.whole != ""
		}
	}
	var dirs []string
	for _, s := range parts[:len(parts)-1] {
		if !strings.HasPrefix(s, "Switching(") {
			dirs = append(dirs, withoutExtension(s))
		}
	}
	a.dir = strings.Join(dirs, "/")
	a.name(withoutExtension(last))
	return a, true
}

// name finds the names that a track of a file of that name may have.
func (a *address) name(file string) {
	words := strings.FieldsFunc(file, func(r rune) bool { return r == '-' || r == '_' || r == '.' || r == '=' })
	kept := words[:0]
	for _, w := range words {
		if !common[strings.ToLower(w)] {
			kept = append(kept, w)
		}
	}
	join := func(w []string) string {
		return strings.Trim(a.dir+"/"+strings.Join(w, "-"), "/")
	}
	if len(kept) == 1 && kept[0] == path.Base(a.dir) {
		kept = nil // the directory has said it: `0/init_0.mp4`, as ffmpeg's HLS output names renditions
	}
	a.whole = join(kept)
	a.parts = []string{a.whole}
	if n := len(kept); n > 0 {
		bare := strings.TrimRight(kept[n-1], "0123456789")
		a.parts = append(a.parts, join(kept[:n-1]))
		if bare != "" {
			a.parts = []string{a.whole, join(append(kept[:n-1:n-1], bare)), join(kept[:n-1])}
		}
	}
	if a.dir != "" {
		a.parts = append(a.parts, a.dir)
	}
}

func withoutExtension(s string) string {
	if e := path.Ext(s); extensions[strings.ToLower(e)] {
		return strings.TrimSuffix(s, e)
	}
	return s
}
