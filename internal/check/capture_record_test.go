package check

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"weir/internal/check/playlist"
)

const (
	captureLength = simLength + 6*time.Second // what is asked for at the end of a check is still answered
	captureTick   = 40 * time.Millisecond     // between looks at what does not block
)

// recorder captures a channel. Its methods are safe for concurrent use.
type recorder struct {
	*fetcher
	base  string // URL of the channel, without / at its end
	start time.Time
	fail  context.CancelCauseFunc
	tasks sync.WaitGroup

	mu      sync.Mutex
	answers []seen
	media   map[string]bool // paths that have been asked for
}

// record captures a channel of Weir that is on air, has low latency and a window that is full.
func record(ctx context.Context, base string) (*capture, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	r := &recorder{
		fetcher: newFetcher(transport, time.Now), base: strings.TrimSuffix(base, "/"), start: time.Now().UTC(), fail: cancel, media: map[string]bool{},
	}
	r.run(func() error { return r.poll(ctx, "/index.m3u8") })
	r.run(func() error { return r.poll(ctx, "/manifest.mpd") })
	for _, name := range []string{"/v1/index.m3u8", "/a1/index.m3u8", "/v1/iframes.m3u8"} {
		r.run(func() error { return r.follow(ctx, name) })
	}
	r.run(func() error { // a form of the channel that has ended
		_, err := r.keep(ctx, "/manifest.mpd", fmt.Sprintf("end=%d", r.start.Unix()-2))
		return err
	})
	r.run(func() error {
		u := resolve(r.base, "/time")
		a, err := r.get(ctx, ask{url: u})
		if err == nil {
			r.note(a, "/time", "")
		}
		return err
	})
	r.tasks.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	slices.SortStableFunc(r.answers, func(a, b seen) int { return cmp.Compare(a.Path, b.Path) })
	return &capture{Start: r.start, Length: captureLength, Answers: r.answers}, nil
}

// run does something beside; its error ends all.
func (r *recorder) run(do func() error) {
	r.tasks.Go(func() {
		if err := do(); err != nil {
			r.fail(err)
		}
	})
}

func (r *recorder) over() bool { return time.Since(r.start) > captureLength }

// ask fetches a path; anything but 200 is an error.
func (r *recorder) ask(ctx context.Context, name, query string) (*answer, error) {
	u := r.base + name
	if query != "" {
		u += "?" + query
	}
	a, err := r.get(ctx, ask{url: u, waits: true, header: zippedToo(), limit: maxMedia})
	if err == nil && a.status != http.StatusOK {
		err = fmt.Errorf("%s is answered with %d", u, a.status)
	}
	return a, err
}

// note keeps an answer.
func (r *recorder) note(a *answer, name, query string, pieces ...int) {
	s := seen{At: a.done.Sub(r.start), Path: name, Query: query, Header: map[string]string{}, Pieces: pieces}
	for _, field := range headersKept {
		if v := a.header.Get(field); v != "" {
			s.Header[field] = v
		}
	}
	if strings.HasPrefix(a.mime(), "video/") || strings.HasPrefix(a.mime(), "audio/") {
		s.Data = a.body
	} else {
		s.Text = string(a.body)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers = append(r.answers, s)
}

// keep fetches a path and keeps what came.
func (r *recorder) keep(ctx context.Context, name, query string) (*answer, error) {
	a, err := r.ask(ctx, name, query)
	if err == nil {
		r.note(a, name, query)
	}
	return a, err
}

// poll keeps each version of a manifest that does not block.
func (r *recorder) poll(ctx context.Context, name string) error {
	tick := time.NewTicker(captureTick)
	defer tick.Stop()
	var last []byte
	for !r.over() {
		a, err := r.ask(ctx, name, "")
		if err != nil {
			return err
		}
		if !bytes.Equal(a.body, last) {
			r.note(a, name, "")
			last = a.body
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// follow keeps a media playlist as it is whenever something new is in it, whole and as a delta update, and has its media kept.
func (r *recorder) follow(ctx context.Context, name string) error {
	a, err := r.keep(ctx, name, "")
	if err != nil {
		return err
	}
	for {
		p, err := playlist.Parse(a.body)
		if err != nil {
			return err
		}
		r.fetch(ctx, name, p)
		if r.over() {
			return nil
		}
		number, part := nextOf(p)
		query := "_HLS_msn=" + utoa(number)
		if part >= 0 {
			query += "&_HLS_part=" + itoa(part)
		}
		if a, err = r.both(ctx, name, query); err != nil {
			return err
		}
	}
}

// both keeps a playlist, whole and as a delta update, of the same moment: where another came between the two, it asks once more.
func (r *recorder) both(ctx context.Context, name, query string) (*answer, error) {
	skip := query + "&_HLS_skip=YES"
	for range 10 {
		var delta *answer
		var failed error
		var wait sync.WaitGroup
		wait.Go(func() { delta, failed = r.ask(ctx, name, skip) })
		whole, err := r.ask(ctx, name, query)
		wait.Wait()
		if err = errors.Join(err, failed); err != nil {
			return nil, err
		}
		p, err := playlist.Parse(whole.body)
		if err != nil {
			return nil, err
		}
		q, err := playlist.Parse(delta.body)
		if err != nil {
			return nil, err
		}
		if p.Next() != q.Next() || len(p.Parts) != len(q.Parts) {
			continue
		}
		r.note(whole, name, query)
		if q.Skip != nil {
			r.note(delta, name, skip)
		}
		return whole, nil
	}
	return nil, fmt.Errorf("%s?%s: the delta update is always of another moment", name, query)
}

// fetch has what is new in a listing kept: segments with the sizes of their parts, init segments, and those with key frames alone.
func (r *recorder) fetch(ctx context.Context, name string, p *playlist.Playlist) {
	for i := range p.Segments {
		s := &p.Segments[i]
		file := path.Join(path.Dir(name), s.URI)
		if p.IFramesOnly {
			r.once(ctx, strings.TrimSuffix(file, ".m4s")+".key.m4s", nil)
			continue
		}
		r.once(ctx, file, s.Parts)
		if s.Map != nil {
			r.once(ctx, path.Join(path.Dir(name), s.Map.URI), nil)
		}
	}
}

// once keeps media, if it is not kept yet.
func (r *recorder) once(ctx context.Context, name string, parts []playlist.Part) {
	r.mu.Lock()
	known := r.media[name]
	r.media[name] = true
	r.mu.Unlock()
	if known {
		return
	}
	r.run(func() error {
		whole, err := r.ask(ctx, name, "")
		if err != nil {
			return err
		}
		var sizes []int
		var all []byte
		for i := range parts {
			a, err := r.ask(ctx, path.Join(path.Dir(name), parts[i].URI), "")
			if err != nil {
				return err
			}
			sizes, all = append(sizes, len(a.body)), append(all, a.body...)
		}
		if len(parts) > 0 && !bytes.Equal(all, whole.body) {
			return fmt.Errorf("%s is not what its parts are: it cannot be captured", name)
		}
		r.note(whole, name, "", sizes...)
		return nil
	})
}
