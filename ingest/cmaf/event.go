package cmaf

import (
	"fmt"

	"weir/internal/isobmff"
	"weir/internal/media"
)

// unknownDuration is event_duration where it is not known (ISO/IEC 23009-1, 5.10.3.3.3).
const unknownDuration = 0xffffffff

// message is an emsg (ISO/IEC 23009-1, 5.10.3.3). In version 0 its time counts from where the segment begins that it stands before.
type message struct {
	media.Event
	relative bool
}

// parseMessage reads the body of an emsg.
func parseMessage(emsg []byte) (message, error) {
	var m message
	var id, duration uint32
	r := fields{b: emsg}
	version, _ := r.full()
	switch version {
	case 0:
		m.relative = true
		m.Scheme, m.Value = r.text(), r.text()
		m.Clock.Timescale = r.u32()
		m.PTS = media.Ticks(r.u32())
		duration, id = r.u32(), r.u32()
	case 1:
		m.Clock.Timescale = r.u32()
		m.PTS = media.Ticks(min(r.uint(8), maxTime))
		duration, id = r.u32(), r.u32()
		m.Scheme, m.Value = r.text(), r.text()
	default:
		return m, fmt.Errorf("%w: emsg of version %d", errMalformed, version)
	}
	if r.short || m.Clock.Timescale == 0 || m.Clock.Timescale > 1e9 {
		return m, fmt.Errorf("%w: emsg without a part", errMalformed)
	}
	m.ID, m.Duration, m.Data = id, eventDuration(duration), r.b
	return m, nil
}

// from places a message whose time counts from an instant.
func (m message) from(at media.Ticks, scale uint32) media.Event {
	if m.relative {
		m.PTS += media.Rescale(at, scale, m.Clock.Timescale)
	}
	return m.Event
}

// instances reads a sample of an event track: its event messages (ISO/IEC 23001-18, 6; as emsg boxes in the tracks of older encoders).
// What is no message, as the box that says that there is none, is passed over.
func instances(sample []byte, pts media.Ticks, scale uint32) ([]media.Event, error) {
	var all []media.Event
	for name, b := range isobmff.Boxes(sample) {
		switch name {
		case "emsg":
			m, err := parseMessage(b)
			if err != nil {
				return all, err
			}
			all = append(all, m.from(pts, scale))
		case "emib":
			r := fields{b: b}
			r.full()
			r.bytes(4)
			e := media.Event{Clock: media.Clock{Timescale: scale}}
			delta := int64(r.uint(8))
			e.PTS = pts + media.Ticks(max(min(delta, maxTime), -maxTime))
			e.Duration = eventDuration(r.u32())
			e.ID = r.u32()
			e.Scheme, e.Value = r.text(), r.text()
			if r.short {
				return all, fmt.Errorf("%w: emib without a part", errMalformed)
			}
			e.Data = r.b
			all = append(all, e)
		}
	}
	return all, nil
}

func eventDuration(d uint32) media.Ticks {
	if d == unknownDuration {
		return -1
	}
	return media.Ticks(d)
}
