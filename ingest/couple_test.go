package ingest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"weir/internal/bus"
	"weir/internal/catalog"
	"weir/internal/media"
)

const patience = time.Minute // for everything that is waited for

// ledger is what a reader of the channel gets.
type ledger struct {
	mu     sync.Mutex
	runs   []media.Run
	chunks []media.Chunk
	ends   []media.SegmentEnd
}

func (l *ledger) put(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
}

func (l *ledger) Target(time.Duration)              {}
func (l *ledger) Run(run media.Run, _ []media.Init) { l.put(func() { l.runs = append(l.runs, run) }) }

func (l *ledger) Chunk(c media.Chunk)         { l.put(func() { l.chunks = append(l.chunks, c) }) }
func (l *ledger) End(e media.SegmentEnd)      { l.put(func() { l.ends = append(l.ends, e) }) }
func (l *ledger) Signal(media.Signal)         {}
func (l *ledger) CaughtUp()                   {}
func (l *ledger) Retract(string, uint64, int) {}

// rows is how many rows of pictures are whole.
func (l *ledger) rows() (n int) {
	l.put(func() {
		for _, e := range l.ends {
			if e.Track == "v1" {
				n++
			}
		}
	})
	return n
}

// ended tells whether all rows that have chunks have ended.
func (l *ledger) ended() (all bool) {
	l.put(func() {
		open := make(map[string]bool)
		for _, c := range l.chunks {
			open[fmt.Sprint(c.Track, c.Segment)] = true
		}
		for _, e := range l.ends {
			delete(open, fmt.Sprint(e.Track, e.Segment))
		}
		all = len(open) == 0
	})
	return all
}

// frames are the numbers of the frames of a track, in the order in which they came, and with which letter each was marked.
func (l *ledger) frames(t *testing.T, track string) (numbers []int, marks string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.chunks {
		if c.Track != track {
			continue
		}
		mdat := c.Data[bytes.Index(c.Data, []byte("mdat"))+4:]
		for ; len(mdat) >= 10; mdat = mdat[10:] {
			n, err := strconv.Atoi(strings.TrimSpace(string(mdat[1:9])))
			if err != nil {
				t.Fatalf("%q: %v", mdat, err)
			}
			numbers, marks = append(numbers, n), marks+string(mdat[:1])
		}
	}
	return numbers, marks
}

// couple is two servers that get a feed, on one NATS.
type couple struct {
	t       *testing.T
	servers [2]*Server
	buses   [2]*bus.Bus
	feeds   [2]Feed
	marks   [2]string // what the encoder of each puts into its frames
	mute    [2]bool
	pace    time.Duration // between two pictures of 40 ms
	frame   int
	end     int // the last frame that anybody was sent
	seen    *ledger
	log     *lockedBuffer
}

func newCouple(t *testing.T) *couple {
	t.Helper()
	srv, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(), JetStreamMaxStore: 1 << 30,
	})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(patience) {
		t.Fatal("the server does not start")
	}
	c := &couple{t: t, marks: [2]string{"x", "x"}, seen: &ledger{}, log: &lockedBuffer{}, pace: 15 * time.Millisecond}
	ch := catalog.New("news")
	ch.Segment, ch.Chunk, ch.Redundant = 400*time.Millisecond, 80*time.Millisecond, true
	for i := range c.servers {
		b, err := bus.Open(t.Context(), bus.Config{URL: srv.ClientURL(), Instance: []string{"first", "second"}[i]})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = b.Close() })
		if err := b.SetChannel(t.Context(), "news", time.Hour); err != nil {
			t.Fatal(err)
		}
		log := slog.New(slog.NewTextHandler(c.log, nil)).With("server", i)
		c.buses[i] = b
		c.servers[i] = New(Config{Bus: OnBus(b), Catalog: newFakeCatalog(ch), Log: log, Now: time.Now})
		t.Cleanup(func() {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			c.servers[i].Close(ctx)
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.buses[1].Read(ctx, "news", c.seen) }()
	t.Cleanup(func() { cancel(); <-done })
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(c.log)
		}
	})
	return c
}

// connect has the encoder connect to a server.
func (c *couple) connect(i int) {
	c.t.Helper()
	f, err := c.servers[i].Open(c.t.Context(), Publish{Channel: "news", Protocol: "rtmp", Remote: "192.0.2.1:5"})
	if err == nil {
		sound := aac()
		sound.Clock = media.Clock{Timescale: 1000, Wrap: 1 << 32}
		err = f.Start([]media.Format{avc(), sound})
	}
	if err != nil {
		c.t.Fatal(err)
	}
	c.feeds[i] = f
}

// run lets the encoders send until something is so.
func (c *couple) run(what string, until func() bool) {
	c.t.Helper()
	tick := time.NewTicker(c.pace) // so a test is soon over
	defer tick.Stop()
	for late := time.After(patience); !until(); {
		select {
		case <-late:
			c.t.Fatalf("waited in vain for %s", what)
		case <-tick.C:
		}
		for i, f := range c.feeds {
			if f == nil || c.mute[i] {
				continue
			}
			c.end = c.frame
			for track := range 2 {
				ms := media.Ticks(c.frame*40 + 5000)
				data := fmt.Appendf(nil, "%s%8d;", c.marks[i], c.frame)
				if err := f.Write(media.Sample{Track: track, PTS: ms, DTS: ms, Sync: track == 1 || c.frame%10 == 0, Data: data}); err != nil {
					c.t.Fatal(err)
				}
			}
		}
		c.frame++
	}
}

// role is that of a server, with who writes where it is another.
func (c *couple) role(i int) string {
	st, _ := c.servers[i].Status("news")
	return strings.TrimSpace(string(st.Role) + " " + st.Instance)
}

// begin has both servers get the feed, of which the first writes, until rows are there.
func (c *couple) begin() {
	c.t.Helper()
	c.connect(0)
	c.connect(1)
	if c.role(0) != "writing" || c.role(1) != "standby first" {
		c.t.Fatalf("%q, %q", c.role(0), c.role(1))
	}
	c.run("rows", func() bool { return c.seen.rows() >= 6 })
	c.ready(1)
}

// ready waits until a server holds enough to go on, and the one that writes knows of it.
func (c *couple) ready(i int) {
	c.t.Helper()
	writer := c.servers[1-i].session("news")
	c.run("one that is ready", func() bool {
		st, _ := c.servers[i].Status("news")
		w := writer.writes()
		return st.Ready && w != nil && w.Follower() != ""
	})
}

// whole checks that each frame came once and in order, in one run.
func (c *couple) whole() {
	c.t.Helper()
	for _, track := range []string{"v1", "a1"} {
		numbers, _ := c.seen.frames(c.t, track)
		for i, n := range numbers {
			if n != numbers[0]+i {
				c.t.Errorf("%s: frame %d comes behind %d", track, n, numbers[i-1])
			}
		}
	}
	c.seen.put(func() {
		if len(c.seen.runs) != 1 {
			c.t.Errorf("%d runs", len(c.seen.runs))
		}
		last := uint64(0) // a row of one picture, where the feed ends, may have no sound
		for _, e := range c.seen.ends {
			last = max(last, e.Segment)
		}
		if i := slices.IndexFunc(c.seen.ends, func(e media.SegmentEnd) bool { return e.Gap() && e.Segment < last }); i >= 0 {
			c.t.Errorf("a gap: %+v", c.seen.ends[i])
		}
	})
}

// further lets rows come that were not there before.
func (c *couple) further(rows int) {
	c.t.Helper()
	have := c.seen.rows()
	c.run("further rows", func() bool { return c.seen.rows() >= have+rows })
}

// shown tells whether all that was sent is there, in rows that have ended.
func (c *couple) shown() bool {
	pictures, _ := c.seen.frames(c.t, "v1")
	sounds, _ := c.seen.frames(c.t, "a1")
	return pictures[len(pictures)-1] == c.end && sounds[len(sounds)-1] == c.end && c.seen.ended()
}
