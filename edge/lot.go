package edge

import (
	"bufio"
	"bytes"
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"weir/internal/media"
)

// lot is where the connections wait whose requests are held for media of one channel: as records without a goroutine, a timer or a buffer.
// One goroutine a channel looks at each change of the window who can be answered, if anybody waits. It makes each distinct answer once, writes it to
// all who wait for it, and hands their connections back to be served on.
type lot struct {
	server *Server
	of     *channel
	wake   chan struct{} // somebody has come whom the next change of the window would not reach

	mu       sync.Mutex
	closed   bool
	waiting  map[wish][]waiter
	count    int
	earliest int64 // nobody has to be answered before; in nanoseconds since 1970
}

// waiter is a request that is held.
type waiter struct {
	conn      *connection
	until     int64 // in nanoseconds since 1970
	session   []byte
	head, zip bool
}

func (l *lot) init(s *Server, c *channel) {
	l.server, l.of = s, c
	l.wake, l.waiting = make(chan struct{}, 1), make(map[wish][]waiter)
}

// park takes in a waiter; seen is the version of the window that it has to wait for a change of. It is false once the channel has ended.
func (l *lot) park(what wish, who waiter, seen media.Version) bool {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return false
	}
	l.waiting[what] = append(l.waiting[what], who)
	first := l.count == 0
	if first || who.until < l.earliest {
		l.earliest = who.until
	}
	l.count++
	l.mu.Unlock()
	if first || l.of.window.Snapshot().Version != seen {
		l.rouse()
	}
	return true
}

// rouse makes run look anew.
func (l *lot) rouse() {
	select {
	case l.wake <- struct{}{}:
	default: // it is about to
	}
}

// held is how many wait.
func (l *lot) held() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
}

// run answers who waits until ctx ends, and then all who are left.
func (l *lot) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		changed := l.of.window.Changed() // before looking, so that no change is missed
		var due <-chan time.Time
		if l.held() > 0 {
			l.settle()
		}
		noting, err := l.of.note(l.server.now())
		if err != nil {
			l.server.log.Error("an MPD cannot be remembered", "channel", l.of.id, "error", err)
		}
		at, waiting := l.next()
		if waiting {
			timer.Reset(time.Until(time.Unix(0, at)))
			due = timer.C
		} else if !noting {
			changed = nil
		}
		select {
		case <-changed:
		case <-l.wake:
		case <-due:
		case <-ctx.Done():
			l.close()
			return
		}
	}
}

// next is when somebody may have waited for too long; false: nobody waits.
func (l *lot) next() (int64, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.earliest, l.count > 0
}

// settle answers all whose waiting is over.
func (l *lot) settle() {
	w := l.of.window.Snapshot()
	ready := make(map[wish][]waiter)
	l.mu.Lock()
	for what, who := range l.waiting {
		if l.server.settled(l.of, w, what) {
			ready[what] = who
			delete(l.waiting, what)
			l.count -= len(who)
		}
	}
	late := l.overdue(time.Now().UnixNano())
	l.mu.Unlock()
	for what, who := range ready {
		l.answer(what.kind(), who, true, func(ctx *fasthttp.RequestCtx, session []byte) { l.send(ctx, what, session) })
	}
	for what, who := range late {
		l.answer(what.kind(), who, true, func(ctx *fasthttp.RequestCtx, session []byte) {
			l.server.failHeld(ctx, l.of, what, session)
		})
	}
}

// overdue takes out who has waited for too long. While nobody can have, it looks at nobody.
func (l *lot) overdue(now int64) map[wish][]waiter {
	if l.count == 0 || now < l.earliest {
		return nil
	}
	late := make(map[wish][]waiter)
	l.earliest = 1<<63 - 1
	for what, all := range l.waiting {
		var stay []waiter
		for _, who := range all {
			if who.until <= now {
				late[what] = append(late[what], who)
				l.count--
				continue
			}
			stay = append(stay, who)
			l.earliest = min(l.earliest, who.until)
		}
		if l.waiting[what] = stay; stay == nil {
			delete(l.waiting, what)
		}
	}
	return late
}

// close answers all who are left; nobody can wait any more.
func (l *lot) close() {
	l.mu.Lock()
	l.closed = true
	all := l.waiting
	l.waiting, l.count = nil, 0
	l.mu.Unlock()
	for what, who := range all {
		l.answer(what.kind(), who, l.server.ctx.Err() == nil, func(ctx *fasthttp.RequestCtx, _ []byte) { l.turnAway(ctx, what) })
	}
}

// turnAway answers where nobody can wait any more.
func (l *lot) turnAway(ctx *fasthttp.RequestCtx, what wish) {
	if l.server.ctx.Err() != nil {
		ctx.Response.SetConnectionClose()
		l.server.fail(ctx, what.kind(), fasthttp.StatusServiceUnavailable, "the server is closing")
		return
	}
	l.server.fail(ctx, what.kind(), fasthttp.StatusNotFound, "there is no such channel")
}

// send answers with what has come about.
func (l *lot) send(ctx *fasthttp.RequestCtx, what wish, session []byte) {
	if what.edition != nil {
		blocking := what.edition.kind != kindPatch
		l.server.sendEdition(ctx, l.of, what.edition, l.server.textAtOnce(l.of, what.edition), session, blocking)
		return
	}
	l.server.serveChunk(ctx, l.of, &route{kind: kindChunk, track: []byte(what.track), number: what.segment, index: what.part})
}

// answered is an answer as it goes over the wire.
type answered struct {
	data         []byte
	kind         kind
	status, body int // body is the size in bytes that is counted
}

// perWriter is how many answers are worth a writer of their own.
const perWriter = 256

// answer makes the answer once for all who get the same, writes it to them, and then lets their connections be served on, or closes them.
func (l *lot) answer(k kind, all []waiter, goOn bool, by func(ctx *fasthttp.RequestCtx, session []byte)) {
	var shared [4]*answered
	outs := make([]*answered, len(all))
	for i := range all {
		who := &all[i]
		if who.session != nil {
			outs[i] = l.server.compose(k, who, by)
			continue
		}
		place := 0
		if who.head {
			place |= 1
		}
		if who.zip {
			place |= 2
		}
		if shared[place] == nil {
			shared[place] = l.server.compose(k, who, by)
		} else {
			l.server.counts.add(shared[place].kind, shared[place].status, shared[place].body)
		}
		outs[i] = shared[place]
	}
	var writers sync.WaitGroup
	share := max(perWriter, (len(all)+runtime.GOMAXPROCS(0)-1)/runtime.GOMAXPROCS(0))
	for from := share; from < len(all); from += share {
		to := min(from+share, len(all))
		writers.Go(func() { l.server.write(all[from:to], outs[from:to], goOn) })
	}
	to := min(share, len(all))
	l.server.write(all[:to], outs[:to], goOn)
	writers.Wait()
	for i := range all {
		if conn := all[i].conn; conn != nil {
			l.server.goOn(conn, goOn)
		}
	}
}

// write puts out answers; who is not ready to take one gets it from a goroutine, which sees to the connection, so that the waiter has none any
// more.
func (s *Server) write(all []waiter, outs []*answered, goOn bool) {
	w := newWriter()
	for i := range all {
		conn, data := all[i].conn, outs[i].data
		n, ok := w.try(conn, data)
		switch {
		case !ok:
			_ = conn.Close()
			all[i].conn = nil
		case n < len(data):
			all[i].conn = nil
			s.slow.Add(1)
			s.wg.Go(func() {
				defer s.slow.Add(-1)
				s.finish(conn, data[n:], goOn)
			})
		}
	}
}

// compose makes the answer to a waiter as if it had not had to wait.
func (s *Server) compose(k kind, who *waiter, by func(ctx *fasthttp.RequestCtx, session []byte)) *answered {
	var req fasthttp.Request
	if who.head {
		req.Header.SetMethod(fasthttp.MethodHead)
	}
	if who.zip {
		req.Header.Set("Accept-Encoding", "gzip")
	}
	var ctx fasthttp.RequestCtx
	ctx.Init(&req, nil, nil)
	openToAll(&ctx.Response.Header)
	by(&ctx, who.session)
	out := &answered{kind: k, status: ctx.Response.StatusCode()}
	if out.status == fasthttp.StatusOK && !who.head {
		out.body = len(ctx.Response.Body())
	}
	ctx.Response.Header.SetServer(serverName)
	ctx.Response.SkipBody = who.head
	var buf bytes.Buffer
	buf.Grow(len(ctx.Response.Body()) + 512)
	w := bufio.NewWriterSize(&buf, 16)
	if err := ctx.Response.Write(w); err != nil || w.Flush() != nil {
		s.log.Error("an answer cannot be made", "error", err)
	}
	out.data = buf.Bytes()
	return out
}
