package check

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path"
	"time"

	"weir/internal/check/playlist"
)

// captureFile is where the capture is kept: `zcat` and read.
const captureFile = "testdata/capture.json.gz"

// capture is what a Weir channel answered for a while. Paths are those below the channel.
type capture struct {
	Start   time.Time     `json:"start"`
	Length  time.Duration `json:"length"`  // in ns; nothing is known of what came later
	Answers []seen        `json:"answers"` // of one path and query in the order of their times

	// What follows is made of the answers by index, and not changed any more.

	manifests map[string][]seen   // MPDs, multivariant playlists and the time; path?query to their versions
	lists     map[string][]moment // media playlists, as they went on
	media     map[string]*seen
	came      map[string][]time.Duration // when each piece of a segment was there, by path
}

// seen is an answer with status 200.
type seen struct {
	At     time.Duration     `json:"at"` // from the start to when it had come, in ns
	Path   string            `json:"path"`
	Query  string            `json:"query,omitempty"`
	Header map[string]string `json:"header"`
	Text   string            `json:"text,omitempty"`
	Data   []byte            `json:"data,omitempty"`
	Pieces []int             `json:"pieces,omitempty"` // of a segment: bytes of each of its parts
}

// moment is a media playlist as it was until the next moment.
type moment struct {
	at           time.Duration
	whole, delta seen
	list         *playlist.Playlist // what whole says
}

// headersKept are the fields of an answer that are replayed. Validators and lengths are made anew, as faults change bodies.
var headersKept = []string{"Access-Control-Allow-Origin", "Cache-Control", "Content-Encoding", "Content-Type"}

// write keeps the capture.
func (c *capture) write() error {
	f, err := os.Create(captureFile)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		return err
	}
	out := json.NewEncoder(z)
	out.SetEscapeHTML(false)
	out.SetIndent("", " ")
	if err := out.Encode(c); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return f.Close()
}

func readCapture() (*capture, error) {
	f, err := os.Open(captureFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	c := &capture{}
	if err := json.NewDecoder(z).Decode(c); err != nil {
		return nil, err
	}
	return c, c.index()
}

// index makes the answers ready to be found.
func (c *capture) index() error {
	c.manifests, c.lists = map[string][]seen{}, map[string][]moment{}
	c.media, c.came = map[string]*seen{}, map[string][]time.Duration{}
	for i := range c.Answers {
		a := &c.Answers[i]
		switch {
		case len(a.Data) > 0:
			c.media[a.Path] = a
		case path.Ext(a.Path) != ".m3u8" || path.Dir(a.Path) == "/":
			key := a.Path + "?" + a.Query
			c.manifests[key] = append(c.manifests[key], *a)
		default:
			if err := c.add(a); err != nil {
				return err
			}
		}
	}
	for name, list := range c.lists {
		list[0].at = 0 // it was so when the capture began
		for i := range list {
			if !list[i].list.IFramesOnly {
				c.pieces(path.Dir(name), &list[i])
			}
		}
	}
	return nil
}

// add takes an answer of a media playlist: the whole of a moment, or the delta update that comes behind it.
func (c *capture) add(a *seen) error {
	list := c.lists[a.Path]
	p, err := playlist.Parse([]byte(a.Text))
	if err != nil {
		return err
	}
	if p.Skip != nil {
		list[len(list)-1].delta = *a
		return nil
	}
	c.lists[a.Path] = append(list, moment{at: a.At, whole: *a, delta: *a, list: p})
	return nil
}

// pieces notes since when the pieces of the segments are there that a moment lists.
func (c *capture) pieces(dir string, m *moment) {
	note := func(number uint64, count int) {
		name := dir + "/" + utoa(number) + ".m4s"
		for len(c.came[name]) < count {
			c.came[name] = append(c.came[name], m.at)
		}
	}
	p := m.list
	for i := range p.Segments {
		number := p.First() + uint64(i)
		if a := c.media[dir+"/"+utoa(number)+".m4s"]; a != nil {
			note(number, max(len(a.Pieces), 1))
		}
	}
	note(p.Next(), len(p.Parts))
}

// now is the newest moment of a media playlist at a time.
func now(list []moment, since time.Duration) int {
	i := 0
	for i+1 < len(list) && list[i+1].at <= since {
		i++
	}
	return i
}
