package hls

import (
	"sync"

	"weir/internal/media"
	"weir/manifest"
)

// Renderer makes the playlists of one channel, byte for byte those of Media, IFrames and Multivariant. It remembers the text of rows, so that a row is rendered
// once: a delta update costs as much as it lists, a full playlist a copy of what was rendered before.
//
// It may be given any window of the channel, at any time and in any order, older ones and selections (manifest.Select) too: a row's text depends on
// the row and the one before it. Numbers must not be used anew: a channel whose numbers begin again needs another Renderer.
//
// It refers to no row, segment or window, and keeps about 100 bytes a row and playlist; see Forget. Safe for concurrent use.
type Renderer struct {
	mu     sync.Mutex // for all below; text is copied and compressed without it
	tracks map[string]*trackTexts
	oldest uint64 // block that may be kept
	zips   zips
}

// trackTexts is what is remembered of a track.
type trackTexts struct {
	surveyor surveyor
	media    map[uint64]*block // by their rows' number divided by blockRows
	iframes  map[uint64]*block
}

// NewRenderer is a renderer that remembers nothing yet.
func NewRenderer() *Renderer { return &Renderer{tracks: make(map[string]*trackTexts)} }

// Forget drops what is remembered of rows with lower numbers than that of the oldest one listed of the channel. It is to be called when rows
// leave the window: without it the renderer only grows.
func (r *Renderer) Forget(before uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, t := range r.tracks {
		t.surveyor.forget(before)
		if before/blockRows > r.oldest {
			for _, blocks := range []map[uint64]*block{t.media, t.iframes} {
				for k := range blocks {
					if k < before/blockRows {
						delete(blocks, k)
					}
				}
			}
		}
		if t.surveyor.from == t.surveyor.to && len(t.media)+len(t.iframes) == 0 {
			delete(r.tracks, name)
		}
	}
	r.oldest = max(r.oldest, before/blockRows)
}

// Media is the function Media.
func (r *Renderer) Media(w *media.Window, track string, links manifest.Links, delta Delta) (*Playlist, error) {
	return r.render(w, track, links, delta, false)
}

// IFrames is the function IFrames.
func (r *Renderer) IFrames(w *media.Window, track string, links manifest.Links, delta Delta) (*Playlist, error) {
	return r.render(w, track, links, delta, true)
}

// Multivariant is the function Multivariant.
func (r *Renderer) Multivariant(w *media.Window, links manifest.Links) (*Playlist, error) {
	text, err := multivariant(w, links, func(track string) survey {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.track(track).surveyor.survey(w, track)
	})
	if err != nil {
		return nil, err
	}
	return &Playlist{Text: text, zips: &r.zips}, nil
}

func (r *Renderer) track(name string) *trackTexts {
	t := r.tracks[name]
	if t == nil {
		t = &trackTexts{media: make(map[uint64]*block), iframes: make(map[uint64]*block)}
		r.tracks[name] = t
	}
	return t
}

func (r *Renderer) render(w *media.Window, track string, links manifest.Links, delta Delta, iframes bool) (*Playlist, error) {
	l, err := list(w, track, links, iframes)
	if err != nil {
		return nil, err
	}
	if delta != Whole {
		l.skip = l.skippable()
	}
	stretches, rows, err := r.remembered(l)
	if err != nil {
		return nil, err
	}
	header, err := l.header(delta, l.survey(rows))
	if err != nil {
		return nil, err
	}
	head, old, size := []byte(nil), l.skip, len(header)+trailerSize
	if len(stretches) > 0 { // the first segment of a playlist has tags of its own
		if head, err = l.segments(0, 1, false); err != nil {
			return nil, err
		}
		old = min(l.from, l.rows)
		for i := range stretches {
			size += stretches[i].size(l.links.Media)
		}
	}
	newest, err := l.segments(old, l.len(), true)
	if err != nil {
		return nil, err
	}
	p := &Playlist{Text: make([]byte, 0, size+len(head)+len(newest)), zips: &r.zips}
	p.Text = append(append(p.Text, header...), head...)
	for i := range stretches {
		s := &stretches[i]
		if s.block != nil && l.links.Media == "" {
			p.pieces = append(p.pieces, piece{at: len(p.Text), block: s.block})
		}
		p.Text = s.append(p.Text, l.links.Media)
	}
	p.Text = l.appendTrailer(append(p.Text, newest...))
	return p, nil
}

// remembered is what is known of the rows of l: their survey, and, for a full playlist, the text of all but the first that are listed
// without parts.
func (r *Renderer) remembered(l *listing) ([]stretch, survey, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.track(l.track)
	rows := t.surveyor.survey(l.w, l.track)
	if l.skip > 0 {
		return nil, rows, nil
	}
	blocks := t.media
	if l.iframes {
		blocks = t.iframes
	}
	stretches, err := blocksOf(l, blocks)
	return stretches, rows, err
}

// blocksOf is the text of rows 1 ≤ i < min(l.from, l.rows) of l, without links. Blocks are begun and continued as far as the listing goes: each of these
// rows has the one before it beside it.
func blocksOf(l *listing, blocks map[uint64]*block) ([]stretch, error) {
	plain := *l
	plain.links = manifest.Links{}
	first := l.w.Rows.At(0).Number
	var all []stretch
	for i, to := 1, min(l.from, l.rows); i < to; {
		number := first + uint64(i)
		k, from := number/blockRows, int(number%blockRows)
		n := min(blockRows-from, to-i)
		b := blocks[k]
		if b == nil || b.first > from || b.end() < from {
			b = &block{first: from}
			blocks[k] = b
		}
		if b.end() < from+n {
			rows, err := plain.segments(i+b.end()-from, min(i+blockRows-from, l.rows), false)
			if err != nil {
				return nil, err
			}
			b.append(rows)
		}
		all = append(all, b.stretch(from, from+n))
		i += n
	}
	return all, nil
}
