package bus

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"weir/internal/catalog"
	"weir/internal/media"
)

// startAccounts is a server with the users that docs/nats-accounts.conf makes; their passwords are their names.
func startAccounts(t *testing.T) *outside { return startConfigured(t, "nats-accounts.conf") }

// startConfigured is a server with what weir bus takes of a file in docs. The passwords of its users are their names.
func startConfigured(t *testing.T, name string) *outside {
	t.Helper()
	for _, user := range []string{"ingest", "edge", "operator", "leaf"} {
		t.Setenv("WEIR_"+strings.ToUpper(user)+"_PASSWORD", user)
	}
	file, err := server.ProcessConfigFile("../../docs/" + name)
	require.NoError(t, err)
	return startOutsideWith(t, func(opts *server.Options) {
		opts.Accounts, opts.Users, opts.LeafNode, opts.JetStreamDomain = file.Accounts, file.Users, file.LeafNode, file.JetStreamDomain
	})
}

func (o *outside) as(user string) string {
	return "nats://" + user + ":" + user + "@" + o.host()
}

// violations is a log that fails the test when a server refuses something.
type violations struct{ t *testing.T }

func (v violations) Enabled(context.Context, slog.Level) bool { return true }
func (v violations) WithAttrs([]slog.Attr) slog.Handler       { return v }
func (v violations) WithGroup(string) slog.Handler            { return v }

func (v violations) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if err, ok := a.Value.Any().(error); ok && errors.Is(err, nats.ErrPermissionViolation) {
			v.t.Errorf("%s: %v", r.Message, err)
		}
		return true
	})
	return nil
}

// What ingests and edges do is what their users may do.
func TestRolesDoTheirWorkWithTheirUsers(t *testing.T) {
	o := startAccounts(t)
	log := slog.New(violations{t})
	open := func(role Role, user string, replicas int) *Bus {
		return openBus(t, Config{URL: o.as(user), Role: role, Log: log, Replicas: replicas})
	}
	settings := func(b *Bus) *catalog.Catalog {
		kv, err := b.KV(testContext(t), "weir-catalog")
		require.NoError(t, err)
		channels, err := catalog.Open(testContext(t), kv, nil, log)
		require.NoError(t, err)
		t.Cleanup(channels.Close)
		return channels
	}
	ingest := open(Ingest, "ingest", 1)
	_, err := ingest.KV(testContext(t), catalog.AssetsBucket)
	require.NoError(t, err)
	fed := settings(ingest)
	edge := open(Edge, "edge", 1)
	shown := settings(edge)

	operator := open(All, "operator", 1)
	title := "News"
	_, _, err = settings(operator).Put(testContext(t), "news", catalog.Patch{Title: &title})
	require.NoError(t, err)
	for _, c := range []*catalog.Catalog{fed, shown} {
		eventually(t, "the settings", func() bool { ch, ok := c.Channel("news"); return ok && ch.Title == title })
	}

	require.NoError(t, ingest.SetChannel(testContext(t), "news", time.Hour))
	require.NoError(t, ingest.SetChannel(testContext(t), "news", 2*time.Hour))
	r := read(t, edge, "news")
	for i := range uint64(2) { // the second takes over what the first has left
		w := acquire(t, ingest, "news")
		run, inits := testRun(w.Resume().Run, w.Resume().Segment, timeline.Add(time.Duration(i)*time.Minute))
		require.NoError(t, w.Target(3*time.Second))
		require.NoError(t, w.Run(run, inits))
		writeRow(t, w, run, run.First, 10000)
		require.NoError(t, w.Signal(media.Signal{ID: "break", Run: run.ID, Row: run.First, Out: []byte("section"), Start: run.Start, Date: run.Start}))
		require.NoError(t, w.Chunk(testChunk(run, "v1", run.First+1, 0, 10000)))
		eventually(t, "acknowledgements", func() bool { return w.Stats().PendingMessages == 0 })
		require.NoError(t, w.lease.renew(testContext(t)))
		require.NoError(t, w.Share())
		for _, b := range []*Bus{ingest, operator} { // who stands by is answered
			eventually(t, "an answer", func() bool { _, err := b.Ask(testContext(t), "news", News, true); return err == nil })
		}
		require.NoError(t, ingest.prune(testContext(t), "news", run, map[string]uint32{"v1": 1, "a1": 1}))
		closeWriter(t, w)
	}
	r.wait(t, "both rows", func() bool { return len(r.ends) >= 4 && r.caughtUp == 1 && len(r.signals) == 2 })
	_, err = edge.Init(testContext(t), "news", "v1", 1)
	require.NoError(t, err)
	require.NoError(t, edge.Ready())
	require.NoError(t, ingest.Ready())
	there, err := ingest.Channels(testContext(t))
	require.NoError(t, err)
	require.Equal(t, []string{"news"}, there)
	require.NoError(t, ingest.DeleteChannel(testContext(t), "news"))

	_, err = ingest.Edges(testContext(t))
	require.NoError(t, err)
	_, err = operator.Edges(testContext(t))
	require.NoError(t, err)
	kv, err := edge.Edges(testContext(t))
	require.NoError(t, err)
	seen, err := kv.WatchAll(testContext(t))
	require.NoError(t, err)
	_, err = kv.Put(testContext(t), edge.Instance(), []byte("here"))
	require.NoError(t, err)
	for e := range seen.Updates() {
		if e != nil && e.Key() == edge.Instance() {
			break
		}
	}
	require.NoError(t, seen.Stop())
	require.NoError(t, kv.Delete(testContext(t), edge.Instance()))
}

// What is not the work of a role is refused, and told.
func TestUsersAreRefusedWhatIsNotTheirs(t *testing.T) {
	o := startAccounts(t)
	operator := openBus(t, Config{URL: o.as("operator")})
	for _, bucket := range []string{"weir-catalog", catalog.AssetsBucket, "weir-edges"} {
		_, err := operator.KV(testContext(t), bucket)
		require.NoError(t, err)
	}
	require.NoError(t, operator.SetChannel(testContext(t), "news", time.Hour))
	buckets := []string{"KV_weir-live", "KV_weir-leases", "KV_weir-catalog", "KV_" + catalog.AssetsBucket, "KV_weir-edges"}
	foreign := []string{"$KV.weir-catalog.news", "$KV." + catalog.AssetsBucket + ".film", "$SYS.REQ.SERVER.PING", "$JS.API.ACCOUNT.PURGE.WEIR"}
	refused := map[string][]string{
		"ingest": append([]string{"$KV.weir-edges.edge-1", "$JS.API.STREAM.PURGE.weir-live-news", "$JS.API.STREAM.MSG.DELETE.weir-live-news"}, foreign...),
		"edge": append([]string{
			"weir.live.news.v1.0.0", "weir.edge.news.v1.0.0", "weir.hold.news", "$KV.weir-live.news.state", "$KV.weir-leases.news", "$JS.API.STREAM.CREATE.weir-live-news",
			"$JS.API.STREAM.UPDATE.weir-live-news", "$JS.API.STREAM.DELETE.weir-live-news", "$JS.API.STREAM.PURGE.KV_weir-live",
			"$JS.API.STREAM.CREATE.KV_weir-catalog", "$JS.API.STREAM.NAMES", "_INBOX_ingest.x.1",
		}, foreign...),
	}
	for _, b := range buckets {
		for _, user := range []string{"ingest", "edge"} {
			refused[user] = append(refused[user], "$JS.API.STREAM.UPDATE."+b, "$JS.API.STREAM.DELETE."+b)
			if b != "KV_weir-live" {
				refused[user] = append(refused[user], "$JS.API.STREAM.PURGE."+b)
			}
		}
	}
	subscriptions := map[string][]string{
		"ingest": {"_INBOX.>", "_INBOX_edge.>", "$KV.>", "$JS.API.>", ">"},
		"edge":   {"_INBOX.>", "_INBOX_ingest.>", "$KV.>", "$JS.API.>", ">"},
	}
	for user := range refused {
		told := make(chan error, 100)
		nc, err := nats.Connect(o.as(user), nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { told <- err }))
		require.NoError(t, err)
		t.Cleanup(nc.Close)
		next := func(what string) {
			t.Helper()
			select {
			case err := <-told:
				require.ErrorIs(t, err, nats.ErrPermissionViolation)
				require.Contains(t, err.Error(), what)
			case <-time.After(deadline):
				t.Fatalf("%s may do this: %s", user, what)
			}
		}
		for _, subject := range refused[user] {
			require.NoError(t, nc.Publish(subject, []byte("{}")))
			next(`Publish to "` + subject + `"`)
		}
		for _, subject := range subscriptions[user] {
			_, err := nc.SubscribeSync(subject)
			require.NoError(t, err)
			next(`Subscription to "` + subject + `"`)
		}
	}
	_, err := nats.Connect(o.url())
	require.ErrorIs(t, err, nats.ErrAuthorization, "whoever has no name does nothing")
	require.Len(t, things(t, operator), len(buckets)+2, "everything is still there") // with the stream of a channel and its index
}
