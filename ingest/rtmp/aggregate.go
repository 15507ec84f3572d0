package rtmp

import "fmt"

// split takes an aggregate message apart (RTMP 1.0, 7.1.6): FLV tags, each with a back pointer behind it. Their times count from
// the first one's, which stands for the message's own. A tag that is cut off is an error, after those before it were handed on.
func split(m message, emit func(message) error) error {
	const header, backPointer = 11, 4
	p := m.Body
	var first uint32
	for n := 0; len(p) > 0; n++ {
		if len(p) < header {
			return fmt.Errorf("%w: aggregate with a header of %d bytes", errMalformed, len(p))
		}
		size := int(p[1])<<16 | int(p[2])<<8 | int(p[3])
		time := uint32(p[7])<<24 | uint32(p[4])<<16 | uint32(p[5])<<8 | uint32(p[6])
		if len(p) < header+size {
			return fmt.Errorf("%w: aggregate with %d of %d bytes", errMalformed, len(p)-header, size)
		}
		if n == 0 {
			first = time
		}
		part := message{Type: p[0], Time: m.Time + time - first, Stream: m.Stream, Body: p[header : header+size : header+size]}
		if part.Type == typeAggregate {
			return fmt.Errorf("%w: aggregate inside of an aggregate", errMalformed)
		}
		if err := emit(part); err != nil {
			return err
		}
		p = p[min(header+size+backPointer, len(p)):]
	}
	return nil
}
