package window

import "weir/internal/media"

// Snapshot is the window as manifests list it now. To keep what was made of it without keeping media that has left the window, keep its
// Version and let go of it.
func (w *Window) Snapshot() *media.Window { return &w.view.Load().window }

// Changed is closed at the next change of anything that readers can see. To wait for something: call Changed, look, and if it
// is not there yet, wait.
func (w *Window) Changed() <-chan struct{} {
	for {
		if c := w.changed.Load(); c != nil {
			return *c
		}
		c := make(chan struct{})
		if w.changed.CompareAndSwap(nil, &c) {
			return c
		}
	}
}

// Segment is the closed segment with that number, or the one that is being made; both are nil where the window has
// none: it has left, is not yet begun, was given up, or is a gap. A segment without Data is to be read back.
func (w *Window) Segment(track string, number uint64) (*media.Segment, *Open) {
	v := w.view.Load()
	if row := v.rows.find(number); row != nil {
		if s := row.Segment(track); s != nil && !s.Gap() {
			return s, nil
		}
		return nil, nil
	}
	for _, row := range v.open {
		if row.number != number {
			continue
		}
		for i, t := range row.run.Tracks {
			if t.Name != track {
				continue
			}
			p := row.segments[i].Progress()
			switch {
			case p.Segment == nil && !p.GivenUp:
				return nil, row.segments[i]
			case p.Segment != nil && !p.Segment.Gap():
				return p.Segment, nil
			}
			return nil, nil
		}
	}
	return nil, nil
}

// Part is the bytes of one chunk of a segment that is closed or being made, nil where it is not there, or not at hand.
func (w *Window) Part(track string, number uint64, index int) []byte {
	s, o := w.Segment(track, number)
	if s != nil {
		return Part(s, index)
	}
	if o != nil {
		if chunks := o.Progress().Chunks; index >= 0 && index < len(chunks) {
			return chunks[index]
		}
	}
	return nil
}

// Init is the init segment of that version, nil where no run of the window needs it.
func (w *Window) Init(track string, version uint32) []byte {
	for _, in := range w.view.Load().inits {
		if in.Version == version && in.Track == track {
			return in.Data
		}
	}
	return nil
}
