package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// source is an HTTP server of the files of a directory, which counts what is asked of it.
type source struct {
	*httptest.Server
	requests, bytes atomic.Int64
}

func newSource(t testing.TB, dir string) *source {
	t.Helper()
	s := &source{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		f, err := os.Open(filepath.Join(dir, filepath.Base(r.URL.Path)))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Etag", `"1"`)
		http.ServeContent(w, r, "", info.ModTime(), countedFile{f, s})
	}))
	t.Cleanup(s.Close)
	return s
}

// countedFile is a file that counts what is read of it.
type countedFile struct {
	io.ReadSeeker
	of *source
}

func (c countedFile) Read(p []byte) (int, error) {
	n, err := c.ReadSeeker.Read(p)
	c.of.bytes.Add(int64(n))
	return n, err
}
