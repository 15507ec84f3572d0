package relay

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Bounds of what is asked for.
const (
	maxPath    = 4 << 10 // bytes
	maxQuery   = 2 << 10
	maxSession = 1 << 10 // of the value of a session's parameter
)

var (
	errHostile = errors.New("the path or the query is not well-formed")
	errUnknown = errors.New("there is nothing under this path")
)

// ask is what a player asks for, as upstreams are asked for it.
type ask struct {
	path    string   // with its query: what it is kept under
	text    bool     // a manifest, a list or subtitles
	held    bool     // upstream may wait with the answer
	session []string // marks and the values that take their places, in turns
}

// mark stands for the value of the parameter of that place in the list of carried ones.
func mark(i int) string { return "relayed-7d3f0c5a91e2-" + strconv.Itoa(i) + "-" }

// parse takes a request apart. carried are the names of parameters that are a session's own.
func parse(r *http.Request, carried []string) (ask, error) {
	path, query := r.URL.EscapedPath(), r.URL.RawQuery
	if len(path) > maxPath || len(query) > maxQuery || !plain(path) || !plain(query) || strings.Contains(path, "//") {
		return ask{}, errHostile
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == "." || part == ".." {
			return ask{}, errHostile
		}
	}
	if !strings.HasPrefix(path, "/live/") && !strings.HasPrefix(path, "/vod/") {
		return ask{}, errUnknown
	}
	a := ask{path: path}
	dot := strings.LastIndexByte(path, '.')
	switch path[max(dot, 0):] {
	case ".m3u8", ".mpd", ".mpp", ".json":
		a.text = true
		return a, a.manifest(query, carried)
	case ".vtt":
		a.text = true
	case ".m4s", ".mp4", ".jpg":
		a.held = true
	default:
		return ask{}, errUnknown
	}
	for pair := range strings.SplitSeq(query, "&") {
		if strings.HasPrefix(pair, "v=") { // the version of an asset; all else is no part of what media is
			a.path += "?" + pair
			break
		}
	}
	return a, nil
}

// manifest takes the query of a text in.
func (a *ask) manifest(query string, carried []string) error {
	if query == "" {
		return nil
	}
	pairs := strings.Split(query, "&")
	kept := pairs[:0]
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		if plainName, err := url.QueryUnescape(name); err == nil {
			name = plainName
		}
		i := slices.Index(carried, name)
		switch {
		case pair == "":
			continue
		case i >= 0 && (len(value) > maxSession || !unreserved(value)):
			return errHostile
		case i >= 0 && value != "":
			pair = url.QueryEscape(name) + "=" + mark(i)
			if !slices.Contains(a.session, mark(i)) {
				a.session = append(a.session, mark(i), value)
			}
		case strings.HasPrefix(name, "_HLS_msn"), name == "from":
			a.held = true
		}
		kept = append(kept, pair)
	}
	if len(kept) > 0 {
		a.path += "?" + strings.Join(kept, "&")
	}
	return nil
}

// plain tells whether nothing stands in s that no honest client sends.
func plain(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\"<>\\^`{|}", r) }) < 0
}

// unreserved tells whether s stands for itself in URLs, HLS and XML.
func unreserved(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._~%+:@,;=/!*", r)
	}) < 0
}
