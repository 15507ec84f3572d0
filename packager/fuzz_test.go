package packager

import (
	"encoding/binary"
	"testing"
	"time"

	"weir/internal/media"
)

// FuzzWrite reads samples off bytes: anything may stand in their timestamps, and whatever comes out must keep the rules.
func FuzzWrite(f *testing.F) {
	seed := func(steps ...[3]int64) []byte {
		var b []byte
		for _, s := range steps {
			b = append(b, byte(s[0]))
			b = binary.BigEndian.AppendUint64(b, uint64(s[1]))
			b = append(b, byte(s[2]))
		}
		return b
	}
	f.Add(uint16(0x1234), seed([3]int64{1, 0, 3}, [3]int64{0, 3000, 3}, [3]int64{4, 2000, 2}, [3]int64{0, 3000, 3}))
	f.Add(uint16(0xffff), seed([3]int64{1, -1 << 62, 0}, [3]int64{1, 1 << 62, 255}, [3]int64{5, 1 << 33, 9}, [3]int64{1, 90000 * 11, 1}))
	f.Add(uint16(0), seed([3]int64{1, 900000, 0}, [3]int64{9, -900001, 0}, [3]int64{1, 1, 0}, [3]int64{3, 45000, 9}, [3]int64{1, 900000, 40}))
	f.Fuzz(func(t *testing.T, setup uint16, data []byte) {
		if len(data) > 10*2000 {
			return
		}
		scales := []uint32{1, 1000, 44100, 90000, 1_000_000_000}
		scale := scales[int(setup&15)%len(scales)]
		wrap := []media.Ticks{0, 1 << 33, 1 << 62, media.Ticks(scale) * 40}[setup>>4&3]
		y := &synth{formats: []media.Format{avcFormat(scale, wrap), aacFormat(48000, scale, wrap)}}
		cfg := Config{
			Segment: []time.Duration{100 * time.Millisecond, time.Second, 2 * time.Second, 10 * time.Second}[setup>>6&3],
			Chunk:   []time.Duration{0, 10 * time.Millisecond, 100 * time.Millisecond}[int(setup>>8&3)%3],
		}
		rec := newRecorder(t, Resume{})
		p, err := New(cfg, Resume{}, rec)
		must(t, err)
		if err := p.Start(y.formats, epoch); err != nil {
			return
		}
		now := epoch
		var clock media.Ticks
		n := uint64(0)
		for ; len(data) >= 10; data = data[10:] {
			op := data[0]
			clock += media.Ticks(binary.BigEndian.Uint64(data[1:9]))
			now = now.Add(time.Duration(data[9]) * time.Millisecond * 10)
			s := media.Sample{Track: int(op>>1) % 3, DTS: clock, PTS: clock + media.Ticks(op>>4), Sync: op&1 == 1, Data: data[:10]}
			must(t, p.Write(s, now))
			n++
			if op&0xf0 == 0xf0 {
				must(t, p.Start(y.formats[:1+int(data[9]&1)], now))
			}
		}
		must(t, p.Flush(now))
		rec.complete()
		st := p.Stats()
		dropped := uint64(0)
		for _, d := range st.Dropped {
			dropped += d
		}
		if st.Samples != n || st.Out+dropped != n || st.Out != uint64(len(rec.samples)) {
			t.Fatalf("%d samples in, %d out, dropped %v", n, st.Out, st.Dropped)
		}
	})
}
