package control

import (
	"io"
	"net/http"
	"strings"
)

// health tells that the process lives: no more than that it answers.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	plain(w, http.StatusOK, "ok\n")
}

// ready tells whether the process can do its work, else what is missing, one reason a line.
func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	var reasons strings.Builder
	add := func(what string, err error) {
		if err == nil {
			return
		}
		for line := range strings.Lines(err.Error()) {
			if line = strings.TrimSpace(line); line != "" {
				reasons.WriteString(what + ": " + line + "\n")
			}
		}
	}
	if s.draining.Load() {
		reasons.WriteString("draining\n")
	}
	if s.starting {
		reasons.WriteString("starting\n")
	}
	add(s.source, s.bus.Ready())
	if s.cfg.Edge != nil {
		add("edge", s.cfg.Edge.Ready())
	}
	if reasons.Len() > 0 {
		plain(w, http.StatusServiceUnavailable, reasons.String())
		return
	}
	plain(w, http.StatusOK, "ready\n")
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // who asked may be gone
}
