package mpegts

import (
	"os"
	"path/filepath"
	"testing"

	"weir/ingest"
	"weir/ingest/ingesttest"
	"weir/internal/media"
)

// codecs of the last start.
func codecs(r ingesttest.Record) (all []media.Codec) {
	for _, f := range r.Formats() {
		all = append(all, f.Codec)
	}
	return all
}

// demux pushes a stream through in pieces of that size, and flushes.
func demux(stream []byte, piece int, cfg Config) (ingesttest.Record, error) {
	feed := ingesttest.NewFeed(ingest.Publish{})
	d := NewDemuxer(feed, cfg)
	for at := 0; at < len(stream); at += piece {
		if _, err := d.Write(stream[at:min(at+piece, len(stream))]); err != nil {
			return feed.Got(), err
		}
	}
	err := d.Flush()
	return feed.Got(), err
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
