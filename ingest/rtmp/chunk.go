package rtmp

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	maxMessage     = 10 << 20 // bytes of one message of an admitted publisher
	maxHello       = 64 << 10 // bytes of one message before that, and of a command at any time
	maxStreams     = 64       // chunk streams of a connection
	firstChunkSize = 128      // RTMP 1.0, 5.4.1
	maxChunkSize   = 1<<24 - 1
	noTimestamp    = 1<<24 - 1 // stands for an extended timestamp (5.3.1.3)
	shortTurn      = 1 << 24   // ms after which encoders without extended timestamps begin again at 0: 4 h 40 min
	shortTurnNear  = 10_000    // ms that a timestamp may be away from the last one and still go on from it over that
)

// repetition is what a client does with the extended timestamp in type 3 chunks. The standard wants it there (RTMP 1.0, 5.3.1.3); old
// encoders leave it out, and some send zeros. The first such chunk that is not in doubt tells for all.
type repetition byte

const (
	untold repetition = iota
	repeated
	zeros // so far: four bytes of media may look the same
	leftOut
)

var errProtocol = errors.New("rtmp protocol error")

// message is an RTMP message (RTMP 1.0, 6.1). The receiver may keep Body.
type message struct {
	Type   byte
	Time   uint32 // milliseconds, modulo 2^32
	Stream uint32 // message stream
	Body   []byte
}

// chunkReader puts messages together from chunks (RTMP 1.0, 5.3). What is held of unfinished messages is bounded by limit.
type chunkReader struct {
	r       *bufio.Reader
	size    int // the peer's chunk size
	limit   int // bytes that a message may have, and all unfinished ones together
	pending int // sizes of the unfinished messages
	repeats repetition
	streams map[uint32]*chunkStream
}

// chunkStream is what a chunk inherits from the one before it.
type chunkStream struct {
	time, delta uint32
	base        uint32 // what timestamps without an extension lack, a multiple of shortTurn
	field       uint32 // the last extended timestamp, repeated in type 3 chunks
	extended    bool
	length      int
	typ         byte
	stream      uint32
	body        []byte // the unfinished message, nil between messages
	filled      int
}

func newChunkReader(r *bufio.Reader) *chunkReader {
	return &chunkReader{r: r, size: firstChunkSize, limit: maxHello, streams: make(map[uint32]*chunkStream)}
}

// read gives the next message that is not about chunks.
func (c *chunkReader) read() (message, error) {
	for {
		m, ok, err := c.readChunk()
		if err != nil {
			return message{}, err
		}
		if !ok {
			continue
		}
		switch m.Type {
		case typeSetChunkSize:
			if len(m.Body) < 4 {
				return message{}, fmt.Errorf("%w: chunk size message of %d bytes", errProtocol, len(m.Body))
			}
			n := binary.BigEndian.Uint32(m.Body)
			if n == 0 || n > 1<<31-1 {
				return message{}, fmt.Errorf("%w: chunk size %d", errProtocol, n)
			}
			c.size = int(min(n, maxChunkSize))
		case typeAbort:
			if len(m.Body) >= 4 {
				if s := c.streams[binary.BigEndian.Uint32(m.Body)]; s != nil && s.body != nil {
					c.pending -= s.length
					s.body, s.filled = nil, 0
				}
			}
		default:
			return m, nil
		}
	}
}

// readChunk reads one chunk; ok tells that it was the last of its message.
func (c *chunkReader) readChunk() (m message, ok bool, err error) {
	format, id, err := c.readBasicHeader()
	if err != nil {
		return m, false, err
	}
	s := c.streams[id]
	if s == nil {
		if format > 1 {
			return m, false, fmt.Errorf("%w: chunk stream %d begins with a chunk of type %d", errProtocol, id, format)
		}
		if len(c.streams) >= maxStreams {
			return m, false, fmt.Errorf("%w: more than %d chunk streams", errProtocol, maxStreams)
		}
		s = &chunkStream{}
		c.streams[id] = s
	}
	if format < 3 && s.body != nil {
		return m, false, fmt.Errorf("%w: chunk of type %d inside of a message", errProtocol, format)
	}
	if err := c.readMessageHeader(s, format); err != nil {
		return m, false, err
	}
	if s.body == nil {
		if err := c.begin(s); err != nil {
			return m, false, err
		}
	}
	n := min(c.size, s.length-s.filled)
	if _, err := io.ReadFull(c.r, s.body[s.filled:s.filled+n]); err != nil {
		return m, false, unexpected(err)
	}
	s.filled += n
	if s.filled < s.length {
		return m, false, nil
	}
	m = message{Type: s.typ, Time: s.time, Stream: s.stream, Body: s.body}
	c.pending -= s.length
	s.body, s.filled = nil, 0
	return m, true, nil
}

// begin makes room for the message whose header was just read.
func (c *chunkReader) begin(s *chunkStream) error {
	if s.length > c.limit || c.pending+s.length > c.limit+maxHello {
		return fmt.Errorf("%w: message of %d bytes, at most %d are taken", errProtocol, s.length, c.limit)
	}
	c.pending += s.length
	s.body = make([]byte, s.length)
	return nil
}

// readBasicHeader is RTMP 1.0, 5.3.1.1.
func (c *chunkReader) readBasicHeader() (format byte, id uint32, err error) {
	b, err := c.r.ReadByte()
	if err != nil {
		return 0, 0, err
	}
	format, id = b>>6, uint32(b&0x3f)
	var more [2]byte
	switch id {
	case 0:
		_, err = io.ReadFull(c.r, more[:1])
		id = 64 + uint32(more[0])
	case 1:
		_, err = io.ReadFull(c.r, more[:2])
		id = 64 + uint32(more[0]) + uint32(more[1])<<8
	}
	return format, id, unexpected(err)
}

// readMessageHeader is RTMP 1.0, 5.3.1.2 and 5.3.1.3.
func (c *chunkReader) readMessageHeader(s *chunkStream, format byte) error {
	if format == 3 {
		return c.readRepeatedHeader(s)
	}
	var buf [11]byte
	h := buf[:[...]int{11, 7, 3}[format]]
	if _, err := io.ReadFull(c.r, h); err != nil {
		return unexpected(err)
	}
	field := uint32(h[0])<<16 | uint32(h[1])<<8 | uint32(h[2])
	if format < 2 {
		s.length = int(h[3])<<16 | int(h[4])<<8 | int(h[5])
		s.typ = h[6]
	}
	if format == 0 {
		s.stream = binary.LittleEndian.Uint32(h[7:])
	}
	s.extended = field == noTimestamp
	if s.extended {
		if _, err := io.ReadFull(c.r, buf[:4]); err != nil {
			return unexpected(err)
		}
		field = binary.BigEndian.Uint32(buf[:4])
	}
	s.field = field
	// A type 3 chunk that begins a message after a type 0 chunk repeats the timestamp itself as its delta (5.3.1.2.4).
	s.delta = field
	if format == 0 {
		s.time = s.absolute(field)
	} else {
		s.time += field
	}
	return nil
}

// absolute is the time that a type 0 chunk gives. Encoders that never extend a timestamp begin again at 0 after shortTurn: where a
// timestamp goes on from the last one only so, it is so.
func (s *chunkStream) absolute(field uint32) uint32 {
	if s.extended {
		s.base = 0
		return field
	}
	t := s.base + field
	if d := int32(t - s.time); d >= -shortTurnNear && d <= shortTurnNear {
		return t
	}
	d := int32((field-s.time)<<8) >> 8 // modulo shortTurn, to the nearest
	near := d >= -shortTurnNear && d <= shortTurnNear
	if begun := s.base > 0 || s.time%shortTurn >= shortTurn-shortTurnNear; !near || !begun {
		return t
	}
	t = s.time + uint32(d)
	s.base = t - field
	return t
}

// readRepeatedHeader takes the extended timestamp off a type 3 chunk, where the client has it there.
func (c *chunkReader) readRepeatedHeader(s *chunkStream) error {
	if s.extended && c.repeats != leftOut {
		p, err := c.r.Peek(4)
		if err != nil {
			return unexpected(err)
		}
		// Where a delta stands in the header, some repeat the time instead.
		v := binary.BigEndian.Uint32(p)
		switch {
		case c.repeats == repeated:
		case v == s.field || v == s.time:
			c.repeats = repeated
		case v == 0:
			c.repeats = zeros
		default:
			c.repeats = leftOut
		}
		if c.repeats != leftOut {
			if _, err := c.r.Discard(4); err != nil {
				return unexpected(err)
			}
		}
	}
	if s.body == nil {
		s.time += s.delta
	}
	return nil
}

// unexpected makes an end of file inside of a chunk what it is.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
