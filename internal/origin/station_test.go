package origin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// world is a network in memory, on which stations are reached by name. It is for the bubble of testing/synctest, where time passes at once.
type world struct {
	t        *testing.T
	stations map[string]*station
}

// station is a server that does its work, but for a fault in front of it.
type station struct {
	world *world
	name  string
	kind  string
	work  http.Handler
	put   func(path string, data []byte)
	conns chan net.Conn

	mu       sync.Mutex
	fault    string
	dials    int
	requests []string // ranges that were asked for
}

// newWorld is a network without stations.
func newWorld(t *testing.T) *world { return &world{t: t, stations: map[string]*station{}} }

// add starts a server of a kind: "s3", "s3-if" (which knows If-Match), "etag" and "dated" (web servers).
func (w *world) add(name, kind string) *station {
	s := &station{world: w, name: name, kind: kind, conns: make(chan net.Conn)}
	switch kind {
	case "s3", "s3-if":
		backend := s3mem.New()
		if err := backend.CreateBucket("bucket"); err != nil {
			w.t.Fatal(err)
		}
		s.put = func(path string, data []byte) {
			meta := map[string]string{"Last-Modified": time.Now().UTC().Format(http.TimeFormat)}
			if _, err := backend.PutObject("bucket", "films/"+path, meta, bytes.NewReader(data), int64(len(data)), nil); err != nil {
				w.t.Error(err)
			}
		}
		s.work = gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	default:
		web := &webServer{tagged: kind == "etag", files: map[string]webFile{}}
		s.put, s.work = web.put, web
	}
	server := &http.Server{Handler: s, ErrorLog: log.New(io.Discard, "", 0)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(s)
	}()
	w.t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	w.stations[name] = s
	return s
}

// config is the site of a station.
func (s *station) config() Config {
	c := Config{Name: s.name, Timeout: 4 * time.Second}
	if strings.HasPrefix(s.kind, "s3") {
		c.URL, c.Endpoint, c.AccessKey, c.SecretKey = "s3://bucket/films", "http://"+s.name+".test", "key", "hush"
	} else {
		c.URL = "http://user:hush@" + s.name + ".test/films/?token=hush"
	}
	return c
}

// origin has all stations as sites, in the order of names.
func (w *world) origin(names ...string) *Origin {
	var cfgs []Config
	for _, n := range names {
		cfgs = append(cfgs, w.stations[n].config())
	}
	o, err := build(cfgs, quiet(), time.Now, network{dial: w.dial})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range o.order {
		s.health.jitter = func() float64 { return 0.5 }
	}
	w.t.Cleanup(o.Close)
	return o
}

// dial connects to a station, unless its fault is of the network.
func (w *world) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	host, _, _ := strings.Cut(addr, ".")
	s := w.stations[host]
	if s == nil {
		return nil, &net.DNSError{Err: "no such host", Name: addr, IsNotFound: true}
	}
	s.mu.Lock()
	s.dials++
	fault := s.fault
	s.mu.Unlock()
	switch fault {
	case "refused":
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	case "hole": // as a net.Dialer with a time-out of its own
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(2 * time.Second):
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
		}
	}
	near, far := net.Pipe()
	select {
	case s.conns <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// A station is the listener of its server.
func (s *station) Accept() (net.Conn, error) {
	c, ok := <-s.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (s *station) Close() error   { close(s.conns); return nil }
func (s *station) Addr() net.Addr { return &net.TCPAddr{} }

// fail sets the fault that requests from now on meet; "" is none.
func (s *station) fail(fault string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

// asked is how many requests and connections there were since it was last asked so.
func (s *station) asked() (requests, dials int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests, dials = len(s.requests), s.dials
	s.requests, s.dials = nil, 0
	return requests, dials
}

// ServeHTTP answers, as the fault lets it.
func (s *station) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	fault := s.fault
	s.requests = append(s.requests, r.Header.Get("Range"))
	s.mu.Unlock()
	switch fault {
	case "401", "403", "404", "416", "429", "500", "503":
		var status int
		_, _ = fmt.Sscan(fault, &status)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<Error><Code>Fault</Code></Error>")
		return
	case "mute":
		<-r.Context().Done()
		return
	case "hung up", "refused", "hole": // also on connections from before
		panic(http.ErrAbortHandler)
	case "whole":
		r.Header.Del("Range")
	case "elsewhere":
		http.Redirect(w, r, "ftp://example.test/", http.StatusFound)
		return
	case "round":
		http.Redirect(w, r, r.URL.String(), http.StatusFound)
		return
	}
	rec := httptest.NewRecorder()
	s.work.ServeHTTP(rec, r)
	a := rec.Result()
	body := rec.Body.Bytes()
	if want := r.Header.Get("If-Match"); s.kind == "s3-if" && want != "" && want != a.Header.Get("ETag") {
		w.WriteHeader(http.StatusPreconditionFailed)
		return
	}
	for k, v := range a.Header {
		w.Header()[k] = v
	}
	h := w.Header()
	h.Set("Content-Length", fmt.Sprint(len(body)))
	half := body[:len(body)/2]
	switch fault {
	case "short", "cut off unsaid": // without a length nothing tells at first that bytes are missing
		h.Del("Content-Length")
		body = half
	case "long":
		h.Del("Content-Length")
		body = append(bytes.Clone(body), "more"...)
	case "longer":
		h.Set("Content-Length", fmt.Sprint(len(body)+4))
		body = append(bytes.Clone(body), "more"...)
	case "shifted":
		var from, to, total int64
		if _, err := fmt.Sscanf(h.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &total); err == nil {
			h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from+1, to+1, total+1))
		}
	case "unplaced":
		h.Del("Content-Range")
	case "squeezed":
		h.Set("Content-Encoding", "gzip")
	case "untagged":
		h.Del("ETag")
		h.Del("Last-Modified")
	}
	w.WriteHeader(a.StatusCode)
	switch fault {
	case "stalls":
		s.send(w, half)
		<-r.Context().Done()
	case "no body":
		s.send(w, nil)
		<-r.Context().Done()
	case "cut":
		s.send(w, half)
		panic(http.ErrAbortHandler)
	default:
		_, _ = w.Write(body)
	}
}

func (s *station) send(w http.ResponseWriter, b []byte) {
	_, _ = w.Write(b)
	if err := http.NewResponseController(w).Flush(); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		s.world.t.Log(err)
	}
}

// webServer is a plain server of files.
type webServer struct {
	tagged bool
	mu     sync.Mutex
	files  map[string]webFile
}

type webFile struct {
	data     []byte
	modified time.Time
}

func (s *webServer) put(path string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files["/films/"+path] = webFile{data, time.Now()}
}

func (s *webServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	f, ok := s.files[r.URL.Path]
	s.mu.Unlock()
	if user, pass, _ := r.BasicAuth(); user != "user" || pass != "hush" || r.URL.Query().Get("token") != "hush" {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	if !ok {
		http.NotFound(w, r)
		return
	}
	if s.tagged {
		w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(f.data)))
	}
	http.ServeContent(w, r, "film.mp4", f.modified, bytes.NewReader(f.data))
}

// after passes time in the bubble.
func after(d time.Duration) { <-time.After(d) }
