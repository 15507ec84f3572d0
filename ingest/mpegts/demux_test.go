package mpegts

import (
	"testing"

	"weir/ingest"
	"weir/ingest/ingesttest"
	"weir/internal/media"
	"weir/internal/testmedia"
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
	return testmedia.File(t, name), testmedia.Read(t, name)
}
