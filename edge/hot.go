package edge

import (
	"log/slog"
	"slices"
	"sync"
	"weak"
)

// Segments that several players ask for are kept once more, in files that are memory, from which the kernel sends without a copy. Measured
// over the loopback against writev from the window's memory: less than half of the work for 1.5 MB, three quarters for 150 KB. Of 30 KB it
// saved a bare server a seventh; what is much smaller was not tried.
const (
	hotFrom     = 24 << 10  // bytes of a segment
	hotTo       = 32 << 20  // likewise; larger ones would take too much of the room
	hotAfter    = 4         // times that it is asked for, so that what one or two players want is not copied
	hotBytes    = 256 << 20 // of all files, at most; an eighth of Config.Memory where that is less
	hotFileSize = 8 << 20   // bytes
	hotAlign    = 4 << 10   // bytes: a page. Segments that begin anywhere cost a fifth more at 150 KB
	hotKnown    = 16 << 10  // segments of which it is known how often they were asked for
)

// hotSet is the segments that are asked for often. It keeps nothing of the window alive.
type hotSet struct {
	limit int // bytes of all files that are open
	log   *slog.Logger

	mu     sync.Mutex
	known  map[weak.Pointer[byte]]*demand // by a segment's first byte
	files  []*hotFile                     // oldest first; the last is being filled
	held   int                            // bytes of all files that are open
	closed bool                           // nothing is kept any more
}

// demand is how often a segment was asked for.
type demand struct {
	times int
	busy  bool // it is being copied
	copy  place
}

// place is where a copy lies; the zero value is nowhere.
type place struct {
	file *hotFile
	at   int64
}

// hotFile has segments one behind the other. What is in it never changes, and it is closed as a whole, so that pages which sockets still
// refer to cannot become something else.
type hotFile struct {
	of     *hotSet
	memory memoryFile
	size   int
	used   int // bytes from the beginning on
	holds  int // answers under way, copyings, and one of the set
}

// bytes is how much memory all files have that are open.
func (h *hotSet) bytes() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.held
}

// find is where a copy of a segment lies, or nowhere. Who is given one has to release it.
func (h *hotSet) find(data []byte) place {
	if len(data) < hotFrom || len(data) > min(hotTo, h.limit) {
		return place{}
	}
	key := weak.Make(&data[0])
	h.mu.Lock()
	defer h.mu.Unlock()
	d := h.known[key]
	switch {
	case h.closed:
		return place{}
	case d == nil:
		h.remember(key)
		return place{}
	case d.copy.file != nil:
		d.copy.file.holds++
		return d.copy
	}
	if d.times++; d.times < hotAfter || d.busy {
		return place{}
	}
	p := h.reserve(len(data))
	if p.file == nil {
		return place{}
	}
	d.busy = true
	h.mu.Unlock()
	err := p.file.memory.write(data, p.at)
	h.mu.Lock()
	d.busy = false
	if err != nil {
		p.file.letGo()
		h.giveUp(err)
		return place{}
	}
	if slices.Contains(h.files, p.file) { // else it had to make way meanwhile
		d.copy = p
	}
	return p
}

// remember notes that a segment was asked for.
func (h *hotSet) remember(key weak.Pointer[byte]) {
	if h.known == nil {
		h.known = make(map[weak.Pointer[byte]]*demand)
	}
	if len(h.known) >= hotKnown {
		h.forgetGone()
	}
	if len(h.known) < hotKnown {
		h.known[key] = &demand{times: 1}
	}
}

// forgetGone forgets what is in no window any more.
func (h *hotSet) forgetGone() {
	for key := range h.known {
		if key.Value() == nil {
			delete(h.known, key)
		}
	}
}

// reserve is room for size bytes, which the caller holds, or nowhere. The oldest files make way.
func (h *hotSet) reserve(size int) place {
	if n := len(h.files); n == 0 || h.files[n-1].size-h.files[n-1].used < size {
		want := max(hotFileSize, (size+hugePage-1)&^(hugePage-1))
		for len(h.files) > 0 && h.held+want > h.limit {
			h.drop(h.files[0])
		}
		if h.held+want > h.limit {
			return place{} // answers that are under way hold the rest
		}
		memory, err := newMemoryFile(want)
		if err != nil {
			h.giveUp(err)
			return place{}
		}
		h.held += want
		h.files = append(h.files, &hotFile{of: h, memory: memory, size: want, holds: 1})
	}
	f := h.files[len(h.files)-1]
	p := place{f, int64(f.used)}
	f.used += (size + hotAlign - 1) &^ (hotAlign - 1)
	f.holds++
	return p
}

// drop takes a file out of the set.
func (h *hotSet) drop(f *hotFile) {
	h.files = slices.DeleteFunc(h.files, func(other *hotFile) bool { return other == f })
	for key, d := range h.known {
		if d.copy.file == f {
			delete(h.known, key)
		}
	}
	f.letGo()
}

// giveUp keeps nothing more: there are no such files here, or no memory for them.
func (h *hotSet) giveUp(err error) {
	h.log.Warn("segments cannot be sent from memory files; each answer is a copy from now on", "error", err)
	h.shut()
}

func (h *hotSet) shut() {
	h.closed = true
	for len(h.files) > 0 {
		h.drop(h.files[0])
	}
	clear(h.known)
}

// sweep drops files that have nothing in them which a window has.
func (h *hotSet) sweep() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forgetGone()
	wanted := make(map[*hotFile]bool)
	for _, d := range h.known {
		wanted[d.copy.file] = true
	}
	for _, f := range slices.Clone(h.files) {
		if !wanted[f] && f.holds == 1 {
			h.drop(f)
		}
	}
}

// close drops all, and keeps nothing more. Answers under way are finished.
func (h *hotSet) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.shut()
}

// letGo gives up one hold. The set is locked.
func (f *hotFile) letGo() {
	if f.holds--; f.holds == 0 {
		f.memory.close()
		f.of.held -= f.size
	}
}

// release gives up what find has given.
func (p place) release() {
	if p.file == nil {
		return
	}
	p.file.of.mu.Lock()
	defer p.file.of.mu.Unlock()
	p.file.letGo()
}
