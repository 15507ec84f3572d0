package manifest

// Links are what the URIs in a manifest are given to carry: the queries that lead from one manifest to the next, and those that a session
// needs everywhere. Each is "" or begins with a question mark, and is ready to stand in a URL; a renderer escapes it for its
// format and looks no further into it.
type Links struct {
	Playlists string // behind URIs of playlists and of MPD patches
	Media     string // behind URIs of init segments, segments, parts and the clock
}
