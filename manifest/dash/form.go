package dash

import (
	"fmt"
	"time"

	"weir/internal/media"
	"weir/manifest"
)

// states is how many of its last states a Form can patch.
const states = 32

// Form is one form of a channel's MPD, as one selection of a window and some links make it: it renders the MPD and writes patches
// that lead to the newest one from those before it. Of each state it keeps some numbers a timeline. It is safe for concurrent use.
type Form struct {
	renderer *Renderer
	links    manifest.Links
	states   []state // oldest first; under the renderer's lock, as what follows

	version media.Version // for which answers are
	answers map[string]answer
}

// answer is a patch, as many players ask for it.
type answer struct {
	doc  []byte
	news News
}

// state is what there was in an MPD, as far as patches look at it.
type state struct {
	published string
	structure uint64
	lines     []savedLine
	often     []string // texts of what changes often beside timelines, in order
}

// savedLine is a line without its strip.
type savedLine struct {
	from, to uint64
	tail     []entry
}

// Form is a new form of the channel's MPD, in which URIs carry the links.
func (r *Renderer) Form(links manifest.Links) *Form { return &Form{renderer: r, links: links} }

// MPD is what the function MPD gives, with its errors. What it gives can be patched later.
func (f *Form) MPD(w *media.Window) ([]byte, error) {
	f.renderer.mu.Lock()
	defer f.renderer.mu.Unlock()
	o, err := f.note(w)
	if err != nil {
		return nil, err
	}
	return o.text(), nil
}

// Note remembers the window's state, so that it can be patched later, for less than MPD costs.
func (f *Form) Note(w *media.Window) error {
	f.renderer.mu.Lock()
	defer f.renderer.mu.Unlock()
	_, err := f.note(w)
	return err
}

func (f *Form) note(w *media.Window) (*outline, error) {
	o, err := f.renderer.outline(w, f.links)
	if err != nil {
		return nil, err
	}
	for i := range f.states {
		if f.states[i].published == o.published {
			return o, nil
		}
	}
	if len(f.states) == states {
		copy(f.states, f.states[1:])
		f.states = f.states[:states-1]
	}
	f.states = append(f.states, o.save())
	return o, nil
}

func (o *outline) save() state {
	s := state{published: o.published, structure: o.structure}
	for i := range o.fills {
		switch fill := &o.fills[i]; {
		case fill.line != nil:
			s.lines = append(s.lines, savedLine{from: fill.line.from, to: fill.line.to, tail: fill.line.tail})
		case fill.often && fill.kind != plain:
			s.often = append(s.often, string(fill.text))
		}
	}
	return s
}

// News tells what a patch does.
type News int

// The kinds of patches.
const (
	// Newer is a patch to the newest MPD.
	Newer News = iota
	// Same is a patch that changes nothing: there is no newer MPD yet. It is worth while to wait for one, as the patch for a playlist reload does:
	// dash.js loads the whole MPD when a patch brings nothing new.
	Same
	// Whole is a patch that is not from the MPD that was asked for, as there is none: it does not fit, and players load the whole MPD.
	// The edge has not seen that MPD, or what has changed since is more than patches tell: Periods, sets, settings.
	Whole
)

// Patch leads from the MPD with that publishTime, as PatchLocation has it, to that of the window. It is an error where from is no
// time; else those of MPD. Time and size do not grow with the window. What it gives must not be changed: while the window's version is the same,
// whoever asks for the same gets the same.
func (f *Form) Patch(w *media.Window, from string) (doc []byte, news News, err error) {
	if len(from) > len("2006-01-02T15:04:05.999999999Z") {
		return nil, Whole, fmt.Errorf("patch of channel %s: from: %d bytes are no time", w.Channel, len(from))
	}
	asked, err := time.Parse(time.RFC3339Nano, from)
	if err != nil {
		return nil, Whole, fmt.Errorf("patch of channel %s: from: %w", w.Channel, err)
	}
	f.renderer.mu.Lock()
	defer f.renderer.mu.Unlock()
	if w.Version != f.version || w.Version == (media.Version{}) {
		f.version, f.answers = w.Version, make(map[string]answer)
	}
	if known, ok := f.answers[from]; ok {
		return known.doc, known.news, nil
	}
	o, err := f.note(w)
	if err != nil {
		return nil, Whole, err
	}
	doc, news = f.patch(o, w.Channel, from, asked)
	if len(f.answers) < 2*states {
		f.answers[from] = answer{doc, news}
	}
	return doc, news, nil
}

// patch leads from the MPD with that publishTime, which is the time asked, to o.
func (f *Form) patch(o *outline, channel, from string, asked time.Time) ([]byte, News) {
	p := patcher{channel: channel, original: o.published, published: o.published}
	if !asked.Before(o.at) { // another edge is ahead by a moment
		return p.document(), Same
	}
	for i := range f.states {
		if old := &f.states[i]; old.published == from && old.structure == o.structure && p.between(old, o) {
			p.original = from
			return p.document(), Newer
		}
	}
	p.operations = nil
	return p.document(), Whole
}
