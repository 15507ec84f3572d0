package http

import (
	"net/http"
	"net/url"
	"strings"
)

// Key is the key that a request gives: ?key=KEY, Authorization: Bearer KEY, or the password of Basic; "" for none.
func Key(r *http.Request) string {
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		v, ok := strings.CutPrefix(pair, "key=")
		if !ok || v == "" {
			continue
		}
		if plain, err := url.PathUnescape(v); err == nil { // a plus sign stands for itself: people paste keys as they are
			return plain
		}
		return v
	}
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	const bearer = "bearer "
	if h := r.Header.Get("Authorization"); len(h) > len(bearer) && strings.EqualFold(h[:len(bearer)], bearer) {
		return strings.TrimSpace(h[len(bearer):])
	}
	return ""
}
