package mpegts

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"weir/internal/media"
)

var (
	// ErrNoTS is wrapped by errors about bytes that are no transport stream.
	ErrNoTS = errors.New("this is no MPEG transport stream")
	// ErrUnsupported is wrapped by errors about a transport stream with nothing that can be packaged, or not what was asked for.
	ErrUnsupported = errors.New("the transport stream cannot be packaged")
)

const (
	maxPES = 12 << 20 // bytes of a PES packet
	// patience is how many bytes may come before a program is known.
	patience = 8 << 20

	tooLarge = "a PES packet of more than 12 MiB"
)

// Feed is what a Demuxer needs of an ingest.Feed.
type Feed interface {
	Start(formats []media.Format) error
	Write(s media.Sample) error
	Event(e media.Event) error
	Dropped(why string)
}

// Config of a Demuxer. Its zero value will do.
type Config struct {
	// Program is the number of the program to take; 0: the first with video, else the first.
	Program uint16
	// Log tells of programs and tables; nil: nothing is told.
	Log *slog.Logger
	// PCR, where it is not nil, is called with each clock reference of the program, in 1/27000000 s modulo 300·2^33, before what follows it is
	// read. It may wait. Its error is final.
	PCR func(pcr int64) error
	// Now tells when samples came that are held back until all tracks are known; nil: they do not say.
	Now func() time.Time
}

// Demuxer takes a transport stream apart and hands its samples to a feed.
type Demuxer struct {
	cfg   Config
	feed  Feed
	align aligner
	bytes int64 // received until a program is known
	err   error // final

	choice  choice
	pids    map[uint16]*filter
	pcrPID  uint16
	tracks  announcer
	foreign []string // what the program has that cannot be packaged
	lead    timestamps
	leadPID uint16
	early   []media.Event // before any media
	veiled  bool          // scrambled packets were seen
}

// NewDemuxer makes one that hands over to feed.
func NewDemuxer(feed Feed, cfg Config) *Demuxer {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	d := &Demuxer{cfg: cfg, feed: feed, pids: make(map[uint16]*filter), tracks: announcer{feed: feed, now: cfg.Now}, pcrPID: nullPID, leadPID: nullPID}
	d.choice.wanted = cfg.Program
	d.pids[0] = &filter{sections: &sections{}, table: d.pat}
	return d
}

// Write takes the next bytes of the stream, cut anywhere. It keeps none of p. Every error is final.
func (d *Demuxer) Write(p []byte) (int, error) {
	if d.err != nil {
		return 0, d.err
	}
	d.err = d.align.push(p, d.packet, d.skipped)
	if d.err == nil && d.choice.chosen == nil {
		d.bytes += int64(len(p))
		d.err = d.stillNothing()
	}
	if d.err != nil {
		return 0, d.err
	}
	return len(p), nil
}

// stillNothing is why there is no more reason to wait for a program.
func (d *Demuxer) stillNothing() error {
	switch {
	case !d.align.found && d.align.skipped+len(d.align.buf) > hopeless:
		return fmt.Errorf("%w: no packets of 188 bytes within %d KiB", ErrNoTS, hopeless>>10)
	case d.bytes > patience:
		return d.noProgram()
	}
	return nil
}

// Flush ends the stream: what is held goes out. It is an error if there was no feed in it.
func (d *Demuxer) Flush() error {
	if d.err != nil {
		return d.err
	}
	d.err = d.flush()
	return d.err
}

func (d *Demuxer) flush() error {
	if err := d.align.flush(d.packet, d.skipped); err != nil {
		return err
	}
	if !d.align.found {
		return fmt.Errorf("%w: no packets of 188 bytes in it", ErrNoTS)
	}
	if d.choice.chosen == nil {
		if err := d.choose(true); err != nil {
			return err
		}
	}
	if d.choice.chosen == nil {
		return d.noProgram()
	}
	for _, pid := range slices.Sorted(maps.Keys(d.pids)) {
		if err := d.end(d.pids[pid]); err != nil {
			return err
		}
	}
	if !d.tracks.announced {
		return d.tracks.release()
	}
	return nil
}

// skipped counts bytes between packets.
func (d *Demuxer) skipped(int) { d.feed.Dropped("bytes between the packets of the transport stream") }

// packet takes one packet.
func (d *Demuxer) packet(b []byte) error {
	p, ok := readPacket(b)
	if !ok || p.pid == nullPID {
		return nil // what a damaged packet leaves is a gap in the counter
	}
	if p.hasPCR && p.pid == d.pcrPID && d.cfg.PCR != nil {
		if err := d.cfg.PCR(p.pcr); err != nil {
			return err
		}
	}
	f := d.pids[p.pid]
	if f == nil {
		return nil
	}
	if p.scrambled {
		if !d.veiled {
			d.veiled = true
			d.feed.Dropped("packets are scrambled")
		}
		return nil // what is missing shows in the counter
	}
	if !p.hasPayload {
		f.counted = f.counted && !p.discontinuity
		return nil
	}
	switch f.follows(p) {
	case repeated:
		return nil
	case broken:
		f.lose()
		d.feed.Dropped("packets were lost: a continuity counter jumped")
	}
	if f.sections != nil {
		bad, err := f.sections.push(p.payload, p.start, f.table)
		if bad > 0 {
			d.feed.Dropped("a table is damaged")
		}
		return err
	}
	return d.media(f, p)
}

// media takes a packet of a PES.
func (d *Demuxer) media(f *filter, p packet) error {
	if p.start {
		if !bytes.HasPrefix(p.payload, pesPrefix) { // then the packet before may not end here either
			f.lose()
			d.feed.Dropped("a PES packet is malformed")
			return nil
		}
		if err := d.end(f); err != nil {
			return err
		}
		f.pes.begin()
	}
	whole := f.pes.add(p.payload)
	if len(f.pes.buf) > maxPES {
		f.lose()
		d.feed.Dropped(tooLarge)
		return nil
	}
	if whole {
		return d.finish(f)
	}
	return nil
}

// end brings a PES to its end that none followed yet, and what its parser holds for the next.
func (d *Demuxer) end(f *filter) error {
	if f.sections != nil || !f.pes.on {
		return nil
	}
	if !f.pes.complete() {
		if f.pes.lose() {
			d.feed.Dropped("a PES packet is cut off")
		}
		return nil
	}
	return d.finish(f)
}

// finish takes a whole PES apart.
func (d *Demuxer) finish(f *filter) error {
	payload, t, state := f.pes.take()
	switch state {
	case pesBroken:
		d.feed.Dropped("a PES packet is malformed")
		return nil
	case pesScrambled:
		if !d.veiled {
			d.veiled = true
			d.feed.Dropped("PES packets are scrambled")
		}
		return nil
	}
	if f.lane == nil {
		return d.tags(payload, t)
	}
	if t.ok {
		if f.pid == d.leadPID || !d.lead.ok {
			if err := d.beside(t); err != nil {
				return err
			}
		}
		if err := d.tracks.see(t.dts); err != nil {
			return err
		}
	}
	return f.parser.take(payload, t, f.lane)
}

// noProgram says that there is none to take.
func (d *Demuxer) noProgram() error {
	switch numbers := d.choice.numbers(); {
	case d.cfg.Program != 0 && len(numbers) > 0:
		return fmt.Errorf("%w: program %d is not in it, or has no map; it has %s", ErrUnsupported, d.cfg.Program, strings.Join(numbers, ", "))
	case len(numbers) > 0:
		return fmt.Errorf("%w: its programs (%s) have no maps (PMT)", ErrUnsupported, strings.Join(numbers, ", "))
	}
	return fmt.Errorf("%w: it has no table of programs (PAT)", ErrNoTS)
}

// Copy pushes all that r has through a Demuxer to the feed, until r ends (nil) or something goes wrong. Whoever wants it to end makes
// r fail.
func Copy(feed Feed, r io.Reader, cfg Config) error {
	d := NewDemuxer(feed, cfg)
	buf := make([]byte, 349*packetSize) // near 64 KiB, whole packets where the reader fills it
	for {
		n, err := r.Read(buf)
		if _, wrong := d.Write(buf[:n]); wrong != nil {
			return wrong
		}
		if err == nil {
			continue
		}
		flushed := d.Flush()
		if !errors.Is(err, io.EOF) {
			return err
		}
		return flushed
	}
}
