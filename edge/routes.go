package edge

import (
	"bytes"
	"math"
	"unicode/utf8"
)

// kind is what a path names.
type kind int

// The kinds of path. The first ones are what requests are counted by.
const (
	kindPage         kind = iota // a file of the player page
	kindIndex                    // /live/index.json, /vod/index.json
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
	kindImage                    // /live/C/T/N.jpg, of assets only
	kindUnknown                  // nothing of ours
	kindHostile                  // no path that an honest client makes
	kinds
)

// String is the kind's name in metrics.
func (k kind) String() string {
	return [...]string{
		"page", "index", "time", "multivariant", "mpd", "patch", "media", "iframes", "init", "segment", "chunk", "keys", "text", "image", "unknown", "hostile",
	}[k]
}

// live tells whether any player of any origin may ask for it.
func (k kind) live() bool { return k != kindPage }

// route is a path taken apart. The slices are parts of the path.
type route struct {
	kind    kind
	vod     bool   // it begins with /vod/ in place of /live/: channel is an asset
	peer    bool   // another edge asks: none is asked for it in turn
	channel []byte // of an asset without escapes
	track   []byte
	number  uint64 // of a segment; of an init segment the version
	index   int    // of a chunk
}

// Bounds of what stands in a path.
const (
	maxPath  = 1024 // in bytes, behind an asset's name
	maxAsset = 1100 // of an asset's name, without escapes
	maxName  = 64   // of a channel or track
	maxIndex = 1 << 20
)

// parse takes a path apart as it stands in the request: nothing in our paths needs escaping but the names of assets that are files in mapped
// directories. Elsewhere an escape, an empty or a dot segment, and whatever is not printable ASCII is hostile.
func parse(path []byte) route {
	if rest, ok := bytes.CutPrefix(path, []byte("/vod/")); ok {
		return parseAsset(rest)
	}
	if len(path) == 0 || len(path) > maxPath || path[0] != '/' || !plain(path) {
		return route{kind: kindHostile}
	}
	r := route{kind: kindUnknown}
	rest, ok := bytes.CutPrefix(path, []byte("/live/"))
	switch {
	case ok && string(rest) == "index.json":
		return route{kind: kindIndex}
	case ok:
	case string(path) == "/time":
		return route{kind: kindTime}
	case string(path) == "/live" || string(path) == "/vod":
		return route{kind: kindUnknown}
	default:
		return route{kind: kindPage}
	}
	var inChannel []byte
	if r.channel, inChannel, ok = bytes.Cut(rest, []byte("/")); !ok || !name(r.channel) {
		return route{kind: kindUnknown}
	}
	r.inside(inChannel)
	return r
}

// parseAsset takes apart what stands behind /vod/.
func parseAsset(rest []byte) route {
	slash := bytes.IndexByte(rest, '/')
	if slash < 0 {
		slash = len(rest)
	}
	asset, ok := unescape(rest[:min(slash, 3*maxAsset+1)])
	switch {
	case !ok || !assetName(asset) || len(rest)-slash > maxPath:
		return route{kind: kindHostile}
	case string(rest) == "index.json":
		return route{kind: kindIndex, vod: true}
	case slash == len(rest):
		return route{kind: kindUnknown}
	case !plain(rest[slash:]):
		return route{kind: kindHostile}
	}
	r := route{kind: kindUnknown, vod: true, channel: asset}
	r.inside(rest[slash+1:])
	return r
}

// assetName tells whether b can be the name of an asset: that of a file without what could lead elsewhere, or none at all.
func assetName(b []byte) bool {
	if len(b) > maxAsset || !utf8.Valid(b) || len(b) > 0 && b[0] == '.' {
		return false
	}
	for _, c := range b {
		if c < ' ' || c == 0x7f || c == '/' || c == '\\' {
			return false
		}
	}
	return true
}

// inside takes apart what stands behind the name of a channel or an asset.
func (r *route) inside(path []byte) {
	switch string(path) {
	case "index.m3u8":
		r.kind = kindMultivariant
		return
	case "manifest.mpd":
		r.kind = kindMPD
		return
	case "manifest.mpp":
		r.kind = kindPatch
		return
	}
	track, file, ok := bytes.Cut(path, []byte("/"))
	if !ok || !name(track) {
		return
	}
	r.track = track
	r.file(file)
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
	if stem, ok := bytes.CutSuffix(file, []byte(".jpg")); ok {
		if r.number, ok = number(stem); ok {
			r.kind = kindImage
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
