package edge

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"weir/edge/window"
	"weir/internal/catalog"
)

// How long to wait before a channel is read again after the reading failed.
const (
	firstRetry = time.Second
	lastRetry  = 30 * time.Second
)

// channelSet is the channels that there are. The map is immutable and replaced when one comes or goes; only follow does so.
type channelSet struct {
	server *Server
	read   func(ctx context.Context, channel string, h Handler) error
	all    atomic.Pointer[map[string]*channel]
	// idleAfter is for how long nobody asks for a channel before it is not read any more; 0: it always is.
	idleAfter time.Duration
	idle      chan *channel   // those of which that is so
	first     map[string]bool // by ID, those that there were when the server was made
}

// channel is one channel of the edge.
type channel struct {
	id        string
	window    *window.Window
	playlists playlists
	maker     maker
	notes     notes
	keys      keySegments
	lot       lot
	wanted    wanted
	lazy      bool               // it is read only while it is wanted
	retry     time.Time          // when its older media may be read; of keepAtHand
	ctx       context.Context    // ends when it is removed
	stop      context.CancelFunc // ends its reading
	done      chan struct{}      // closed when it has ended
}

func (cs *channelSet) init(s *Server, read func(context.Context, string, Handler) error) {
	cs.server, cs.read, cs.idle, cs.first = s, read, make(chan *channel), make(map[string]bool)
	cs.all.Store(&map[string]*channel{})
}

// get is the channel of that ID, nil if there is none.
func (cs *channelSet) get(id string) *channel { return (*cs.all.Load())[id] }

// sorted is all channels by ID.
func (cs *channelSet) sorted() []*channel {
	all := *cs.all.Load()
	return slices.SortedFunc(maps.Values(all), func(a, b *channel) int { return strings.Compare(a.id, b.id) })
}

// follow starts, changes and stops channels as the catalog says. When the catalog ends, the channels that there are stay until
// the server ends.
func (cs *channelSet) follow(changes <-chan catalog.Change) {
	for cs.server.ctx.Err() == nil {
		select {
		case c, ok := <-changes:
			if !ok {
				changes = nil
				continue
			}
			cs.change(cs.server.placed(c))
		case c := <-cs.idle:
			cs.letGo(c)
		case <-cs.server.ctx.Done():
		}
	}
	for _, c := range *cs.all.Load() {
		c.stop()
	}
	for _, c := range *cs.all.Load() {
		<-c.done
	}
}

func (cs *channelSet) change(c catalog.Change) {
	have := cs.get(c.ID)
	switch {
	case c.Deleted && have != nil:
		cs.remove(have)
	case c.Deleted:
	case have != nil:
		cs.server.releaser.while(have.window, func() { have.window.Set(settings(c.Channel)) })
	default:
		cs.add(c.Channel)
	}
}

func settings(c catalog.Channel) window.Settings {
	return window.Settings{Channel: c.ID, Title: c.Title, Segment: c.Segment, DVR: c.DVR, Captions: string(c.Captions), Revision: c.Revision}
}

func (cs *channelSet) add(ch catalog.Channel) {
	s := cs.server
	ctx, stop := context.WithCancel(s.ctx)
	c := &channel{id: ch.ID, window: window.New(settings(ch), s.now, s.log), ctx: ctx, stop: stop, done: make(chan struct{})}
	c.wanted.init()
	c.lazy = cs.idleAfter > 0
	c.playlists.init()
	c.lot.init(s, c)
	all := maps.Clone(*cs.all.Load())
	all[c.id] = c
	cs.all.Store(&all)
	go func() { // follow waits for it
		defer close(c.done)
		var held sync.WaitGroup
		held.Go(func() { c.lot.run(ctx) })
		cs.run(ctx, c)
		held.Wait()
	}()
}

// run reads the channel into its window until ctx ends.
func (cs *channelSet) run(ctx context.Context, c *channel) {
	if c.lazy && !c.wanted.await(ctx) {
		return
	}
	pause := firstRetry
	for ctx.Err() == nil {
		began := cs.server.now()
		err := cs.read(ctx, c.id, c.window)
		if ctx.Err() != nil {
			return
		}
		if cs.server.now().Sub(began) > lastRetry {
			pause = firstRetry
		}
		cs.server.log.Error("reading the channel from the bus has ended; it is tried again", "channel", c.id, "in", pause, "error", err)
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
		case <-timer.C:
		}
		pause = min(2*pause, lastRetry)
	}
}

// letGo ends the reading of a channel that nobody asks for. Another that is not read yet takes its place.
func (cs *channelSet) letGo(c *channel) {
	all := cs.server.catalog.Channels()
	i := slices.IndexFunc(all, func(ch catalog.Channel) bool { return ch.ID == c.id })
	if i < 0 || cs.get(c.id) != c {
		return // it is being removed
	}
	cs.server.log.Info("nobody asks for a channel: it is not read any more until somebody does", "channel", c.id, "after", cs.idleAfter)
	cs.add(all[i])
	cs.end(c)
}

// remove ends a channel: who waits for its media is let go, all it held is freed.
func (cs *channelSet) remove(c *channel) {
	all := maps.Clone(*cs.all.Load())
	delete(all, c.id)
	cs.all.Store(&all)
	cs.end(c)
}

func (cs *channelSet) end(c *channel) {
	c.stop()
	<-c.done
	cs.server.releaser.while(c.window, c.window.Close)
}

// closeAll frees what the windows hold. All reading has ended.
func (cs *channelSet) closeAll() {
	for _, c := range *cs.all.Load() {
		c.window.Close()
	}
}
