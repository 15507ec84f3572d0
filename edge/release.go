package edge

import (
	"runtime/debug"
	"sync/atomic"
	"time"

	"weir/edge/window"
)

const (
	// releaseFrom is how many bytes of media must have been let go of together for the memory to be given back
	// at once. Left to itself the collector may take two minutes for it, and still longer to tell the system.
	releaseFrom = 32 << 20
	// releaseEvery is how often that is done at most: it costs a collection.
	releaseEvery = time.Second
)

// releaser gives memory back to the system after much media was let go of.
type releaser struct {
	freed atomic.Int64
	due   chan struct{}
	free  func()
}

func (r *releaser) init(free func()) {
	if free == nil {
		free = debug.FreeOSMemory
	}
	r.due, r.free = make(chan struct{}, 1), free
}

// while runs change, which may make the window smaller, and sees to what it has let go of.
func (r *releaser) while(w *window.Window, change func()) {
	before := w.Stats().Bytes
	change()
	if n := before - w.Stats().Bytes; n <= 0 || r.freed.Add(n) < releaseFrom {
		return
	}
	select {
	case r.due <- struct{}{}:
	default: // it is about to be done
	}
}

// run does what is due until done is closed.
func (r *releaser) run(done <-chan struct{}) {
	for {
		select {
		case <-r.due:
		case <-done:
			return
		}
		r.freed.Store(0)
		r.free()
		pause := time.NewTimer(releaseEvery)
		select {
		case <-pause.C:
		case <-done:
			pause.Stop()
			return
		}
	}
}
