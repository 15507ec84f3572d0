package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"weir/ingest/ingesttest"
	"weir/internal/catalog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// changes is a catalog whose changes a test makes.
type changes chan catalog.Change

func (c changes) Watch(ctx context.Context) <-chan catalog.Change {
	out := make(chan catalog.Change)
	go func() {
		defer close(out)
		for {
			select {
			case <-ctx.Done():
				return
			case change := <-c:
				select {
				case out <- change:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out
}

func (c changes) set(ch catalog.Channel) { c <- catalog.Change{ID: ch.ID, Channel: ch} }

// settle returns when what was changed before has been done.
func (c changes) settle() {
	for range 2 { // the second is taken when the first is with the supervisor, which is done then with what came before
		c <- catalog.Change{ID: "nobody", Deleted: true}
	}
}

// supervise keeps sources going until stop, which the end of the test calls too.
func supervise(t *testing.T, cfg Config) (stop func()) {
	t.Helper()
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return ingesttest.Run(t, New(cfg).Run)
}

// jobs are those that run, as they begin and end. Its kind is that of what begins with the scheme.
type jobs struct{ begun, ended chan Source }

func newJobs() jobs { return jobs{make(chan Source, 100), make(chan Source, 100)} }

func (r jobs) kind(scheme string, passphrase bool) Kind {
	return Kind{
		Area: scheme, Is: func(url string) bool { return strings.HasPrefix(url, scheme) }, Passphrase: passphrase,
		Run: func(ctx context.Context, j Job) error {
			r.begun <- j.Source
			<-ctx.Done()
			r.ended <- j.Source
			return ctx.Err()
		},
	}
}

// A source runs as long as its channel names it: it starts anew when what it needs has changed, and for nothing else.
func TestSourcesOfChannels(t *testing.T) {
	t.Parallel()
	c, run := make(changes), newJobs()
	stop := supervise(t, Config{Catalog: c, Now: time.Now, Kinds: []Kind{run.kind("file:", false), run.kind("srt:", true)}})
	c.set(catalog.Channel{ID: "push"})
	c.set(catalog.Channel{ID: "others", Source: "other:a"})
	c.set(catalog.Channel{ID: "open", Source: "file:a", Passphrase: "p"})
	if got := ingesttest.Receive(t, run.begun, "a source begun"); got != (Source{Channel: "open", URL: "file:a"}) {
		t.Errorf("%+v", got)
	}
	closed := catalog.Channel{ID: "closed", Source: "srt:a", Passphrase: "p", Key: "k"}
	c.set(closed)
	was := ingesttest.Receive(t, run.begun, "a source begun")
	if was != (Source{Channel: "closed", URL: "srt:a", Passphrase: "p", Key: "k"}) {
		t.Errorf("%+v", was)
	}

	c.set(catalog.Channel{ID: "open", Source: "file:a", Passphrase: "q", Title: "Open"})
	c.settle()
	if len(run.begun)+len(run.ended) > 0 {
		t.Error("a source began anew for nothing")
	}
	for _, change := range []func(){
		func() { closed.Source = "srt:b" }, func() { closed.Passphrase = "q" }, func() { closed.Key = "l" }, func() { closed.Source = "file:b" },
	} {
		change()
		c.set(closed)
		if ended := ingesttest.Receive(t, run.ended, "the source before ended"); ended != was {
			t.Errorf("%+v ended instead of %+v", ended, was)
		}
		was = ingesttest.Receive(t, run.begun, "a source begun")
		if was.URL != closed.Source || was.Key != closed.Key {
			t.Errorf("%+v", was)
		}
	}

	c <- catalog.Change{ID: "closed", Deleted: true}
	if ended := ingesttest.Receive(t, run.ended, "the source ended"); ended != was {
		t.Errorf("%+v", ended)
	}
	stop()
	if ended := ingesttest.Receive(t, run.ended, "the last source ended"); ended.Channel != "open" || len(run.begun)+len(run.ended) > 0 {
		t.Errorf("%+v ended, and others", ended)
	}
}

// Sources that inputs named were fetched by nobody.
func TestSourcesOfInputs(t *testing.T) {
	t.Parallel()
	c, run := make(changes), newJobs()
	stop := supervise(t, Config{Catalog: c, Now: time.Now, Kinds: []Kind{run.kind("file:", false)}})
	set := func(inputs ...catalog.Input) {
		c.set(catalog.Channel{ID: "news", Key: "k", Inputs: catalog.MakeInputs(inputs)})
	}
	expect := func(from <-chan Source, what string, inputs ...string) {
		t.Helper()
		var got []string
		for range inputs {
			src := ingesttest.Receive(t, from, what)
			if src.Channel != "news" || src.Key != "k" {
				t.Errorf("%+v", src)
			}
			got = append(got, src.Input+" "+src.URL)
		}
		if slices.Sort(got); !slices.Equal(got, inputs) {
			t.Errorf("%s: %q, want %q", what, got, inputs)
		}
	}
	main, backup := catalog.Input{Name: "main", Source: "file:a"}, catalog.Input{Name: "backup", Source: "file:b"}
	set(main, catalog.Input{Name: "pushed"}, backup)
	expect(run.begun, "begun", "backup file:b", "main file:a")
	backup.Source = "file:a" // of which there is one, but as another input
	set(main, backup)
	expect(run.ended, "ended", "backup file:b")
	expect(run.begun, "begun", "backup file:a")
	set(backup)
	expect(run.ended, "ended", "main file:a")
	stop()
	expect(run.ended, "ended", "backup file:a")
	if len(run.begun)+len(run.ended) > 0 {
		t.Error("others ran")
	}
	in := new(ingesttest.Server)
	if _, err := (Job{Source: Source{Channel: "news", Input: "main", Key: "k"}, Ingest: in}).Open(t.Context(), "file", "a", nil); err != nil {
		t.Error(err)
	}
	if p := in.Next(t).Publish; p.Channel != "news" || p.Input != "main" || p.Key != "k" || p.Protocol != "file" || p.Remote != "a" || !p.Source {
		t.Errorf("opened %v", p)
	}
}

// attempt is what a source does: how long it lasts, and its error; nil for a panic.
type attempt struct {
	lasts time.Duration
	err   error
}

// What fails is tried again: ever later, latest where it is refused, and soon after a long run. The same trouble is told once.
func TestSourcesThatFail(t *testing.T) {
	t.Parallel()
	lost, refused := errors.New("lost"), fmt.Errorf("call: %w", ErrRefused)
	repeat := func(n int, a attempt) (all []attempt) {
		for range n {
			all = append(all, a)
		}
		return all
	}
	for name, tc := range map[string]struct {
		attempts []attempt
		waits    []time.Duration // in seconds
		told     int
	}{
		"again":            {repeat(7, attempt{0, lost}), []time.Duration{1, 2, 4, 8, 16, 30, 30}, 1},
		"steady":           {append(repeat(3, attempt{0, lost}), attempt{time.Minute, lost}, attempt{0, lost}), []time.Duration{1, 2, 4, 1, 2}, 2},
		"refused":          {append(repeat(11, attempt{0, refused}), attempt{0, lost}, attempt{0, lost}), []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 30}, 2},
		"panics":           {repeat(2, attempt{}), []time.Duration{1, 2}, 1},
		"panics, and lost": {[]attempt{{}, {0, lost}, {}}, []time.Duration{1, 2, 4}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock, done := time.Unix(0, 0), make(chan []time.Duration, 1)
			var waits []time.Duration
			var log bytes.Buffer
			c := make(changes)
			stop := supervise(t, Config{
				Catalog: c, Log: slog.New(slog.NewTextHandler(&log, nil)), Now: func() time.Time { return clock },
				Kinds: []Kind{{
					Area: "test", Failed: "it failed", Panicked: "it panicked", Is: func(url string) bool { return url != "" },
					Run: func(context.Context, Job) error {
						a := tc.attempts[len(waits)]
						clock = clock.Add(a.lasts)
						if a.err == nil {
							panic("oops")
						}
						return a.err
					},
				}},
				Wait: func(ctx context.Context, d time.Duration) error {
					if waits = append(waits, d/time.Second); len(waits) < len(tc.attempts) {
						return nil
					}
					done <- waits
					<-ctx.Done()
					return ctx.Err()
				},
			})
			c.set(catalog.Channel{ID: "news", Source: "srt://a:1?passphrase=0123456789"})
			if got := ingesttest.Receive(t, done, "all attempts"); fmt.Sprint(got) != fmt.Sprint(tc.waits) {
				t.Errorf("waited %d, want %d", got, tc.waits)
			}
			stop()
			text := log.String()
			const fields = ` area=test channel=news source="srt://a:1?passphrase=hidden" `
			if n := strings.Count(text, `level=WARN msg="it failed"`+fields); n != tc.told || strings.Contains(text, "0123456789") {
				t.Errorf("told %d times, want %d:\n%s", n, tc.told, text)
			}
			panics := strings.Count(text, `level=ERROR msg="it panicked"`+fields+"panic=oops stack=")
			for _, a := range tc.attempts {
				if a.err == nil {
					panics--
				}
			}
			if panics != 0 {
				t.Errorf("%d more panics were told than there were:\n%s", panics, text)
			}
		})
	}
}
