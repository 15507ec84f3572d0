package ladder

import (
	"bufio"
	"io"
	"slices"
	"strings"
	"sync"
)

// Bounds of what is kept of what a child says.
const (
	maxWords    = 10  // lines
	maxWordSize = 300 // bytes of a line
)

// words are the last lines that a child has said.
type words struct {
	mu   sync.Mutex
	last []string
}

// listen reads until the child's standard error ends.
func (w *words) listen(r io.Reader) {
	in := bufio.NewReaderSize(r, 4096)
	for {
		line, more, err := in.ReadLine()
		if err != nil {
			return
		}
		if text := strings.ToValidUTF8(strings.TrimSpace(string(line[:min(len(line), maxWordSize)])), "\ufffd"); text != "" {
			w.add(text)
		}
		for more && err == nil { // the rest of a line that is too long
			_, more, err = in.ReadLine()
		}
	}
}

func (w *words) add(line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.last) == maxWords {
		w.last = slices.Delete(w.last, 0, 1)
	}
	w.last = append(w.last, line)
}

func (w *words) lines() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.last)
}
