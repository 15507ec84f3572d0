package library

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"

	"weir/internal/shard"
	"weir/packager/vod"
)

// Peers are other edges, each of which owns some segments and reads them for all; *shard.Peers is one.
type Peers interface {
	// Others tells whether the objects of that key are another's.
	Others(key string) bool
	// Ask begins to read an object from its owner: the first byte is there.
	Ask(ctx context.Context, o shard.Object) (io.ReadCloser, error)
}

// ownedRows is how many rows one after the other have the same owner: what is read for one segment makes others, of other tracks and ahead of
// time.
const ownedRows = 8

// object is a segment as other edges know it.
func (t *title) object(k key, size int64) shard.Object {
	name := strconv.FormatUint(k.number, 10)
	if k.keys {
		name += ".key"
	}
	return shard.Object{
		Key:  t.owned(k),
		Path: "/vod/" + url.PathEscape(t.id) + "/" + k.track + "/" + name + ".m4s?v=" + url.QueryEscape(t.version),
		Size: size, Tag: t.tag(k),
	}
}

// owned is what decides who owns a segment.
func (t *title) owned(k key) string {
	return t.id + "\x00" + t.version + "\x00" + strconv.FormatUint(k.number/ownedRows, 10)
}

// lent tells whether a segment is to be asked for.
func (l *Library) lent(t *title, k key) bool {
	return l.cfg.Peers != nil && l.cfg.Peers.Others(t.owned(k))
}

var errOther = errors.New("the owner has another segment")

// borrow reads a segment from its owner.
func (l *Library) borrow(ctx context.Context, t *title, m *load) error {
	from, err := l.cfg.Peers.Ask(ctx, t.object(m.flight.key, m.segment.Size))
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }() // it was only read
	data := make([]byte, m.segment.Size)
	at := len(m.segment.Head)
	if _, err := io.ReadFull(from, data[:at]); err != nil {
		return err
	}
	if !bytes.Equal(data[:at], m.segment.Head) {
		return fmt.Errorf("%w: its beginning is not that of the index", errOther)
	}
	m.flight.begin(data, at)
	for at < len(data) {
		n, err := io.ReadFull(from, data[at:min(at+blockSize, len(data))])
		if err != nil {
			return err
		}
		at += n
		m.flight.fill(at)
	}
	return nil
}

// take reads what a plan makes: a segment that is another's from there, where that can be, all else from the files.
func (l *Library) take(t *title, reads []read, made []*load) error {
	if made[0].flight.lent {
		err := l.borrow(l.ctx, t, made[0])
		if err == nil || l.ctx.Err() != nil {
			return err
		}
		if !errors.Is(err, shard.ErrOwn) {
			l.cfg.Log.Debug("a segment is read from where it lies, and not from its owner", "asset", t.id, "err", err)
		}
	}
	l.reads.Add(uint64(len(reads)))
	if err := run(l.ctx, t.files, reads, made); err != nil {
		return err
	}
	l.packaged.Add(uint64(len(made)))
	return nil
}

// Own is a library as it serves other edges: it asks none of them in turn.
type Own struct{ of *Library }

// Own is the library for other edges.
func (l *Library) Own() Own { return Own{l} }

// Open is that of the library.
func (o Own) Open(ctx context.Context, id string) (Asset, error) {
	a, err := o.of.Open(ctx, id)
	if t, ok := a.(opened); ok && err == nil {
		t.own = true
		return t, nil
	}
	return a, err
}

// List is that of the library.
func (o Own) List(limit int) []Entry { return o.of.List(limit) }

// aside is the body of a segment for another edge while this one is asking for it: were that other the one that is asked, each would wait for
// the other.
func (t *title) aside(k key, seg vod.Segment) Body {
	return &direct{files: t.files, segment: seg, tag: t.tag(k), gap: t.gap}
}
