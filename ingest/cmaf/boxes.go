package cmaf

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// headerTime is how long a segment waits for its header in a feed that has just been opened.
const headerTime = 5 * time.Second

// boxes reads the body to its end.
func (q *request) boxes(b *body, first box) error {
	x, err := first, error(nil)
	for {
		if err := q.box(b, x); err != nil {
			return err
		}
		if x, err = b.next(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
	}
	if len(q.pending) > 0 {
		return fmt.Errorf("%w: moof without mdat", errMalformed)
	}
	if q.last && q.source != nil {
		q.session.ended(q.source)
	}
	return nil
}

// box takes one box.
func (q *request) box(b *body, x box) error {
	switch x.name {
	case "ftyp", "styp":
		types, err := b.whole(x, maxTypes)
		if err != nil {
			return err
		}
		q.last = q.last || hasBrand(types, "lmsg")
		if x.name == "styp" && hasBrand(types, "slat") {
			q.session.slate(q.address.whole)
		}
		return nil
	case "moov":
		moov, err := b.whole(x, maxHeld)
		if err != nil {
			return err
		}
		q.last = false
		src, err := q.session.put(q.address, moov)
		if err != nil {
			return err
		}
		return q.bind(src)
	case "moof":
		moof, err := b.whole(x, maxHeld)
		if err != nil {
			return err
		}
		return q.fragment(moof, x.at)
	case "mdat":
		return q.media(b, x)
	case "emsg":
		emsg, err := b.whole(x, maxEvent)
		if err != nil {
			return err
		}
		return q.message(emsg)
	case "mfra": // how the end was told before lmsg
		q.last = true
	}
	if x.size > maxSkip {
		return fmt.Errorf("%w: box %q of %d bytes", errMalformed, x.name, x.size)
	}
	return cutOff(b.skip(x.size), x.name)
}

// hasBrand looks for a brand in the body of an ftyp or styp (ISO/IEC 14496-12, 4.3).
func hasBrand(types []byte, brand string) bool {
	for i := 0; i+4 <= len(types); i += 4 {
		if i != 4 && string(types[i:i+4]) == brand {
			return true
		}
	}
	return false
}

// fragment takes a moof.
func (q *request) fragment(moof []byte, at int64) error {
	if len(q.pending) > 0 {
		return fmt.Errorf("%w: moof without mdat", errMalformed)
	}
	if q.source == nil {
		src, err := q.find()
		if err != nil {
			return err
		}
		if err := q.inTurn(src, moof, at); err != nil {
			return err
		}
		if err := q.bind(src); err != nil {
			return err
		}
	}
	q.session.mu.Lock()
	header := q.source.header
	q.session.mu.Unlock()
	if header == nil {
		return errNoHeader
	}
	var err error
	if q.pending, err = header.fragment(moof, at); err != nil {
		return err
	}
	return q.relative()
}

// find is the source of the request's path. Where the feed has only just been opened, its header may be on its way: senders that do not
// wait for answers send both at once.
func (q *request) find() (*source, error) {
	again := time.NewTicker(tick)
	defer again.Stop()
	for {
		q.session.mu.Lock()
		src := q.session.source(q.address)
		young := q.cfg.Now().Sub(q.session.opened) < headerTime
		q.session.mu.Unlock()
		switch {
		case src != nil && src.refused != nil:
			return nil, src.refused
		case src != nil && src.header != nil:
			return src, nil
		case !young:
			return nil, errNoHeader
		}
		select {
		case <-again.C:
		case <-q.session.quit:
			return nil, q.session.ending()
		}
		if err := q.interrupted(); err != nil {
			return nil, err
		}
	}
}

// relative places the event messages that stood before the samples that are about to come.
func (q *request) relative() error {
	if len(q.relate) == 0 || len(q.pending) == 0 {
		return nil
	}
	earliest := q.pending[0]
	for _, p := range q.pending {
		if p.pts < earliest.pts && p.track == earliest.track {
			earliest = p
		}
	}
	for _, m := range q.relate {
		if err := q.session.event(m.from(earliest.pts, earliest.track.scale)); err != nil {
			return err
		}
	}
	q.relate = nil
	return nil
}

// message takes an emsg.
func (q *request) message(emsg []byte) error {
	m, err := parseMessage(emsg)
	if err != nil {
		q.session.feed.Dropped(err.Error())
		return nil
	}
	if !m.relative {
		return q.session.event(m.Event)
	}
	if len(q.relate) >= maxEarly {
		q.session.feed.Dropped("more events before a segment than are taken")
		return nil
	}
	q.relate = append(q.relate, m)
	return nil
}

// media takes the bytes of the samples that a moof has announced, each as soon as it is there.
func (q *request) media(b *body, x box) error {
	if len(q.pending) == 0 {
		return cutOff(b.skip(x.size), x.name)
	}
	end := b.at + x.size
	for _, p := range q.pending {
		if p.at < b.at || p.at+int64(p.size) > end {
			return fmt.Errorf("%w: a sample of %d bytes at %d lies outside of its mdat", errMalformed, p.size, p.at)
		}
		if err := b.skip(p.at - b.at); err != nil {
			return cutOff(err, x.name)
		}
		data, err := b.take(int(p.size))
		if err != nil {
			return cutOff(err, x.name)
		}
		if len(data) == 0 {
			continue // a pause
		}
		if err := q.sample(p, data); err != nil {
			return err
		}
	}
	q.pending = nil
	return cutOff(b.skip(end-b.at), x.name)
}

func (q *request) sample(p place, data []byte) error {
	if p.track.role != isEvents {
		return q.session.push(q.source, p, data)
	}
	events, err := instances(data, p.pts, p.track.scale)
	if err != nil {
		q.session.feed.Dropped(err.Error())
	}
	for _, e := range events {
		if err := q.session.event(e); err != nil {
			return err
		}
	}
	return nil
}
