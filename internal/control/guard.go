package control

import (
	"fmt"
	"mime"
	"net"
	"net/http"
	"strings"
)

// guard keeps web pages away from the admin API, which asks for no password: a page that the operator has open in a browser
// could otherwise reach an address that is meant for this machine only.
//
// A page of another origin is refused what changes anything (by Sec-Fetch-Site, or Origin against Host). A page that has its
// own name pointed to 127.0.0.1 (DNS rebinding) is of the same origin, but cannot hide that name: what comes in over a loopback
// address must ask for one. What is sent must be JSON by its Content-Type, so that no form can send it.
func guard(next http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection()
	origins.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "refused: asked for by a web page of another origin", http.StatusForbidden)
	}))
	checked := origins.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut || r.Method == http.MethodPost || r.Method == http.MethodPatch {
			if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
				http.Error(w, "the body must be JSON: send Content-Type: application/json", http.StatusUnsupportedMediaType)
				return
			}
		}
		next.ServeHTTP(w, r)
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		if overLoopback(r) && !local(r.Host) {
			http.Error(w, fmt.Sprintf("refused: %.100q is not a name of this machine's own address, use localhost or 127.0.0.1", r.Host),
				http.StatusMisdirectedRequest)
			return
		}
		checked.ServeHTTP(w, r)
	})
}

// overLoopback tells whether the request was sent to a loopback address.
func overLoopback(r *http.Request) bool {
	a, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ok && a.IP.IsLoopback()
}

// local tells whether host, with or without a port, is an IP address or localhost: what nobody can point elsewhere.
func local(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.EqualFold(host, "localhost") || net.ParseIP(host) != nil
}
