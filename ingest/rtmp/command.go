package rtmp

import (
	"fmt"
	"math"

	"github.com/bluenviron/gortmplib/pkg/amf0"
	rtmpmessage "github.com/bluenviron/gortmplib/pkg/message"
)

// Message types (RTMP 1.0, 5.4, 6.2 and 7.1).
const (
	typeSetChunkSize  = byte(rtmpmessage.TypeSetChunkSize)
	typeAbort         = byte(rtmpmessage.TypeAbortMessage)
	typeUserControl   = byte(rtmpmessage.TypeUserControl)
	typeSetWindow     = byte(rtmpmessage.TypeSetWindowAckSize)
	typeAudio         = byte(rtmpmessage.TypeAudio)
	typeVideo         = byte(rtmpmessage.TypeVideo)
	typeData          = byte(rtmpmessage.TypeDataAMF0)
	typeDataAMF3      = byte(rtmpmessage.TypeDataAMF3)
	typeCommand       = byte(rtmpmessage.TypeCommandAMF0)
	typeCommandAMF3   = byte(rtmpmessage.TypeCommandAMF3)
	typeAggregate     = byte(22)
	commandStream     = 3         // chunk stream of our commands
	statusStream      = 5         // chunk stream of onStatus
	mediaStream       = 1         // the message stream that createStream gives
	mediaStreamSwap   = 0x1000000 // the same as gortmplib writes it: big-endian
	handshakeMessages = 100       // how many a client may send before it publishes
	noTransaction     = -1        // there is no publish to answer; 0 is one: GStreamer's
)

// What the sides of a connection can (Enhanced RTMP v2, CapsExMask).
const (
	canReconnect  = 1 << iota // a client: it goes elsewhere when it is asked to
	canMultitrack             // several tracks of a kind
	canModEx                  // modifiers in front of media
	canNanos                  // times below a millisecond
)

// command is a call of the client.
type command struct {
	name string
	id   int // its transaction; the answer has the same
	args []any
}

// text is the argument of that place (0: the command object), "" where it is none.
func (c command) text(i int) string {
	if i >= len(c.args) {
		return ""
	}
	s, _ := c.args[i].(string)
	return s
}

// parseCommand reads a command message. AMF3 ones begin with a byte that says that AMF0 follows.
func parseCommand(m message) (command, error) {
	body := m.Body
	if m.Type == typeCommandAMF3 && len(body) > 0 {
		body = body[1:]
	}
	if len(body) > maxHello {
		return command{}, fmt.Errorf("%w: command of %d bytes", errProtocol, len(body))
	}
	values, err := amf0.Unmarshal(body)
	if err != nil {
		return command{}, fmt.Errorf("%w: command: %w", errProtocol, err)
	}
	if len(values) == 0 {
		return command{}, fmt.Errorf("%w: empty command", errProtocol)
	}
	c := command{}
	var ok bool
	if c.name, ok = values[0].(string); !ok {
		return command{}, fmt.Errorf("%w: command without a name", errProtocol)
	}
	if len(values) > 1 {
		if id, ok := values[1].(float64); ok && id >= 0 && id <= math.MaxInt32 {
			c.id = int(id)
		}
		c.args = values[2:]
	}
	return c, nil
}

// negotiate goes through the commands up to publish. It returns what the client wants to publish, and the transaction to answer.
func (c *conn) negotiate() (address, int, error) {
	for range handshakeMessages {
		m, err := c.next()
		if err != nil {
			return address{}, noTransaction, err
		}
		if m.Type != typeCommand && m.Type != typeCommandAMF3 {
			continue
		}
		cmd, err := parseCommand(m)
		if err != nil {
			return address{}, noTransaction, err
		}
		if !c.connected && cmd.name != "connect" {
			return address{}, noTransaction, fmt.Errorf("%w: command %q before connect", errProtocol, shorten(cmd.name))
		}
		switch cmd.name {
		case "connect":
			err = c.connect(cmd)
			c.connected = true
		case "createStream":
			err = c.result(cmd.id, nil, float64(mediaStream))
		case "releaseStream", "FCPublish":
			err = c.result(cmd.id, nil, amf0.Undefined{})
		case "publish": // as live, whatever type it names: what is recorded, and for how long, is the channel's
			return parseAddress(c.app, c.tcURL, cmd.text(1)), cmd.id, nil
		case "play", "play2":
			_ = c.status(cmd.id, "error", codeNoStream, "this server only takes feeds in over RTMP: play HLS or DASH")
			return address{}, noTransaction, &refusal{description: "play over RTMP is not supported"}
		case "_checkbw", "FCSubscribe", "getStreamLength", "deleteStream", "closeStream":
			// Nothing waits for an answer.
		}
		if err != nil {
			return address{}, noTransaction, err
		}
	}
	return address{}, noTransaction, fmt.Errorf("%w: %d messages without publish", errProtocol, handshakeMessages)
}

// connect answers the first command (RTMP 1.0, 7.2.1.1; Enhanced RTMP v2, "connect").
func (c *conn) connect(cmd command) error {
	var o amf0.Object
	if len(cmd.args) > 0 {
		o, _ = object(cmd.args[0])
	}
	c.app, _ = o.GetString("app")
	c.tcURL, _ = o.GetString("tcUrl")
	if caps, _ := o.GetFloat64("capsEx"); caps >= 0 && caps < 1<<31 {
		c.abilities = uint32(caps)
	}
	if a := parseAddress(c.app, "", ""); a.App != application {
		r := &refusal{code: codeBadApp, description: fmt.Sprintf("unknown application %q: publish to rtmp://HOST/%s/CHANNEL", shorten(a.App), application)}
		_ = c.failed(cmd.id, r.code, r.description)
		return r
	}
	for _, m := range []rtmpmessage.Message{
		&rtmpmessage.SetWindowAckSize{Value: ackWindow},
		&rtmpmessage.SetPeerBandwidth{Value: ackWindow, Type: 2},
		&rtmpmessage.SetChunkSize{Value: 4096},
	} {
		if err := c.write(m); err != nil {
			return err
		}
	}
	codecs := amf0.StrictArray{"avc1", "hvc1", "av01", "mp4a", "Opus", "ac-3", "ec-3", "fLaC", ".mp3"}
	const canDecode = float64(1)
	const all = float64(canReconnect | canMultitrack | canModEx | canNanos)
	properties := amf0.Object{
		{Key: "fmsVer", Value: "FMS/3,5,3,888"},
		{Key: "capabilities", Value: float64(31)},
	}
	information := amf0.Object{
		{Key: "level", Value: "status"},
		{Key: "code", Value: codeConnected},
		{Key: "description", Value: "Connection succeeded."},
		{Key: "objectEncoding", Value: float64(0)},
		{Key: "fourCcList", Value: codecs},
		{Key: "videoFourCcInfoMap", Value: amf0.Object{{Key: "avc1", Value: canDecode}, {Key: "hvc1", Value: canDecode}, {Key: "av01", Value: canDecode}}},
		{Key: "audioFourCcInfoMap", Value: amf0.Object{
			{Key: "mp4a", Value: canDecode},
			{Key: "Opus", Value: canDecode},
			{Key: "ac-3", Value: canDecode},
			{Key: "ec-3", Value: canDecode},
			{Key: "fLaC", Value: canDecode},
			{Key: ".mp3", Value: canDecode},
		}},
		{Key: "capsEx", Value: all},
	}
	return c.result(cmd.id, properties, information)
}
