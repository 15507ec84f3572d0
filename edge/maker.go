package edge

import (
	"sync"
	"sync/atomic"
	"time"

	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/dash"
	"weir/manifest/hls"
)

// maker makes the manifests of one channel. It remembers the text of rows, so that what a change costs does not grow with the window, and
// begins anew where the channel does.
type maker struct {
	mu      sync.Mutex
	hls     *hls.Renderer
	dash    *dash.Renderer
	listing uint64 // newest version of the window's listing that was seen
	newest  rowID  // newest row of it
}

// rowID tells a row from one that has its number in another life of the channel.
type rowID struct {
	number, run uint64
	start       int64
}

func idOf(r *media.Row) rowID { return rowID{r.Number, r.Run.ID, r.Start.UnixNano()} }

// text is a manifest, and what makes its gzip form, nil where that is not known.
type text struct {
	data []byte
	zip  func() []byte
	news dash.News // of a patch
}

// at is what remembers rows of that window; nothing where a newer one was seen already.
func (m *maker) at(w *media.Window) (*hls.Renderer, *dash.Renderer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case w.Version.Listing < m.listing:
		return nil, nil
	case w.Version.Listing > m.listing:
		first, last := w.Rows.At(0), w.Rows.At(w.Rows.Len()-1)
		if m.hls == nil || last.Number < m.newest.number ||
			m.newest.number >= first.Number && idOf(w.Rows.At(int(m.newest.number-first.Number))) != m.newest {
			m.hls, m.dash = hls.NewRenderer(), dash.NewRenderer()
		}
		m.hls.Forget(first.Number)
		m.listing, m.newest = w.Version.Listing, idOf(last)
	}
	return m.hls, m.dash
}

// mpdForm is what can patch the MPDs of an edition, and the renderer that it belongs to.
type mpdForm struct {
	mu   sync.Mutex
	of   *dash.Renderer
	form *dash.Form
}

func (f *mpdForm) at(of *dash.Renderer, links manifest.Links) *dash.Form {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of != of {
		f.of, f.form = of, of.Form(links)
	}
	return f.form
}

// make renders the edition of the window, which has rows.
func (m *maker) make(e *edition, w *media.Window) (t text, err error) {
	var rows *hls.Renderer
	var lines *dash.Renderer
	if m != nil {
		rows, lines = m.at(w)
	}
	if w, err = e.selected(w); err != nil {
		return text{}, err
	}
	if rows == nil {
		rows, lines = hls.NewRenderer(), dash.NewRenderer()
	}
	var p *hls.Playlist
	switch e.kind {
	case kindMPD:
		t.data, err = e.mpd.at(lines, e.links).MPD(w)
		return t, err
	case kindPatch:
		t.data, t.news, err = e.whole.mpd.at(lines, e.whole.links).Patch(w, e.from)
		return t, err
	case kindMultivariant:
		p, err = rows.Multivariant(w, e.links)
	case kindIFrames:
		p, err = rows.IFrames(w, e.track, e.links, e.delta)
	default:
		if imagesOf(w, e.track) {
			t.data, err = hls.Images(w, e.links)
			return t, err
		}
		p, err = rows.Media(w, e.track, e.links, e.delta)
	}
	if err != nil {
		return text{}, err
	}
	return text{data: p.Text, zip: p.Gzip}, nil
}

// selected is what the edition lists of the window.
func (e *edition) selected(w *media.Window) (*media.Window, error) {
	if e.sel.All() {
		return w, nil
	}
	return manifest.Select(w, e.sel)
}

// notes is the remembering of a channel's plain MPD at each change, so that it can be patched later though nobody may have asked for it here: a
// player may have it from another edge. It goes on while any MPD of the channel is asked for.
type notes struct {
	on    atomic.Bool
	asked atomic.Int64 // when an MPD was asked for, in nanoseconds since 1970, to a second or so
	noted uint64       // version of the window's open rows; of the lot's goroutine
}

// ask tells that an MPD is asked for. It is true where somebody has to begin with the notes.
func (n *notes) ask(now time.Time) bool {
	if at := now.UnixNano(); at-n.asked.Load() > int64(time.Second) {
		n.asked.Store(at)
	}
	return !n.on.Load() && !n.on.Swap(true)
}

// note remembers the MPD as it is now. It is false where nobody has asked for one lately.
func (c *channel) note(now time.Time) (on bool, err error) {
	n := &c.notes
	if !n.on.Load() {
		return false, nil
	}
	if now.UnixNano()-n.asked.Load() > int64(unusedAfter) {
		n.on.Store(false)
		return false, nil
	}
	w := c.window.Snapshot()
	if w.Rows.Len() == 0 || w.Version.Open == n.noted {
		return true, nil
	}
	n.noted = w.Version.Open
	e := c.playlists.find(form{kind: kindMPD}, &query{}, nil, time.Unix(0, n.asked.Load()))
	if _, lines := c.maker.at(w); lines != nil {
		err = e.mpd.at(lines, e.links).Note(w)
	}
	return true, err
}
