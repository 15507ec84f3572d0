package whip

import "encoding/binary"

// Types of NAL units (ISO/IEC 14496-10, table 7-1), and those that RFC 6184, 5.2 adds for packets.
const (
	nalSlice     = 1
	nalIDR       = 5
	nalSPS       = 7
	nalPPS       = 8
	nalDelimiter = 9
	nalEndStream = 11
	nalFiller    = 12
	nalSTAPA     = 24
	nalFUA       = 28
)

const (
	maxFrame = 8 << 20 // bytes of a frame
	maxUnits = 2048    // NAL units of a frame
)

// frame is an access unit as it came: all NAL units of one timestamp.
type frame struct {
	time    int64 // unrolled
	units   [][]byte
	bytes   int
	damaged string // what is wrong with it, for the operator; "": nothing
}

// has tells whether the frame has a NAL unit of one of these types.
func (f *frame) has(types ...byte) bool {
	for _, u := range f.units {
		for _, t := range types {
			if u[0]&31 == t {
				return true
			}
		}
	}
	return false
}

// framer makes frames of the packets of one H.264 stream that are in order (RFC 6184, modes 0 and 1).
type framer struct {
	frame
	open     bool   // frame has begun
	fragment []byte // what has come of a NAL unit in fragments; nil: none is open
	gap      bool   // packets were lost before the next one
}

// push takes the payload of the next packet, and calls emit with each frame that it completes. lost tells that packets are missing before it.
func (f *framer) push(payload []byte, time int64, marker, lost bool, emit func(frame)) {
	if lost {
		f.gap = true
	}
	if f.gap && f.open {
		f.damage("packets were lost")
		f.gap = f.frame.time != time // it may have spoilt the beginning of the next one too
	}
	if f.open && f.frame.time != time {
		f.finish(emit)
	}
	if len(payload) == 0 {
		return // padding, by which a sender probes the network
	}
	if !f.open {
		f.frame, f.open = frame{time: time}, true
		if f.gap && !beginsFrame(payload) {
			f.damage("packets were lost")
		}
		f.gap = false
	}
	f.unpack(payload)
	if marker {
		f.finish(emit)
	}
}

// beginsFrame tells whether a packet is certainly the first one of its frame: nothing stands before a delimiter, or a SPS.
func beginsFrame(payload []byte) bool {
	t := payload[0] & 31
	if t == nalSTAPA && len(payload) > 3 {
		t = payload[3] & 31
	}
	return t == nalSPS || t == nalDelimiter
}

func (f *framer) damage(why string) {
	if f.damaged == "" {
		f.damaged = why
	}
	f.units, f.fragment = nil, nil
}

func (f *framer) finish(emit func(frame)) {
	if f.fragment != nil {
		f.damage("a NAL unit was cut off")
	}
	done := f.frame
	f.frame, f.open = frame{}, false
	emit(done)
}

// unpack takes the NAL units out of a payload.
func (f *framer) unpack(payload []byte) {
	if f.damaged != "" {
		return
	}
	t := payload[0] & 31
	if f.fragment != nil && t != nalFUA {
		f.damage("a NAL unit was cut off")
		return
	}
	switch {
	case t >= nalSlice && t < nalSTAPA:
		f.add(payload)
	case t == nalSTAPA:
		for rest := payload[1:]; len(rest) > 0; {
			if len(rest) < 2 {
				f.damage("malformed packet")
				return
			}
			n := int(binary.BigEndian.Uint16(rest))
			if n == 0 || n > len(rest)-2 {
				f.damage("malformed packet")
				return
			}
			f.add(rest[2 : 2+n])
			rest = rest[2+n:]
		}
	case t == nalFUA:
		f.join(payload)
	default:
		f.damage("packets of a mode that was not agreed on")
	}
}

// join is RFC 6184, 5.8.
func (f *framer) join(payload []byte) {
	const start, end = 0x80, 0x40
	if len(payload) < 3 {
		f.damage("malformed packet")
		return
	}
	header := payload[1]
	switch {
	case header&start != 0 && f.fragment != nil, header&start == 0 && f.fragment == nil:
		f.damage("a NAL unit was cut off")
		return
	case header&start != 0:
		f.fragment = append(make([]byte, 0, 4*len(payload)), payload[0]&0xe0|header&31)
	}
	if f.bytes+len(f.fragment)+len(payload) > maxFrame {
		f.damage("frame is too large")
		return
	}
	f.fragment = append(f.fragment, payload[2:]...)
	if header&end != 0 {
		unit := f.fragment
		f.fragment = nil
		f.add(unit)
	}
}

func (f *framer) add(unit []byte) {
	if len(f.units) == maxUnits || f.bytes+len(unit) > maxFrame {
		f.damage("frame is too large")
		return
	}
	f.units = append(f.units, unit)
	f.bytes += len(unit)
}
