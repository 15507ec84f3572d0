package scte35

import (
	"encoding/base64"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Sections as ANSI/SCTE 35, 14, explains them bit by bit.
var samples = map[string]struct {
	base64 string
	want   Section
}{
	"time_signal, placement opportunity start": {
		"/DA0AAAAAAAA///wBQb+cr0AUAAeAhxDVUVJSAAAjn/PAAGlmbAICAAAAAAsoKGKNAIAmsnRfg==",
		Section{
			Command: TimeSignal, Tier: 0xfff, Signal: Time{true, 0x072bd0050},
			Segmentations: []Segmentation{{
				EventID: 0x4800008e, Type: 0x34, Duration: 0x0001a599b0, UPIDType: 8,
				UPID: []byte{0, 0, 0, 0, 0x2c, 0xa0, 0xa1, 0x8a}, Number: 2,
			}},
		},
	},
	"splice_insert": {
		"/DAvAAAAAAAA///wFAVIAACPf+/+c2nALv4AUsz1AAAAAAAKAAhDVUVJAAABNWLbowo=",
		Section{
			Command: SpliceInsert, Tier: 0xfff,
			Insert: Insert{EventID: 0x4800008f, Out: true, Time: Time{true, 0x07369c02e}, Duration: 0x00052ccf5, AutoReturn: true},
		},
	},
	"time_signal, placement opportunity end": {
		"/DAvAAAAAAAA///wBQb+dGKQoAAZAhdDVUVJSAAAjn+fCAgAAAAALKChijUCAKnMZ1g=",
		Section{
			Command: TimeSignal, Tier: 0xfff, Signal: Time{true, 0x0746290a0},
			Segmentations: []Segmentation{{
				EventID: 0x4800008e, Type: 0x35, UPIDType: 8, UPID: []byte{0, 0, 0, 0, 0x2c, 0xa0, 0xa1, 0x8a}, Number: 2,
			}},
		},
	},
}

func TestParseWhatTheStandardExplains(t *testing.T) {
	t.Parallel()
	for name, c := range samples {
		data, err := base64.StdEncoding.DecodeString(c.base64)
		require.NoError(t, err)
		s, size, err := Parse(append(data, 0xff, 0xff)) // stuffing
		require.NoError(t, err, name)
		assert.Equal(t, len(data), size, name)
		assert.Equal(t, &c.want, s, name)
	}
}

func TestAdjustmentIsAddedAndWraps(t *testing.T) {
	t.Parallel()
	s := Section{Command: TimeSignal, Signal: Time{true, Wrap - 10}}
	data, err := s.Encode()
	require.NoError(t, err)
	data[8] = 25 // pts_adjustment
	put(data)
	got, _, err := Parse(data)
	require.NoError(t, err)
	assert.Equal(t, Time{true, 15}, got.Signal)
}

// put makes the CRC agree again.
func put(section []byte) {
	sum := checksum(section[:len(section)-4])
	copy(section[len(section)-4:], []byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
}

func TestCommandOfUntoldLength(t *testing.T) {
	t.Parallel()
	data, err := base64.StdEncoding.DecodeString(samples["splice_insert"].base64)
	require.NoError(t, err)
	data[11], data[12] = data[11]|0x0f, 0xff
	put(data)
	s, _, err := Parse(data)
	require.NoError(t, err)
	want := samples["splice_insert"].want
	assert.Equal(t, want.Insert, s.Insert)
}

func TestComponentsSpliceAtTheTimeOfTheFirst(t *testing.T) {
	t.Parallel()
	data, err := hex.DecodeString("fc302b00000000000000fff0" + "1a" + "05" + "00000007" + "7f" + "8f" + "02" + "01fe00000064" + "02fe000000c8" + "0001" + "0203" + "0000" + "00000000")
	require.NoError(t, err)
	data = data[:len(data):len(data)]
	data[2] = uint8(len(data) - 3)
	data[12] = uint8(len(data) - 14 - 6)
	put(data)
	s, _, err := Parse(data)
	require.NoError(t, err)
	assert.Equal(t, Insert{EventID: 7, Out: true, Time: Time{true, 100}, ProgramID: 1, Avail: 2, Avails: 3}, s.Insert)
}

func TestRefused(t *testing.T) {
	t.Parallel()
	whole, err := base64.StdEncoding.DecodeString(samples["splice_insert"].base64)
	require.NoError(t, err)
	for n := range whole {
		_, _, err := Parse(whole[:n])
		assert.ErrorIs(t, err, ErrMalformed, "%d bytes", n)
	}
	for bit := range len(whole) * 8 {
		damaged := append([]byte(nil), whole...)
		damaged[bit/8] ^= 1 << (bit % 8)
		_, _, err := Parse(damaged)
		assert.Error(t, err, "bit %d", bit)
	}
	encrypted := append([]byte(nil), whole...)
	encrypted[4] |= 0x80
	put(encrypted)
	_, _, err = Parse(encrypted)
	assert.ErrorIs(t, err, ErrEncrypted)
}

func drawTime(t *rapid.T) Time {
	if rapid.Bool().Draw(t, "untimed") {
		return Time{}
	}
	return Time{true, rapid.Uint64Range(0, Wrap-1).Draw(t, "time")}
}

func TestEncodedIsParsed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := Section{Tier: rapid.Uint16Range(0, 0xfff).Draw(t, "tier")}
		switch s.Command = rapid.SampledFrom([]uint8{SpliceNull, SpliceInsert, TimeSignal}).Draw(t, "command"); s.Command {
		case TimeSignal:
			s.Signal = drawTime(t)
		case SpliceInsert:
			s.Insert = Insert{EventID: rapid.Uint32().Draw(t, "id"), Cancel: rapid.Bool().Draw(t, "cancel")}
			if !s.Insert.Cancel {
				in := &s.Insert
				in.Out, in.Immediate = rapid.Bool().Draw(t, "out"), rapid.Bool().Draw(t, "immediate")
				if !in.Immediate {
					in.Time = drawTime(t)
				}
				if in.Duration = rapid.Uint64Range(0, Wrap-1).Draw(t, "duration"); in.Duration > 0 {
					in.AutoReturn = rapid.Bool().Draw(t, "return")
				}
				in.ProgramID, in.Avail, in.Avails = rapid.Uint16().Draw(t, "program"), rapid.Uint8().Draw(t, "avail"), rapid.Uint8().Draw(t, "avails")
			}
		}
		for range rapid.IntRange(0, 3).Draw(t, "segmentations") {
			g := Segmentation{EventID: rapid.Uint32().Draw(t, "segmentation"), Cancel: rapid.Bool().Draw(t, "cancel")}
			if !g.Cancel {
				g.Duration = rapid.Uint64Range(0, 1<<40-1).Draw(t, "duration")
				g.UPIDType, g.UPID = rapid.Uint8().Draw(t, "upid type"), rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "upid")
				g.Type, g.Number, g.Expected = rapid.Uint8().Draw(t, "type"), rapid.Uint8().Draw(t, "number"), rapid.Uint8().Draw(t, "expected")
			}
			s.Segmentations = append(s.Segmentations, g)
		}
		data, err := s.Encode()
		require.NoError(t, err)
		got, size, err := Parse(data)
		require.NoError(t, err)
		assert.Equal(t, len(data), size)
		assert.Equal(t, &s, got)
	})
}

func FuzzParse(f *testing.F) {
	for _, c := range samples {
		data, err := base64.StdEncoding.DecodeString(c.base64)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) >= 7 && len(data) <= MaxSize { // most of it is not worth a CRC's trouble
			data = append([]byte(nil), data...)
			n := len(data) - 3
			data[0], data[1], data[2] = tableID, 0x30|uint8(n>>8), uint8(n)
			put(data)
		}
		s, size, err := Parse(data)
		if err != nil {
			return
		}
		if size > len(data) || s.Insert.Time.Ticks >= Wrap || s.Signal.Ticks >= Wrap {
			t.Fatalf("%d bytes of %d: %+v", size, len(data), s)
		}
		again, err := s.Encode()
		if err != nil {
			return
		}
		back, _, err := Parse(again)
		if err != nil {
			t.Fatal(err)
		}
		if !assert.ObjectsAreEqual(s.Segmentations, back.Segmentations) || back.Insert != s.Insert && s.Command == SpliceInsert {
			t.Fatalf("%+v, written and read again %+v", s, back)
		}
	})
}
