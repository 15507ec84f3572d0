package mpegts

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"weir/internal/media"
)

// recorder is a feed that keeps everything.
type recorder struct {
	starts  [][]media.Format
	samples []media.Sample
	at      []int // which start each sample follows, from 0
	events  []media.Event
	dropped map[string]int
	fail    error
}

func newRecorder() *recorder { return &recorder{dropped: make(map[string]int)} }

func (r *recorder) Start(formats []media.Format) error {
	r.starts = append(r.starts, formats)
	return r.fail
}

func (r *recorder) Write(s media.Sample) error {
	if n := len(r.starts); n == 0 || s.Track < 0 || s.Track >= len(r.starts[n-1]) {
		return fmt.Errorf("sample of track %d, which was not announced", s.Track)
	}
	r.samples = append(r.samples, s)
	r.at = append(r.at, len(r.starts)-1)
	return nil
}

func (r *recorder) Event(e media.Event) error {
	if len(r.starts) == 0 {
		return fmt.Errorf("event before the tracks")
	}
	r.events = append(r.events, e)
	return nil
}

func (r *recorder) Dropped(why string) { r.dropped[why]++ }

// of are the samples of a track in all starts.
func (r *recorder) of(track int) (all []media.Sample) {
	for _, s := range r.samples {
		if s.Track == track {
			all = append(all, s)
		}
	}
	return all
}

// codecs of the last start.
func (r *recorder) codecs() (all []media.Codec) {
	if len(r.starts) > 0 {
		for _, f := range r.starts[len(r.starts)-1] {
			all = append(all, f.Codec)
		}
	}
	return all
}

func (r *recorder) drops() int {
	n := 0
	for _, d := range slices.Collect(maps.Values(r.dropped)) {
		n += d
	}
	return n
}

// demux pushes a stream through in pieces of that size, and flushes.
func demux(stream []byte, piece int, cfg Config) (*recorder, error) {
	r := newRecorder()
	d := NewDemuxer(r, cfg)
	for at := 0; at < len(stream); at += piece {
		if _, err := d.Write(stream[at:min(at+piece, len(stream))]); err != nil {
			return r, err
		}
	}
	return r, d.Flush()
}

// shared reads a file of ../shared/media, which stands beside the checkout; the test is skipped where it is not there.
func shared(t testing.TB, name string) (path string, data []byte) {
	t.Helper()
	dir := os.Getenv("WEIR_MEDIA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "media")
	}
	path = filepath.Join(dir, name)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("no shared media: %s is not there (set WEIR_MEDIA)", path)
	}
	return path, data
}
