package mpegts

// How many packets in a row must begin with a sync byte before they are believed, and how many bytes without any are taken for no
// transport stream.
const (
	believe  = 4
	hopeless = 256 << 10
)

// aligner finds packets in bytes that are cut anywhere, and finds them again after garbage.
type aligner struct {
	buf    []byte
	stride int // 0: looking for packets
	// skipped counts the bytes that were no packets since the last one.
	skipped int
	found   bool // there was a packet
}

// strides are the sizes of a packet with what is around it, and how much of that stands before the sync byte.
var strides = [...]int{packetSize, m2tsSize, parity}

// push takes bytes and calls emit with each packet. lost is called where packets go on after garbage, with the bytes between.
func (a *aligner) push(p []byte, emit func([]byte) error, lost func(bytes int)) error {
	if a.stride == packetSize && len(a.buf) == 0 { // in place, as it mostly is
		for len(p) >= packetSize && p[0] == syncByte {
			if err := emit(p[:packetSize]); err != nil {
				return err
			}
			p = p[packetSize:]
		}
	}
	if len(p) == 0 {
		return nil
	}
	a.buf = append(a.buf, p...)
	return a.drain(emit, lost, believe)
}

// flush emits what is left at the end, on weaker evidence.
func (a *aligner) flush(emit func([]byte) error, lost func(bytes int)) error {
	err := a.drain(emit, lost, 1)
	a.buf = a.buf[:0]
	return err
}

func (a *aligner) drain(emit func([]byte) error, lost func(bytes int), evidence int) error {
	rest := a.buf
	defer func() { a.buf = append(a.buf[:0], rest...) }()
	for {
		if a.stride == 0 {
			at, stride := search(rest, evidence)
			a.skipped += at
			rest = rest[at:]
			if stride == 0 {
				return nil
			}
			if a.skipped > 0 {
				lost(a.skipped)
			}
			a.stride, a.skipped, a.found = stride, 0, true
		}
		for len(rest) >= packetSize && rest[0] == syncByte {
			one := rest[:packetSize]
			if len(rest) < a.stride && evidence > 1 {
				return nil // the next sync byte is beyond
			}
			rest = rest[min(a.stride, len(rest)):]
			if err := emit(one); err != nil {
				return err
			}
		}
		if len(rest) == 0 || rest[0] == syncByte {
			return nil
		}
		a.stride = 0
	}
}

// search finds where packets begin and how far they are apart; 0: not within these bytes, of which those before at are none for certain.
func search(b []byte, evidence int) (at, stride int) {
	for at = range b {
		if b[at] != syncByte {
			continue
		}
		undecided := false
		for _, s := range strides {
			n := 0
			for n < evidence && at+n*s < len(b) && b[at+n*s] == syncByte {
				n++
			}
			switch {
			case n == evidence && at+(evidence-1)*s+packetSize <= len(b):
				return at, s
			case at+n*s >= len(b) || n == evidence:
				undecided = true
			}
		}
		if undecided && evidence > 1 {
			return at, 0
		}
	}
	return len(b), 0
}
