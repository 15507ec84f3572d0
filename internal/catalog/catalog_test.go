package catalog

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// bucket is an empty KV bucket in a JetStream server of its own, on the disk.
func bucket(t *testing.T) jetstream.KeyValue {
	t.Helper()
	_, kv := connect(t)
	return kv
}

// connect makes the server and the bucket, and gives the connection too.
func connect(t *testing.T) (*nats.Conn, jetstream.KeyValue) {
	t.Helper()
	s, err := server.NewServer(&server.Options{JetStream: true, StoreDir: t.TempDir(), DontListen: true, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	nc, err := nats.Connect("", nats.InProcessServer(s))
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	nc.SetClosedHandler(func(*nats.Conn) { close(closed) })
	t.Cleanup(func() { nc.Close(); <-closed })
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	kv, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "weir-catalog", Storage: jetstream.FileStorage})
	if err != nil {
		t.Fatal(err)
	}
	return nc, kv
}

func open(t *testing.T, kv jetstream.KeyValue, base ...Channel) *Catalog {
	t.Helper()
	c, err := Open(t.Context(), kv, base, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func ptr[T any](v T) *T { return &v }

// channel is a valid channel with a title of its own.
func channel(id string) Channel {
	c := New(id)
	c.Title = "The " + id
	return c
}

func put(t *testing.T, c *Catalog, id string, p Patch) (Channel, bool) {
	t.Helper()
	ch, created, err := c.Put(t.Context(), id, p)
	if err != nil {
		t.Fatal(err)
	}
	if now, ok := c.Channel(id); !ok || now != ch {
		t.Fatalf("after Put: %v, there %t; want %v", now, ok, ch)
	}
	return told(ch), created
}

// told is a channel without its revision.
func told(c Channel) Channel {
	c.Revision = 0
	return c
}

// An edge tells players by the revision that settings have changed: it must be the same on every edge, and rise.
func TestRevisionRisesInEveryProcess(t *testing.T) {
	t.Parallel()
	kv := bucket(t)
	a, b := open(t, kv, channel("news")), open(t, kv, channel("news"))
	if ch, _ := a.Channel("news"); ch.Revision != 0 {
		t.Fatalf("revision %d of what the file has", ch.Revision)
	}
	before := uint64(0)
	for _, d := range []time.Duration{time.Hour, 2 * time.Hour, time.Hour} {
		ch, _, err := a.Put(t.Context(), "news", Patch{DVR: &d})
		if err != nil || ch.Revision <= before {
			t.Fatalf("revision %d after %d: %v", ch.Revision, before, err)
		}
		again, _, err := a.Put(t.Context(), "news", Patch{DVR: &d})
		if err != nil || again != ch {
			t.Fatalf("%v, then %v: %v", ch, again, err)
		}
		before = ch.Revision
		await(t, b, func(c Change) bool {
			now, _ := b.Channel("news")
			return now == ch
		})
	}
}

func TestPutMerges(t *testing.T) {
	t.Parallel()
	c := open(t, bucket(t), channel("news"))

	ch, created := put(t, c, "news", Patch{DVR: ptr(4 * time.Hour)})
	want := channel("news")
	want.DVR, want.FromFile = 4*time.Hour, true
	if created || ch != want {
		t.Fatalf("got %v, created %t; want %v", ch, created, want)
	}

	ch, created = put(t, c, "news", Patch{Title: ptr(""), Key: ptr("s3cret")})
	want.Title, want.Key = "", "s3cret"
	if created || ch != want {
		t.Fatalf("got %v, created %t; want %v", ch, created, want)
	}

	ch, created = put(t, c, "live", Patch{})
	if want := New("live"); !created || ch != want {
		t.Fatalf("got %v, created %t; want %v", ch, created, want)
	}
	if _, created = put(t, c, "live", Patch{}); created {
		t.Fatal("created twice")
	}
	if ids := idsOf(c.Channels()); !cmp.Equal(ids, []string{"live", "news"}) {
		t.Fatal(ids)
	}
}

func idsOf(chs []Channel) []string {
	var ids []string
	for _, ch := range chs {
		ids = append(ids, ch.ID)
	}
	return ids
}

// What the API set outlives a restart and wins over the file; what it did not set follows the file.
func TestRestartWithAnotherFile(t *testing.T) {
	t.Parallel()
	kv := bucket(t)
	c := open(t, kv, channel("news"), channel("old"))
	put(t, c, "news", Patch{DVR: ptr(time.Hour)})
	put(t, c, "own", Patch{Segment: ptr(4 * time.Second)})
	if err := c.Delete(t.Context(), "old"); err != nil {
		t.Fatal(err)
	}
	c.Close()

	file := New("news")
	file.Title, file.DVR, file.Chunk = "renamed", 2*time.Hour, 0
	c = open(t, kv, file, channel("old"))
	news := file
	news.DVR, news.FromFile = time.Hour, true
	own := New("own")
	own.Segment = 4 * time.Second
	if diff := cmp.Diff([]Channel{news, own}, c.Channels(), cmp.Transformer("told", told)); diff != "" {
		t.Fatal(diff)
	}
}

func TestDeletedStaysDeletedUntilPut(t *testing.T) {
	t.Parallel()
	kv := bucket(t)
	c := open(t, kv, channel("news"))
	put(t, c, "news", Patch{DVR: ptr(time.Hour)})
	if err := c.Delete(t.Context(), "news"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if ch, ok := c.Channel("news"); ok {
			t.Fatalf("%v is there after Delete", ch)
		}
		if err := c.Delete(t.Context(), "news"); !errors.Is(err, ErrNotFound) {
			t.Fatalf("second Delete: %v", err)
		}
		c.Close()
		c = open(t, kv, channel("news"))
	}
	ch, created := put(t, c, "news", Patch{})
	want := channel("news")
	want.FromFile = true
	if !created || ch != want { // what the API set before was deleted with it
		t.Fatalf("got %v, created %t; want %v", ch, created, want)
	}
	if err := c.Delete(t.Context(), "no such/channel"); !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
}

func TestPutRefusesWhatIsInvalid(t *testing.T) {
	t.Parallel()
	c := open(t, bucket(t))
	put(t, c, "news", Patch{})
	for id, p := range map[string]Patch{"news": {DVR: ptr(time.Second)}, "-x": {}, "": {}} {
		_, _, err := c.Put(t.Context(), id, p)
		var field *FieldError
		if !errors.Is(err, ErrInvalid) || !errors.As(err, &field) {
			t.Errorf("Put %q %v: %v", id, p, err)
		}
	}
	if ch, _ := c.Channel("news"); told(ch) != New("news") {
		t.Fatal(ch)
	}
}

// Two processes change the same channel at once: no change is lost.
func TestPutFromTwoProcesses(t *testing.T) {
	t.Parallel()
	kv := bucket(t)
	a, b := open(t, kv), open(t, kv)
	errs := make(chan error, 2)
	go func() {
		_, _, err := a.Put(t.Context(), "news", Patch{Title: ptr("by a")})
		errs <- err
	}()
	go func() {
		_, _, err := b.Put(t.Context(), "news", Patch{DVR: ptr(time.Hour)})
		errs <- err
	}()
	for range 2 {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	want := New("news")
	want.Title, want.DVR = "by a", time.Hour
	for _, c := range []*Catalog{a, b} {
		await(t, c, func(ch Change) bool { return ch.Channel == want })
	}
}

// await watches until a change is as wanted.
func await(t *testing.T, c *Catalog, wanted func(Change) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var last Change
	for last = range c.Watch(ctx) {
		last.Channel = told(last.Channel)
		if wanted(last) {
			return
		}
	}
	t.Fatalf("not seen; the last change was %+v", last)
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	kv := bucket(t)
	short := New("news")
	short.DVR = 0
	for name, base := range map[string][]Channel{
		"invalid": {short},
		"twice":   {New("news"), New("live"), New("news")},
	} {
		if c, err := Open(t.Context(), kv, base, quiet); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v, %v", name, c, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if c, err := Open(ctx, kv, nil, quiet); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v, %v", c, err)
	}
}
