package packager

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"sort"
	"time"

	"weir/internal/media"
)

// epoch is when the feeds of tests begin.
var epoch = time.Date(2026, 8, 1, 12, 0, 0, 123_456_789, time.UTC)

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// Formats of made-up feeds: AVC 640×360, AAC-LC stereo.
func avcFormat(scale uint32, wrap media.Ticks) media.Format {
	return media.Format{
		Codec: media.AVC, Clock: media.Clock{Timescale: scale, Wrap: wrap},
		Config: unhex("0164001effe100196764001eacd940a02ff9610000030001000003003c8f162d96" + "01000568ebecb22cfdf8f800"),
	}
}

func aacFormat(rate int, scale uint32, wrap media.Ticks) media.Format {
	asc := map[int]string{48000: "1190", 44100: "1210"}[rate]
	return media.Format{Codec: media.AAC, Config: unhex(asc), Clock: media.Clock{Timescale: scale, Wrap: wrap}}
}

// event is a sample of a made-up feed with its true time, which no clock has wrapped or rounded.
type event struct {
	s       media.Sample
	arrival time.Duration // since epoch
	pts     time.Duration // true time
	dts     time.Duration
	wrong   bool // its timestamps lie
}

// id marks a sample's bytes, so that it is known again in the output.
func id(track, n, size int) []byte {
	b := make([]byte, max(size, 8))
	binary.BigEndian.PutUint32(b, uint32(track))
	binary.BigEndian.PutUint32(b[4:], uint32(n))
	return b
}

func readID(b []byte) (track, n int) {
	return int(binary.BigEndian.Uint32(b)), int(binary.BigEndian.Uint32(b[4:]))
}

// synth makes feeds.
type synth struct {
	formats []media.Format
	base    time.Duration // of the source's clock at true time 0
	events  []event
	counts  []int
}

func (y *synth) add(track int, dts, pts, arrival time.Duration, sync bool, size int) {
	for len(y.counts) <= track {
		y.counts = append(y.counts, 0)
	}
	c := y.formats[track].Clock
	tick := func(d time.Duration) media.Ticks {
		t := media.RescaleDown(media.Ticks(d), nanoscale, c.Timescale)
		if c.Wrap > 0 {
			t = (t%c.Wrap + c.Wrap) % c.Wrap
		}
		return t
	}
	y.events = append(y.events, event{
		s: media.Sample{
			Track: track, DTS: tick(dts + y.base), PTS: tick(pts + y.base), Sync: sync,
			Data: id(track, y.counts[track], size),
		},
		arrival: arrival, pts: pts, dts: dts,
	})
	y.counts[track]++
}

// video adds frames of that rate from one true time to another: a sync frame every gop, with B-frames where reorder is set.
func (y *synth) video(track int, from, to time.Duration, rate media.Fraction, gop int, reorder bool) {
	for i := 0; ; i++ {
		d := time.Duration(uint64(i) * uint64(rate.Den) * uint64(time.Second) / uint64(rate.Num))
		if from+d >= to {
			return
		}
		frame := time.Duration(uint64(rate.Den) * uint64(time.Second) / uint64(rate.Num))
		pts := from + d
		if reorder {
			pts += frame * time.Duration([]int{1, 3, 0}[i%gop%3])
			if i%gop == 0 {
				pts = from + d + frame
			}
		}
		y.add(track, from+d, pts, from+d, i%gop == 0, 40+i%60)
	}
}

// audio adds frames of 1024 samples.
func (y *synth) audio(track int, from, to time.Duration, rate int) {
	for i := 0; ; i++ {
		d := from + time.Duration(uint64(i)*1024*uint64(time.Second)/uint64(rate))
		if d >= to {
			return
		}
		y.add(track, d, d, d, true, 20+i%7)
	}
}

// sorted brings the events into the order of their arrival.
func (y *synth) sorted() []event {
	sort.SliceStable(y.events, func(i, j int) bool { return y.events[i].arrival < y.events[j].arrival })
	return y.events
}

// run feeds all events to a packager and flushes it.
func (y *synth) run(p *Packager) error {
	if err := p.Start(y.formats, epoch); err != nil {
		return err
	}
	now := epoch
	for _, e := range y.sorted() {
		now = epoch.Add(e.arrival)
		if err := p.Write(e.s, now); err != nil {
			return err
		}
	}
	return p.Flush(now)
}

// verify checks that each sample is out at most once, in order, bit by bit, on time, or counted as dropped. Tolerance is how far
// a presentation time may be from the source's; base is where the timeline's anchor put true time 0 in each run.
func (y *synth) verify(r *recorder, st Stats, tolerance time.Duration) error {
	byID := map[[2]int]event{}
	count := map[int]int{}
	decoding := tolerance
	for _, e := range y.events {
		if e.wrong { // what follows may have to be decoded a little later
			decoding = tolerance + maxNudge
		}
		tr, n := readID(e.s.Data)
		byID[[2]int{tr, n}] = e
		count[tr]++
	}
	last := map[string]int{}
	before := map[string]time.Duration{}     // decoding time of the last one
	offsets := map[uint64][2]time.Duration{} // least and most (timeline − true time) of each run
	for _, s := range r.samples {
		tr, n := readID(s.data)
		e, ok := byID[[2]int{tr, n}]
		if !ok || string(e.s.Data) != string(s.data) {
			return fmt.Errorf("track %s: sample %d/%d was never written, or is out twice, or has other bytes", s.track, tr, n)
		}
		delete(byID, [2]int{tr, n})
		if prev, ok := last[s.track]; ok && n <= prev {
			return fmt.Errorf("track %s: sample %d after %d", s.track, n, prev)
		}
		last[s.track] = n
		if e.wrong {
			continue
		}
		off := s.pts.Time(s.scale).Sub(epoch) - e.pts
		o, ok := offsets[s.run]
		if !ok {
			o = [2]time.Duration{off, off}
		}
		o = [2]time.Duration{min(o[0], off), max(o[1], off)}
		if o[1]-o[0] > tolerance {
			return fmt.Errorf("run %d: track %s sample %d is off by %v against others", s.run, s.track, n, o[1]-o[0])
		}
		offsets[s.run] = o
		if cts, want := (s.pts - s.dts).Duration(s.scale), e.pts-e.dts; cts < want-max(decoding, maxPromise) || cts > want+decoding && cts > want+e.dts-before[s.track] {
			return fmt.Errorf("track %s sample %d: composition offset %v, want %v; at %v, the one before at %v", s.track, n, cts, want, e.dts, before[s.track])
		}
		before[s.track] = e.dts
	}
	dropped := uint64(0)
	for _, n := range st.Dropped {
		dropped += n
	}
	if st.Out != uint64(len(r.samples)) || st.Out+dropped != st.Samples || st.Samples != uint64(len(y.events)) {
		return fmt.Errorf("%d samples in, %d out, %d counted as out, dropped %v", len(y.events), len(r.samples), st.Out, st.Dropped)
	}
	return nil
}
