package edge

import (
	"bytes"
	"math"
)

// kind is what a path names.
type kind int

// The kinds of path. The first ones are what requests are counted by.
const (
	kindPage         kind = iota // a file of the player page
	kindIndex                    // /live/index.json
	kindTime                     // /time
	kindMultivariant             // /live/C/index.m3u8
	kindMPD                      // /live/C/manifest.mpd
	kindPatch                    // /live/C/manifest.mpp
	kindMedia                    // /live/C/T/index.m3u8
	kindIFrames                  // /live/C/T/iframes.m3u8
	kindInit                     // /live/C/T/init-V.mp4
	kindSegment                  // /live/C/T/N.m4s
	kindChunk                    // /live/C/T/N.K.m4s
	kindKeys                     // /live/C/T/N.key.m4s
	kindText                     // /live/C/T/N.vtt
	kindUnknown                  // nothing of ours
	kindHostile                  // no path that an honest client makes
	kinds
)

// String is the kind's name in metrics.
func (k kind) String() string {
	return [...]string{
		"page", "index", "time", "multivariant", "mpd", "patch", "media", "iframes", "init", "segment", "chunk", "keys", "text", "unknown", "hostile",
	}[k]
}

// live tells whether any player of any origin may ask for it.
func (k kind) live() bool { return k != kindPage }

// route is a path taken apart. The slices are parts of the path.
type route struct {
	kind    kind
	vod     bool // it begins with /vod/ in place of /live/: channel is an asset
	channel []byte
	track   []byte
	number  uint64 // of a segment; of an init segment the version
	index   int    // of a chunk
}

// Bounds of what stands in a path.
const (
	maxPath  = 1024
	maxName  = 64 // of a channel or track
	maxIndex = 1 << 20
)

// parse takes a path apart as it stands in the request: nothing in our paths needs escaping, so an escape, an empty or a dot segment, and
// whatever is not printable ASCII is hostile.
func parse(path []byte) route {
	if len(path) == 0 || len(path) > maxPath || path[0] != '/' || !plain(path) {
		return route{kind: kindHostile}
	}
	r := route{kind: kindUnknown}
	rest, ok := bytes.CutPrefix(path, []byte("/live/"))
	if !ok {
		rest, r.vod = bytes.CutPrefix(path, []byte("/vod/"))
	}
	switch {
	case ok && string(rest) == "index.json":
		return route{kind: kindIndex}
	case ok || r.vod:
	case string(path) == "/time":
		return route{kind: kindTime}
	case string(path) == "/live" || string(path) == "/vod":
		return route{kind: kindUnknown}
	default:
		return route{kind: kindPage}
	}
	var inChannel, file []byte
	if r.channel, inChannel, ok = bytes.Cut(rest, []byte("/")); !ok || !name(r.channel) {
		return route{kind: kindUnknown}
	}
	switch string(inChannel) {
	case "index.m3u8":
		r.kind = kindMultivariant
		return r
	case "manifest.mpd":
		r.kind = kindMPD
		return r
	case "manifest.mpp":
		r.kind = kindPatch
		return r
	}
	if r.track, file, ok = bytes.Cut(inChannel, []byte("/")); !ok || !name(r.track) {
		return route{kind: kindUnknown}
	}
	r.file(file)
	return r
}

// file takes the last part of a track's path apart.
func (r *route) file(file []byte) {
	switch string(file) {
	case "index.m3u8":
		r.kind = kindMedia
		return
	case "iframes.m3u8":
		r.kind = kindIFrames
		return
	}
	if version, ok := bytes.CutPrefix(file, []byte("init-")); ok {
		if version, ok = bytes.CutSuffix(version, []byte(".mp4")); ok {
			if r.number, ok = number(version); ok && r.number <= math.MaxUint32 {
				r.kind = kindInit
			}
		}
		return
	}
	if stem, ok := bytes.CutSuffix(file, []byte(".vtt")); ok {
		if r.number, ok = number(stem); ok {
			r.kind = kindText
		}
		return
	}
	stem, ok := bytes.CutSuffix(file, []byte(".m4s"))
	if !ok {
		return
	}
	segment, chunk, hasChunk := bytes.Cut(stem, []byte("."))
	if r.number, ok = number(segment); !ok {
		return
	}
	if !hasChunk {
		r.kind = kindSegment
		return
	}
	if string(chunk) == "key" {
		r.kind = kindKeys
		return
	}
	if k, ok := number(chunk); ok && k < maxIndex {
		r.index, r.kind = int(k), kindChunk
	}
}

// plain tells whether a path has nothing in it that honest clients do not send.
func plain(path []byte) bool {
	for i, c := range path {
		switch {
		case c <= ' ' || c >= 0x7f || c == '%' || c == '\\' || c == '"' || c == '<' || c == '>':
			return false
		case c == '/' && i > 0 && path[i-1] == '/':
			return false
		case c == '/' || i == len(path)-1:
			end := i
			if c != '/' {
				end++
			}
			if dots(path[:end]) {
				return false
			}
		}
	}
	return true
}

// dots tells whether a path ends in a segment that is "." or "..".
func dots(path []byte) bool {
	return bytes.HasSuffix(path, []byte("/.")) || bytes.HasSuffix(path, []byte("/.."))
}

// name tells whether b can be the name of a channel or track.
func name(b []byte) bool {
	if len(b) == 0 || len(b) > maxName {
		return false
	}
	for _, c := range b {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// number reads a decimal number as we write it: without sign or leading zeros.
func number(b []byte) (uint64, bool) {
	if len(b) == 0 || len(b) > 19 || b[0] == '0' && len(b) > 1 {
		return 0, false
	}
	n := uint64(0)
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, true
}
