package whip

import (
	"crypto/rand"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"weir/ingest"
	ingesthttp "weir/ingest/http"
)

const (
	prefix      = "/whip/"
	typeSDP     = "application/sdp"
	typeTrickle = "application/trickle-ice-sdpfrag"
	noRendition = "-" // in a session's address, where the feed has none

	bodyTimeout = 10 * time.Second // for the body of a request
)

// ServeHTTP is RFC 9725, 4: POST /whip/CHANNEL or /whip/CHANNEL/RENDITION begins a session, whose address is
// /whip/CHANNEL/RENDITION/ID: DELETE ends it, PATCH brings candidates.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*") // the key is no cookie: a page has it or not, whatever its origin
	h.Set("Access-Control-Expose-Headers", "Location, ETag, Accept-Patch, Retry-After")
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, prefix), "/")
	var err error
	switch {
	case !strings.HasPrefix(r.URL.Path, prefix) || parts[0] == "" || len(parts) > 3:
		err = refuse(http.StatusNotFound, "publish to %sCHANNEL", prefix)
	case len(parts) == 3:
		err = s.serveSession(w, r, parts[2])
	default:
		rendition := ""
		if len(parts) == 2 {
			rendition = parts[1]
		}
		err = s.serveChannel(w, r, parts[0], rendition)
	}
	if err != nil {
		s.tell(w, r, err)
	}
}

// tell answers with why a request is not done.
func (s *Server) tell(w http.ResponseWriter, r *http.Request, err error) {
	var f *refusal
	if !errors.As(err, &f) {
		s.cfg.Log.Error("request failed", "path", shorten(r.URL.Path), "remote", r.RemoteAddr, "err", err)
		f = refuse(http.StatusInternalServerError, "internal error: see the server's log")
	}
	switch f.status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "10")
	}
	http.Error(w, f.words, f.status)
}

// serveChannel is the address of a channel.
func (s *Server) serveChannel(w http.ResponseWriter, r *http.Request, channel, rendition string) error {
	switch r.Method {
	case http.MethodOptions:
		allow(w, "POST, OPTIONS", "Authorization, Content-Type")
		w.Header().Set("Accept-Post", typeSDP)
		w.WriteHeader(http.StatusNoContent)
		return nil
	case http.MethodPost:
		return s.publish(w, r, channel, rendition)
	}
	w.Header().Set("Allow", "POST, OPTIONS")
	return refuse(http.StatusMethodNotAllowed, "%s does nothing here: POST an SDP offer", shorten(r.Method))
}

// allow answers a browser that asks what a page may send (Fetch, 3.3).
func allow(w http.ResponseWriter, methods, headers string) {
	h := w.Header()
	h.Set("Allow", methods)
	h.Set("Access-Control-Allow-Methods", methods)
	h.Set("Access-Control-Allow-Headers", headers)
	h.Set("Access-Control-Max-Age", "86400")
}

// publish is RFC 9725, 4.2.
func (s *Server) publish(w http.ResponseWriter, r *http.Request, channel, rendition string) error {
	p := ingest.Publish{Channel: channel, Rendition: rendition, Key: ingesthttp.Key(r), Protocol: "whip", Remote: r.RemoteAddr}
	o, err := readOffer(w, r)
	if err != nil {
		s.cfg.Log.Warn("offer refused", "channel", shorten(channel), "remote", r.RemoteAddr, "reason", err)
		return err
	}
	ctx, full := s.enter()
	if full != nil {
		s.cfg.Log.Warn("offer refused", "channel", shorten(channel), "remote", r.RemoteAddr, "reason", full)
		return full
	}
	feed, err := s.cfg.Ingest.Open(r.Context(), p)
	if err != nil {
		s.leave()
		return refused(channel, err)
	}
	c, answer, err := newSession(r.Context(), s, o, feed, p, isLoopback(r.RemoteAddr))
	if err != nil {
		feed.Close(err)
		s.leave()
		if errors.Is(err, errOffer) {
			return refuse(http.StatusBadRequest, "%s", shorten(err.Error()))
		}
		return err
	}
	c.id, c.etag = rand.Text(), `"`+rand.Text()+`"`
	s.start(ctx, c)
	if rendition == "" {
		rendition = noRendition
	}
	h := w.Header()
	h.Set("Location", prefix+channel+"/"+rendition+"/"+c.id)
	h.Set("Content-Type", typeSDP)
	h.Set("ETag", c.etag)
	h.Set("Accept-Patch", typeTrickle)
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, answer)
	return nil
}

// readOffer reads and checks the body of a POST.
func readOffer(w http.ResponseWriter, r *http.Request) (offer, error) {
	body, err := readBody(w, r, typeSDP, maxOffer)
	if err != nil {
		return offer{}, err
	}
	return parseOffer(body)
}

// readBody reads a body of that type. The error is a *refusal.
func readBody(w http.ResponseWriter, r *http.Request, want string, most int64) ([]byte, error) {
	if got, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || got != want {
		return nil, refuse(http.StatusUnsupportedMediaType, "the body must be %s", want)
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, refuse(http.StatusRequestEntityTooLarge, "the body has more than %d bytes", most)
	case err != nil:
		return nil, refuse(http.StatusBadRequest, "the body did not come whole")
	}
	return body, nil
}
