package whip

import (
	"net/http"
	"strings"
	"time"
)

const (
	maxFragment = 16 << 10        // bytes of a PATCH
	endTimeout  = 5 * time.Second // that a DELETE waits for the channel to be free
)

// serveSession is the address of a session. It is as hard to guess as a key, so it needs none (RFC 9725, 4.2 and 7).
func (s *Server) serveSession(w http.ResponseWriter, r *http.Request, id string) error {
	const methods = "DELETE, PATCH, OPTIONS"
	if r.Method == http.MethodOptions {
		allow(w, methods, "Authorization, Content-Type, If-Match")
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	c := s.session(id)
	if c == nil {
		return refuse(http.StatusNotFound, "there is no such session, or it has ended")
	}
	switch r.Method {
	case http.MethodDelete:
		c.end()
		wait := time.NewTimer(endTimeout)
		defer wait.Stop()
		select {
		case <-c.closed:
		case <-r.Context().Done():
		case <-wait.C:
		}
		w.WriteHeader(http.StatusOK)
		return nil
	case http.MethodPatch:
		return c.trickle(w, r)
	}
	w.Header().Set("Allow", methods)
	return refuse(http.StatusMethodNotAllowed, "%s does nothing here: DELETE ends the session", shorten(r.Method))
}

// trickle is RFC 9725, 4.3.1. Candidates are welcome and not needed: this side only answers checks. ICE is not restarted: a publisher whose
// network has changed begins a new session.
func (c *session) trickle(w http.ResponseWriter, r *http.Request) error {
	body, err := readBody(w, r, typeTrickle, maxFragment)
	if err != nil {
		return err
	}
	fragment := fragmentUser(string(body))
	match := r.Header.Get("If-Match")
	switch {
	case match == "":
		return refuse(http.StatusPreconditionRequired, "If-Match is missing: send the ETag of the session")
	case match == "*", fragment != "" && fragment != c.ufrag:
		return refuse(http.StatusUnprocessableEntity, "ICE restarts are not supported: publish anew")
	case match != c.etag:
		return refuse(http.StatusPreconditionFailed, "If-Match is not the ETag of the session")
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// fragmentUser is the ICE user fragment in a piece of SDP, or "" (RFC 8840, 9).
func fragmentUser(body string) string {
	for line := range strings.Lines(body) {
		if user, ok := strings.CutPrefix(strings.TrimSpace(line), "a=ice-ufrag:"); ok {
			return user
		}
	}
	return ""
}
