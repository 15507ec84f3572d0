package packager

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir/internal/media"
)

// sei is a NAL unit with captions, behind another message, with its length.
func sei(head []byte, triples ...[3]byte) []byte {
	data := []byte{0xb5, 0, 0x31, 'G', 'A', '9', '4', 3, 0x40 | byte(len(triples)), 0xff}
	for _, t := range triples {
		data = append(data, t[:]...)
	}
	data = append(data, 0xff)
	nal := append(append([]byte(nil), head...), 5, 2, 'x', 'y', 4, byte(len(data)))
	for i, b := range data { // emulation prevention
		if n := len(nal); b <= 3 && i > 1 && nal[n-1] == 0 && nal[n-2] == 0 {
			nal = append(nal, 3)
		}
		nal = append(nal, b)
	}
	nal = append(nal, 0x80)
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(nal))), nal...)
}

// Pairs of CEA-608 with parity, and packets of CEA-708.
var (
	padding  = [3]byte{0xfc, 0x80, 0x80}
	resume1  = [3]byte{0xfc, 0x94, 0x20} // RCL of CC1
	resume2  = [3]byte{0xfc, 0x1c, 0x20} // of CC2
	textMode = [3]byte{0xfc, 0x94, 0x2a}
	hello    = [3]byte{0xfc, 'H', 'e'}
	resume3  = [3]byte{0xfd, 0x15, 0x20} // RCL of CC3: field 2 has other codes
	xds      = [3]byte{0xfd, 0x01, 0x03}
	words2   = [3]byte{0xfd, 'a', 'b'}
	start708 = [3]byte{0xff, 0x02, 0x22} // three bytes; service 1 has two
	more708  = [3]byte{0xfe, 'H', 'i'}
)

func TestCaptions(t *testing.T) {
	t.Parallel()
	avc, hevc := []byte{6}, []byte{39 << 1, 1}
	for _, tc := range []struct {
		name    string
		codec   media.Codec
		units   [][]byte
		channel []string
	}{
		{"none", media.AVC, [][]byte{{0, 0, 0, 2, 9, 16}}, []string{}},
		{"a field that is silent", media.AVC, [][]byte{sei(avc, padding)}, []string{"CC1"}},
		{"CC1", media.AVC, [][]byte{sei(avc, resume1), sei(avc, hello)}, []string{"CC1"}},
		{"CC2 and CC3", media.HEVC, [][]byte{sei(hevc, resume2, resume3), sei(hevc, hello, words2)}, []string{"CC1", "CC2", "CC3"}},
		{"text mode", media.AVC, [][]byte{sei(avc, textMode, hello)}, []string{"CC1"}},
		{"data about the programme", media.AVC, [][]byte{sei(avc, xds, words2)}, []string{}},
		{"a service", media.AVC, [][]byte{sei(avc, start708, more708)}, []string{"SERVICE1"}},
		{"a service over two pictures", media.AVC, [][]byte{sei(avc, start708), sei(avc, more708)}, []string{"SERVICE1"}},
		{"the rest of a service", media.AVC, [][]byte{sei(avc, more708, more708)}, []string{}},
		{"of another codec", media.AVC, [][]byte{sei(hevc, resume1)}, []string{}},
	} {
		var c captionScan
		for i, u := range tc.units {
			c.look(tc.codec, &timed{pts: media.Ticks(i), data: u})
		}
		c.flush()
		assert.Equal(t, tc.channel, c.found.IDs(), tc.name)
	}
}

// Captions are in the order of presentation, pictures in that of decoding.
func TestCaptionsAreReadAsPicturesAreShown(t *testing.T) {
	t.Parallel()
	var c captionScan
	for i, u := range [][]byte{sei([]byte{6}, more708), sei([]byte{6}, start708)} {
		c.look(media.AVC, &timed{pts: media.Ticks(10 - i), sync: i == 0, data: u})
	}
	c.flush()
	assert.Equal(t, []string{"SERVICE1"}, c.found.IDs())
}

// What is found is told with each segment from the first on, and is not forgotten.
func TestCaptionsAreToldWithSegments(t *testing.T) {
	t.Parallel()
	y := &synth{formats: []media.Format{avcFormat(90000, 0)}}
	y.video(0, 0, 8*time.Second, pal, 50, false)
	for i := range y.events {
		switch e := &y.events[i]; {
		case e.dts < time.Second:
			e.s.Data = append(e.s.Data, 0) // as before, but for its length
		case e.dts < 2*time.Second:
			e.s.Data = sei([]byte{6}, padding)
		case e.dts > 5*time.Second:
			e.s.Data = sei([]byte{6}, resume3, words2)
		}
	}
	rec, _ := packaged(t, y, nil)
	require.Len(t, rec.ends, 4)
	var told [][]string
	for _, e := range rec.ends {
		told = append(told, e.Captions.IDs())
	}
	assert.Equal(t, [][]string{{"CC1"}, {"CC1"}, {"CC1", "CC3"}, {"CC1", "CC3"}}, told)
}

func FuzzCaptions(f *testing.F) {
	f.Add(append(sei([]byte{6}, resume1, start708), sei([]byte{6}, more708, xds)...), false)
	f.Add(sei([]byte{39 << 1, 1}, resume2, padding), true)
	f.Fuzz(func(t *testing.T, data []byte, hevc bool) {
		codec := media.AVC
		if hevc {
			codec = media.HEVC
		}
		var c captionScan
		for i := range 3 {
			c.look(codec, &timed{pts: media.Ticks(i), data: data})
		}
		c.flush()
		if !c.found.Valid() {
			t.Fatalf("%x", uint64(c.found))
		}
	})
}
