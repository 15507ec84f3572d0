package scte35

import (
	"encoding/binary"
	"fmt"
)

// Encode writes a section with a splice_insert, a time_signal or a splice_null, and its segmentation_descriptors. pts_adjustment is 0.
// The error says what does not fit into it.
func (s *Section) Encode() ([]byte, error) {
	be := binary.BigEndian
	var command []byte
	switch s.Command {
	case SpliceNull:
	case TimeSignal:
		command = appendTime(nil, s.Signal)
	case SpliceInsert:
		command = s.Insert.append(nil)
	default:
		return nil, fmt.Errorf("encode section: command %#x is not written", s.Command)
	}
	var loop []byte
	for i := range s.Segmentations {
		g := &s.Segmentations[i]
		if len(g.UPID) > 200 {
			return nil, fmt.Errorf("encode section: segmentation_upid of %d bytes", len(g.UPID))
		}
		body := g.append(be.AppendUint32(nil, identifier))
		loop = append(append(loop, segmentationTag, uint8(len(body))), body...)
	}
	b := []byte{tableID, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	b = append(b, uint8(s.Tier>>4), uint8(s.Tier<<4)|uint8(len(command)>>8), uint8(len(command)), s.Command)
	b = append(b, command...)
	b = append(be.AppendUint16(b, uint16(len(loop))), loop...)
	size := len(b) + 4
	if size > MaxSize {
		return nil, fmt.Errorf("encode section: %d bytes, it may have %d", size, MaxSize)
	}
	be.PutUint16(b[1:], 0x3000|uint16(size-3)) // sap_type: not specified
	return be.AppendUint32(b, checksum(b)), nil
}

func appendTime(b []byte, t Time) []byte {
	if !t.Known {
		return append(b, 0x7f)
	}
	b = append(b, 0xfe|uint8(t.Ticks>>32)&1)
	return binary.BigEndian.AppendUint32(b, uint32(t.Ticks))
}

func (in *Insert) append(b []byte) []byte {
	be := binary.BigEndian
	b = be.AppendUint32(b, in.EventID)
	if in.Cancel {
		return append(b, 0xff)
	}
	flags := uint8(0x4f) // a splice of the whole program
	if in.Out {
		flags |= 0x80
	}
	if in.Duration > 0 {
		flags |= 0x20
	}
	if in.Immediate {
		flags |= 0x10
	}
	b = append(b, 0x7f, flags)
	if !in.Immediate {
		b = appendTime(b, in.Time)
	}
	if in.Duration > 0 {
		first := 0x7e | uint8(in.Duration>>32)&1
		if in.AutoReturn {
			first |= 0x80
		}
		b = be.AppendUint32(append(b, first), uint32(in.Duration))
	}
	return append(be.AppendUint16(b, in.ProgramID), in.Avail, in.Avails)
}

func (g *Segmentation) append(b []byte) []byte {
	be := binary.BigEndian
	b = be.AppendUint32(b, g.EventID)
	if g.Cancel {
		return append(b, 0xff)
	}
	flags := uint8(0xbf) // of the whole program, without restrictions of delivery
	if g.Duration > 0 {
		flags |= 0x40
	}
	b = append(b, 0x7f, flags)
	if g.Duration > 0 {
		b = be.AppendUint32(append(b, uint8(g.Duration>>32)), uint32(g.Duration))
	}
	b = append(append(b, g.UPIDType, uint8(len(g.UPID))), g.UPID...)
	return append(b, g.Type, g.Number, g.Expected)
}
