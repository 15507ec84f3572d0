package whip

import (
	"bytes"
	"testing"

	"github.com/pion/rtp/codecs"
)

// piece is a packet for a framer.
type piece struct {
	payload []byte
	time    int64
	marker  bool
	lost    bool // packets are missing before it
}

func frameAll(pieces []piece) (all []frame) {
	var f framer
	for _, p := range pieces {
		f.push(p.payload, p.time, p.marker, p.lost, func(done frame) { all = append(all, done) })
	}
	return all
}

func TestFramer(t *testing.T) {
	t.Parallel()
	slice, other, idr := []byte{0x41, 1, 2, 3}, []byte{0x41, 9, 9}, []byte{0x65, 7, 7}
	stap := []byte{0x78, 0, 2, 0x67, 1, 0, 2, 0x68, 2}
	start, middle, end := []byte{0x5c, 0x85, 1, 2}, []byte{0x5c, 0x05, 3}, []byte{0x5c, 0x45, 4}
	const lost, cut, bad = "packets were lost", "a NAL unit was cut off", "malformed packet"
	for name, tt := range map[string]struct {
		in   []piece
		want []frame
	}{
		"one packet a frame": {
			[]piece{{slice, 1, true, false}, {other, 2, true, false}},
			[]frame{{time: 1, units: [][]byte{slice}}, {time: 2, units: [][]byte{other}}},
		},
		"without markers": {
			[]piece{{slice, 1, false, false}, {other, 1, false, false}, {idr, 2, false, false}},
			[]frame{{time: 1, units: [][]byte{slice, other}}},
		},
		"STAP-A": {
			[]piece{{stap, 1, false, false}, {idr, 1, true, false}},
			[]frame{{time: 1, units: [][]byte{{0x67, 1}, {0x68, 2}, idr}}},
		},
		"FU-A": {
			[]piece{{start, 1, false, false}, {middle, 1, false, false}, {end, 1, true, false}},
			[]frame{{time: 1, units: [][]byte{{0x45, 1, 2, 3, 4}}}},
		},
		"padding": {
			[]piece{{slice, 1, true, false}, {nil, 1, false, false}, {other, 2, true, false}},
			[]frame{{time: 1, units: [][]byte{slice}}, {time: 2, units: [][]byte{other}}},
		},
		"the end of one frame and the beginning of the next are lost": {
			[]piece{{slice, 1, false, false}, {other, 2, true, true}, {slice, 3, true, false}},
			[]frame{{time: 1, damaged: lost}, {time: 2, damaged: lost}, {time: 3, units: [][]byte{slice}}},
		},
		"the middle is lost": {
			[]piece{{start, 1, false, false}, {end, 1, true, true}, {slice, 2, true, false}},
			[]frame{{time: 1, damaged: lost}, {time: 2, units: [][]byte{slice}}},
		},
		"the key frame begins behind the loss": {
			[]piece{{slice, 1, false, false}, {stap, 2, false, true}, {idr, 2, true, false}},
			[]frame{{time: 1, damaged: lost}, {time: 2, units: [][]byte{{0x67, 1}, {0x68, 2}, idr}}},
		},
		"fragments without a start": {[]piece{{end, 1, true, false}}, []frame{{time: 1, damaged: cut}}},
		"fragments without an end":  {[]piece{{start, 1, true, false}}, []frame{{time: 1, damaged: cut}}},
		"another unit in between":   {[]piece{{start, 1, false, false}, {slice, 1, true, false}}, []frame{{time: 1, damaged: cut}}},
		"FU-A without a header":     {[]piece{{[]byte{0x5c, 0x85}, 1, true, false}}, []frame{{time: 1, damaged: bad}}},
		"STAP-A that is cut off":    {[]piece{{stap[:7], 1, true, false}}, []frame{{time: 1, damaged: bad}}},
		"STAP-A with an empty unit": {[]piece{{[]byte{0x78, 0, 0}, 1, true, false}}, []frame{{time: 1, damaged: bad}}},
		"STAP-B":                    {[]piece{{[]byte{0x79, 0, 0, 0, 1, 1}, 1, true, false}}, []frame{{time: 1, damaged: "packets of a mode that was not agreed on"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := frameAll(tt.in)
			if len(got) != len(tt.want) {
				t.Fatalf("%d frames, want %d: %v", len(got), len(tt.want), got)
			}
			for i, want := range tt.want {
				if got[i].time != want.time || got[i].damaged != want.damaged || len(got[i].units) != len(want.units) {
					t.Fatalf("frame %d: %v, want %v", i, got[i], want)
				}
				for k := range want.units {
					if !bytes.Equal(got[i].units[k], want.units[k]) {
						t.Errorf("frame %d, unit %d: %x, want %x", i, k, got[i].units[k], want.units[k])
					}
				}
			}
		})
	}
}

func TestFrameIsBounded(t *testing.T) {
	t.Parallel()
	for name, next := range map[string][]byte{
		"many units":    {0x41, 1},
		"one long unit": append([]byte{0x5c, 0x05}, make([]byte, 60_000)...),
	} {
		in := []piece{{[]byte{0x41, 1}, 1, false, false}}
		if name == "one long unit" {
			in = []piece{{[]byte{0x5c, 0x85, 1}, 1, false, false}}
		}
		for range maxUnits {
			in = append(in, piece{next, 1, false, false})
		}
		in = append(in, piece{[]byte{0x41, 1}, 2, true, false})
		got := frameAll(in)
		if got[0].damaged != "frame is too large" {
			t.Errorf("%s: %q", name, got[0].damaged)
		}
	}
}

func FuzzFramer(f *testing.F) {
	f.Add([]byte{4, 0x41, 1, 2, 3, 0x85, 0x41, 1, 2, 3, 4})
	f.Add([]byte{9, 0x78, 0, 2, 0x67, 1, 0, 2, 0x68, 2})
	f.Add([]byte{4, 0x5c, 0x85, 1, 2, 3, 0x5c, 0x05, 3, 0x83, 0x5c, 0x45, 4})
	f.Fuzz(func(t *testing.T, in []byte) {
		// Each packet is a byte of flags and length, and its payload.
		var p framer
		var sets parameters
		time := int64(0)
		for len(in) > 0 {
			n := min(int(in[0]&0x1f), len(in)-1)
			head, payload := in[0], in[1:1+n]
			in = in[1+n:]
			if head&0x20 != 0 {
				time++
			}
			p.push(payload, time, head&0x80 != 0, head&0x40 != 0, func(done frame) {
				if done.damaged != "" && done.units != nil {
					t.Error("a damaged frame has units")
				}
				for _, u := range done.units {
					if len(u) == 0 {
						t.Fatal("an empty NAL unit")
					}
					sets.take(u)
				}
				if _, err := sets.record(); err == nil && p.damaged == "" && done.bytes > maxFrame {
					t.Error("frame is too large")
				}
			})
		}
	})
}

// What the packetiser of others makes is put together again.
func FuzzFramesOfOthers(f *testing.F) {
	f.Add([]byte{0x41, 1, 2, 3}, 3)
	f.Add(bytes.Repeat([]byte{0x65, 7}, 5000), 1200)
	f.Fuzz(func(t *testing.T, unit []byte, mtu int) {
		if len(unit) < 2 || unit[0]&31 == 0 || unit[0]&31 >= nalSTAPA || bytes.Contains(unit, []byte{0, 0}) || unit[len(unit)-1] == 0 {
			return
		}
		switch unit[0] & 31 {
		case nalSPS, nalPPS, nalDelimiter, nalFiller: // held back or left out there
			return
		}
		var p codecs.H264Payloader
		var in []piece
		for _, payload := range p.Payload(uint16(4+max(mtu, 0)%2000), append([]byte{0, 0, 0, 1}, unit...)) {
			in = append(in, piece{payload, 1, false, false})
		}
		if len(in) == 0 {
			return
		}
		in[len(in)-1].marker = true
		got := frameAll(in)
		if len(got) != 1 || len(got[0].units) != 1 || !bytes.Equal(got[0].units[0], unit) {
			t.Fatalf("%x became %v", unit, got)
		}
	})
}
