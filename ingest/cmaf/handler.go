package cmaf

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"weir/ingest"
	ingesthttp "weir/ingest/http"
)

// Prefix is what the handler's paths begin with.
const Prefix = "/cmaf/"

const (
	maxManifest = 4 << 20 // bytes of a manifest that is thrown away
	lingerBytes = 4 << 20 // that a sender who was refused may still send, so that it reads why
	lingerTime  = time.Second
	repeatLog   = 10 * time.Second // the same refusal again and again is one line
	openTime    = 10 * time.Second // for a feed to be opened
)

// Config is what a Handler needs. Zero durations stand for the defaults.
type Config struct {
	Ingest ingest.Opener
	Log    *slog.Logger
	Now    func() time.Time

	Gather     time.Duration // for which tracks are waited for after the first sample; 1 s
	GatherMost time.Duration // for which a track that has a header, and no media, is waited for; 10 s
	Idle       time.Duration // without anything of use a feed ends; 30 s, and at least three segments
}

// Handler takes PUT, POST and DELETE of /cmaf/{channel}/…. Close must be called.
type Handler struct {
	cfg     Config
	closing chan struct{}
	once    sync.Once // closes it
	wg      sync.WaitGroup

	mu       sync.Mutex
	sessions map[string]*opening // by channel
	awaited  map[string]int      // by channel: requests of which nothing has come so far
	said     string
	saidAt   time.Time
}

// opening is a session that is there, or will be once ready is closed.
type opening struct {
	ready   chan struct{}
	session *session // nil: it could not be opened
}

// New makes a handler.
func New(cfg Config) *Handler {
	if cfg.Gather == 0 {
		cfg.Gather = time.Second
	}
	if cfg.GatherMost == 0 {
		cfg.GatherMost = 10 * time.Second
	}
	if cfg.Idle == 0 {
		cfg.Idle = 30 * time.Second
	}
	return &Handler{cfg: cfg, closing: make(chan struct{}), sessions: make(map[string]*opening), awaited: make(map[string]int)}
}

// Close ends all feeds and waits until they have ended. Requests are told; the HTTP server waits for these itself.
func (h *Handler) Close() {
	h.mu.Lock() // no session is about to begin
	h.once.Do(func() { close(h.closing) })
	h.mu.Unlock()
	h.wg.Wait()
}

// ServeHTTP takes a request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPut, http.MethodPost, http.MethodDelete:
	default:
		w.Header().Set("Allow", "PUT, POST, DELETE")
		http.Error(w, "push with PUT or POST", http.StatusMethodNotAllowed)
		return
	}
	control := http.NewResponseController(w)
	a, ok := parsePath(strings.TrimPrefix(r.URL.Path, Prefix))
	p := ingest.Publish{Channel: a.channel, Key: ingesthttp.Key(r), Protocol: "cmaf", Remote: r.RemoteAddr}
	var err error
	if r.Header.Get("Expect") != "" && p.Key == "" && ok {
		err = h.challenge(r.Context(), w, p)
	}
	switch {
	case err != nil:
	case r.Method == http.MethodDelete:
		err = h.remove(r.Context(), p)
	case !ok && !(a.channel != "" && r.ContentLength == 0): // a question whether a feed would be taken may come without a track
		err = errPath
	case a.manifest:
		_ = control.SetReadDeadline(time.Now().Add(h.cfg.Idle))
		err = h.manifest(r, p)
	default:
		q := &request{cfg: h.cfg, control: control, r: r.Body, address: a, active: time.Now()}
		came := h.await(a.channel)
		err = q.take(r.Context(), r.Header.Get("Content-Encoding"), func(ctx context.Context, open bool) (*session, error) {
			defer came()
			if !open {
				came()
			}
			return h.session(ctx, p, open)
		})
		came()
	}
	if err == nil {
		w.WriteHeader(http.StatusOK)
		return
	}
	h.refuse(w, r, control, p, err)
}

// challenge asks for the key, where one is needed, of a sender that waits for leave to send: such as have one give it only when they are
// asked. Where there is no such sender, the answer to a missing key is that to a wrong one.
func (h *Handler) challenge(ctx context.Context, w http.ResponseWriter, p ingest.Publish) error {
	_, err := h.session(ctx, p, true)
	if errors.Is(err, ingest.ErrKey) {
		w.Header().Set("WWW-Authenticate", `Basic realm="ingest"`)
		return errAsked
	}
	return err
}

// refuse tells the sender what was wrong, and lets it read that before the connection is closed.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, control *http.ResponseController, p ingest.Publish, err error) {
	status, words := refusal(shorten(p.Channel), err)
	h.mu.Lock()
	line := p.Channel + words
	again := line == h.said && h.cfg.Now().Sub(h.saidAt) < repeatLog
	if !again {
		h.said, h.saidAt = line, h.cfg.Now()
	}
	h.mu.Unlock()
	if !again {
		h.cfg.Log.Warn("request refused", "channel", shorten(p.Channel), "path", shorten(r.URL.Path), "remote", p.Remote, "status", status, "reason", err)
	}
	if r.ProtoMajor == 1 {
		w.Header().Set("Connection", "close")
		_ = control.EnableFullDuplex()
	}
	http.Error(w, words, status)
	_ = control.Flush()
	_ = control.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.CopyN(io.Discard, r.Body, lingerBytes)
}

// manifest takes one that the sender pushes beside its media, and throws it away. It may come before all media and after it: nothing is
// opened for it.
func (h *Handler) manifest(r *http.Request, p ingest.Publish) error {
	if s := h.present(p.Channel); s != nil {
		if err := s.fits(p); err != nil {
			return err
		}
		s.manifest()
	}
	if _, err := io.Copy(io.Discard, http.MaxBytesReader(nil, r.Body, maxManifest)); err != nil {
		return fmt.Errorf("%w: manifest: %w", errMalformed, err)
	}
	return nil
}

// remove answers a DELETE: how long media stay is for the channel's settings to say, so nothing is removed (interface 2, HTTP sessions,
// lets senders delete what they do not list any more).
func (h *Handler) remove(_ context.Context, p ingest.Publish) error {
	s := h.present(p.Channel)
	if s == nil {
		return errNoFeed
	}
	return s.fits(p)
}

// present is the session of a channel that goes on, nil where there is none.
func (h *Handler) present(channel string) *session {
	h.mu.Lock()
	o := h.sessions[channel]
	h.mu.Unlock()
	if o == nil {
		return nil
	}
	select {
	case <-o.ready:
		return o.session
	default:
		return nil
	}
}

// session is that of the channel. One is opened where there is none, for a header; what is no header has come too early then.
func (h *Handler) session(ctx context.Context, p ingest.Publish, open bool) (*session, error) {
	// Senders who do not read answers are gone as soon as all is sent: it counts all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), openTime)
	defer cancel()
	since := time.Now()
	for {
		h.mu.Lock()
		select {
		case <-h.closing:
			h.mu.Unlock()
			return nil, ingest.ErrClosing
		default:
		}
		o := h.sessions[p.Channel]
		mine := o == nil && open
		if mine {
			o = &opening{ready: make(chan struct{})}
			h.sessions[p.Channel] = o
			h.wg.Add(1) // until the session has ended, or could not be opened
		}
		h.mu.Unlock()
		switch {
		case mine:
			return h.open(ctx, p, o)
		case o == nil:
			if err := h.early(ctx, p.Channel, since); err != nil {
				return nil, err
			}
			continue
		}
		select {
		case <-o.ready:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		s := o.session
		if s == nil {
			continue // it was refused: this one may not be
		}
		select {
		case <-s.quit: // it is about to be gone
			select {
			case <-s.done:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			continue
		default:
		}
		if err := s.fits(p); err != nil {
			return nil, err
		}
		return s, h.admit(ctx, s, p)
	}
}

// open opens a session, in the place that was made for it.
func (h *Handler) open(ctx context.Context, p ingest.Publish, o *opening) (*session, error) {
	forget := func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.sessions, p.Channel)
	}
	feed, err := h.cfg.Ingest.Open(ctx, p)
	if err != nil {
		forget()
		close(o.ready)
		h.wg.Done()
		return nil, err
	}
	s := newSession(h.cfg, p.Channel, sha256.Sum256([]byte(p.Key)), feed)
	s.hosts[host(p.Remote)] = true
	o.session = s
	go func() {
		defer h.wg.Done()
		s.run(h.closing)
		forget()
		close(s.done)
	}()
	close(o.ready)
	return s, nil
}

// fits tells whether a request has the key that the feed was opened with.
func (s *session) fits(p ingest.Publish) error {
	sum := sha256.Sum256([]byte(p.Key))
	if subtle.ConstantTimeCompare(sum[:], s.key[:]) != 1 {
		return ingest.ErrKey
	}
	return nil
}

// admit lets another host into a session. It is asked for as a feed of its own would be: that the channel is taken is the last thing that
// can be said against it.
func (h *Handler) admit(ctx context.Context, s *session, p ingest.Publish) error {
	from := host(p.Remote)
	s.mu.Lock()
	known, full := s.hosts[from], len(s.hosts) >= maxHosts
	s.mu.Unlock()
	if known {
		return nil
	}
	if full {
		return fmt.Errorf("%w: senders at %d addresses", ingest.ErrLimit, maxHosts)
	}
	feed, err := h.cfg.Ingest.Open(ctx, p)
	if err == nil {
		feed.Close(nil)
	} else if !errors.Is(err, ingest.ErrTaken) {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hosts[from] = true
	return nil
}

// shorten bounds what a stranger's name takes in a message.
func shorten(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
