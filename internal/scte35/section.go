package scte35

import (
	"errors"
	"fmt"
)

// The commands that Section.Command may have (table 7).
const (
	SpliceNull           = 0x00
	SpliceSchedule       = 0x04
	SpliceInsert         = 0x05
	TimeSignal           = 0x06
	BandwidthReservation = 0x07
	PrivateCommand       = 0xff
)

// Timescale is what all times and durations count: ticks a second.
const Timescale = 90000

// Wrap is where times begin again at 0: they have 33 bits.
const Wrap = 1 << 33

// MaxSize is how long a section can be, in bytes: section_length has 12 bits.
const MaxSize = 3 + 1<<12 - 1

// ErrMalformed says that bytes are no splice_info_section, or one that was damaged.
var ErrMalformed = errors.New("malformed splice_info_section")

// ErrEncrypted says that a section cannot be read without a key.
var ErrEncrypted = errors.New("splice_info_section is encrypted")

// Time is a splice_time (9.4.1): ticks of 90 kHz, modulo Wrap. It is not known where Known is false.
type Time struct {
	Known bool
	Ticks uint64
}

// plus is t, later by an adjustment.
func (t Time) plus(adjustment uint64) Time {
	if t.Known {
		t.Ticks = (t.Ticks + adjustment) % Wrap
	}
	return t
}

// Section is a splice_info_section.
type Section struct {
	Command       uint8
	Tier          uint16         // 12 bits; 0xfff: none
	Insert        Insert         // of SpliceInsert
	Signal        Time           // of TimeSignal, pts_adjustment added
	Segmentations []Segmentation // in the order of the descriptors
}

// Insert is a splice_insert (9.7.3).
type Insert struct {
	EventID    uint32
	Cancel     bool   // takes the event back: nothing else holds
	Out        bool   // out of the network, into an advertisement; else back
	Immediate  bool   // as soon as possible: there is no Time
	Time       Time   // pts_adjustment added; of the first component where they splice each at its own time
	Duration   uint64 // of the break, in ticks; 0: not given
	AutoReturn bool   // the break ends after Duration by itself
	ProgramID  uint16
	Avail      uint8
	Avails     uint8
}

// Segmentation is a segmentation_descriptor (10.3.3).
type Segmentation struct {
	EventID  uint32
	Cancel   bool   // takes the event back: nothing else holds
	Type     uint8  // segmentation_type_id (table 23)
	Duration uint64 // in ticks of 40 bits; 0: not given
	UPIDType uint8
	UPID     []byte
	Number   uint8
	Expected uint8
}

// Parse reads a section. It may be followed by stuffing, which is passed by: size is how many bytes the section has. Slices of the result
// point into data.
//
// Errors: ErrMalformed, ErrEncrypted.
func Parse(data []byte) (s *Section, size int, err error) {
	s, size, err = parse(data)
	if err != nil {
		return nil, 0, fmt.Errorf("parse section of %d bytes: %w", len(data), err)
	}
	return s, size, nil
}

func parse(data []byte) (*Section, int, error) {
	const head, sum = 14, 4 // bytes up to splice_command_type, of CRC_32
	if len(data) < 3 || data[0] != tableID {
		return nil, 0, fmt.Errorf("%w: no table_id of 0xfc", ErrMalformed)
	}
	size := 3 + int(data[1]&0x0f)<<8 + int(data[2])
	if size > len(data) || size < head+2+sum {
		return nil, 0, fmt.Errorf("%w: section_length of %d", ErrMalformed, size-3)
	}
	data = data[:size:size]
	if checksum(data) != 0 { // over all with the CRC itself
		return nil, 0, fmt.Errorf("%w: CRC_32 does not agree", ErrMalformed)
	}
	r := reader{b: data[3 : size-sum]}
	if version := r.u8(); version != 0 {
		return nil, 0, fmt.Errorf("%w: protocol_version %d", ErrMalformed, version)
	}
	flags := r.u8()
	adjustment := uint64(flags&1)<<32 | uint64(r.u32())
	r.u8() // cw_index
	lengths := uint32(r.u8())<<16 | uint32(r.u16())
	if flags&0x80 != 0 {
		return nil, 0, ErrEncrypted
	}
	s := &Section{Tier: uint16(lengths >> 12), Command: r.u8()}
	command := reader{b: r.b}
	if n := int(lengths & 0xfff); n != 0xfff {
		command.b = r.take(n)
	}
	s.command(&command, adjustment)
	if lengths&0xfff == 0xfff { // not told: the command ends where it ends
		switch s.Command {
		case SpliceNull, SpliceInsert, TimeSignal, BandwidthReservation:
		default:
			return s, size, nil // nothing says where descriptors begin
		}
		r.b = command.b
	}
	r.bad = r.bad || command.bad
	loop := reader{b: r.take(int(r.u16()))}
	for len(loop.b) > 0 && !loop.bad {
		tag := loop.u8()
		body := reader{b: loop.take(int(loop.u8()))}
		if tag != segmentationTag || body.u32() != identifier || body.bad {
			continue
		}
		g, ok := segmentation(&body)
		if !ok {
			return nil, 0, fmt.Errorf("%w: segmentation_descriptor", ErrMalformed)
		}
		s.Segmentations = append(s.Segmentations, g)
	}
	if r.bad || loop.bad {
		return nil, 0, fmt.Errorf("%w: it is cut off", ErrMalformed)
	}
	return s, size, nil
}

// command reads the splice_command that s.Command names.
func (s *Section) command(r *reader, adjustment uint64) {
	switch s.Command {
	case TimeSignal:
		s.Signal = r.time().plus(adjustment)
	case SpliceInsert:
		s.Insert = insert(r)
		s.Insert.Time = s.Insert.Time.plus(adjustment)
	}
}

func insert(r *reader) Insert {
	in := Insert{EventID: r.u32()}
	if in.Cancel = r.u8()&0x80 != 0; in.Cancel {
		return in
	}
	flags := r.u8()
	in.Out, in.Immediate = flags&0x80 != 0, flags&0x10 != 0
	program, duration := flags&0x40 != 0, flags&0x20 != 0
	if program && !in.Immediate {
		in.Time = r.time()
	}
	if !program {
		for i := range int(r.u8()) {
			r.u8() // component_tag
			if in.Immediate {
				continue
			}
			if t := r.time(); i == 0 {
				in.Time = t
			}
		}
	}
	if duration {
		b := r.u8()
		in.AutoReturn = b&0x80 != 0
		in.Duration = uint64(b&1)<<32 | uint64(r.u32())
	}
	in.ProgramID, in.Avail, in.Avails = r.u16(), r.u8(), r.u8()
	return in
}

func segmentation(r *reader) (g Segmentation, ok bool) {
	g.EventID = r.u32()
	if g.Cancel = r.u8()&0x80 != 0; g.Cancel {
		return g, !r.bad
	}
	flags := r.u8()
	if flags&0x80 == 0 { // components, each with an offset of its own
		r.take(6 * int(r.u8()))
	}
	if flags&0x40 != 0 {
		g.Duration = uint64(r.u8())<<32 | uint64(r.u32())
	}
	g.UPIDType = r.u8()
	g.UPID = r.take(int(r.u8()))
	g.Type, g.Number, g.Expected = r.u8(), r.u8(), r.u8()
	return g, !r.bad
}
