package edge

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"

	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/hls"
)

// renderers is what all channels share to render manifests.
type renderers struct {
	// Tests put theirs in the place of each channel's maker.
	multivariant, mpd func(w *media.Window, links manifest.Links) ([]byte, error)
	media             func(w *media.Window, track string, links manifest.Links, delta hls.Delta) ([]byte, error)

	zips  sync.Pool // of *gzip.Writer
	count atomic.Uint64
	turns turns
}

// errBusy says that too many forms that queries have made up are waiting to be rendered.
var errBusy = errors.New("too many different manifests are asked for at once")

// turns bounds what queries can cost: of the forms that they make up half as many are rendered at a time as there are processors,
// and few wait for it.
type turns struct {
	once    sync.Once
	free    chan struct{}
	waiting atomic.Int32
}

// How many may wait for a turn: for a form that a query makes up, and for one that there is only one of.
const (
	maxWaitingTurns = 32
	maxWaitingPlain = 4096
)

// take waits for a turn; false: too many do.
func (t *turns) take(most int32) bool {
	t.once.Do(func() { t.free = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)) })
	if t.waiting.Add(1) > most {
		t.waiting.Add(-1)
		return false
	}
	t.free <- struct{}{}
	t.waiting.Add(-1)
	return true
}

func (t *turns) leave() { <-t.free }

// placeholder stands in a text for a session's parameters. It needs no escaping in any format.
const placeholder = "session-8f2a64c1d09b4e57"

// text renders the edition's newest text, or waits until who does so is done. Where queries have made it up it waits for its turn.
func (s *Server) text(c *channel, e *edition) *slot {
	sl, w := e.current(c)
	sl.rendered.Do(func() {
		if e.costly() {
			if !s.render.turns.take(maxWaitingTurns) {
				sl.err = errBusy
				return
			}
			defer s.render.turns.leave()
		}
		c.render(s.render, sl, e, w)
	})
	if sl.err == errBusy { //nolint:errorlint // it is never wrapped
		e.newest.CompareAndSwap(sl, nil) // the next one may have more luck
	}
	return sl
}

// textAtOnce is text without waiting for a turn, for who has waited already.
func (s *Server) textAtOnce(c *channel, e *edition) *slot {
	sl, w := e.current(c)
	sl.rendered.Do(func() { c.render(s.render, sl, e, w) })
	return sl
}

func (c *channel) render(by *renderers, sl *slot, e *edition, w *media.Window) {
	sl.render(by, &c.maker, e, w)
	if !e.plain() {
		c.playlists.asked.fit(e)
	}
}

// render makes the text. m may be nil: then nothing is remembered.
func (sl *slot) render(by *renderers, m *maker, e *edition, w *media.Window) {
	defer func() {
		if p := recover(); p != nil {
			sl.err = fmt.Errorf("panic: %v", p)
		}
	}()
	if w.Rows.Len() == 0 {
		sl.err = manifest.ErrEmpty
		return
	}
	by.count.Add(1)
	if sl.text, sl.err = by.fake(e, w); sl.text == nil && sl.err == nil {
		var t text
		t, sl.err = m.make(e, w)
		sl.text, sl.makeZip, sl.news = t.data, t.zip, t.news
	}
	sl.tag, sl.gzipTag = textTags(sl.text)
	if e.session {
		sl.pieces = bytes.Split(sl.text, []byte(placeholder))
	}
	sl.size.Store(int64(len(sl.text)))
}

// fake renders as tests want it; nothing where they do not.
func (by *renderers) fake(e *edition, w *media.Window) ([]byte, error) {
	switch {
	case e.kind == kindMultivariant && by.multivariant != nil:
		return by.multivariant(w, e.links)
	case e.kind == kindMPD && by.mpd != nil:
		return by.mpd(w, e.links)
	case e.kind == kindMedia && by.media != nil:
		return by.media(w, e.track, e.links, e.delta)
	}
	return nil, nil
}

// zip makes the gzip form.
func (sl *slot) zip(by *renderers) {
	sl.zipped.Do(func() {
		if sl.makeZip != nil {
			sl.gzip = sl.makeZip()
		} else {
			sl.gzip = by.compress(sl.text)
		}
		sl.makeZip = nil
		sl.size.Add(int64(len(sl.gzip)))
	})
}

// with is the text with a session's parameters in the places for them, and its entity tags.
func (sl *slot) with(k kind, session []byte) (text, tag, zipTag []byte) {
	if k == kindMPD || k == kindPatch {
		session = bytes.ReplaceAll(session, []byte("&"), []byte("&amp;"))
	}
	text = bytes.Join(sl.pieces, session)
	id := append(bytes.TrimSuffix(bytes.Clone(sl.tag), []byte(`"`)), '-')
	id = strconv.AppendUint(id, uint64(crc32.ChecksumIEEE(session)), 16)
	return text, append(bytes.Clone(id), '"'), append(id, `-gzip"`...)
}

// compress is text in gzip, nil where that is not shorter. What is compressed here lives for a moment, so speed matters more than
// the last bytes.
func (by *renderers) compress(text []byte) []byte {
	z, ok := by.zips.Get().(*gzip.Writer)
	if !ok {
		var err error
		if z, err = gzip.NewWriterLevel(nil, 4); err != nil {
			return nil
		}
	}
	defer by.zips.Put(z)
	return gzipped(z, text)
}

// gzipped is text as z compresses it, nil where that is not shorter.
func gzipped(z *gzip.Writer, text []byte) []byte {
	var out bytes.Buffer
	out.Grow(len(text)/8 + 256)
	z.Reset(&out)
	if _, err := z.Write(text); err != nil {
		return nil
	}
	if err := z.Close(); err != nil || out.Len() >= len(text) {
		return nil
	}
	return out.Bytes()
}

// textTags are the entity tags of a text and of its gzip form.
func textTags(text []byte) (plain, zipped []byte) {
	sum := sha256.Sum256(text)
	id := hex.EncodeToString(sum[:12])
	return []byte(`"` + id + `"`), []byte(`"` + id + `-gzip"`)
}
