package rtmp

import (
	"bufio"
	"io"
	"net"
	"testing"
	"time"

	"github.com/bluenviron/gortmplib/pkg/amf0"
	"github.com/bluenviron/gortmplib/pkg/bytecounter"
	"github.com/bluenviron/gortmplib/pkg/handshake"
	"github.com/bluenviron/gortmplib/pkg/rawmessage"
)

// client is a publisher that sends what a test wants, byte by byte.
type client struct {
	t  *testing.T
	nc net.Conn
	w  *rawmessage.Writer
	r  *chunkReader
}

// dial goes as far as connect.
func dial(t *testing.T, addr, app string) *client {
	t.Helper()
	return dialWith(t, addr, amf0.Object{{Key: "app", Value: app}, {Key: "tcUrl", Value: "rtmp://localhost/" + app}})
}

// dialWith is dial with the object of the connect command.
func dialWith(t *testing.T, addr string, connect amf0.Object) *client {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	return greet(t, nc, connect)
}

func greet(t *testing.T, nc net.Conn, connect amf0.Object) *client {
	t.Helper()
	if err := nc.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := handshake.DoClient(nc, false, false); err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, nc: nc, w: rawmessage.NewWriter(nc, bytecounter.NewWriter(nc), false), r: newChunkReader(bufio.NewReader(nc))}
	c.command("connect", 1, connect)
	return c
}

// connected reads the information that answers connect.
func (c *client) connected() amf0.Object {
	c.t.Helper()
	for {
		m, err := c.r.read()
		if err != nil {
			c.t.Fatalf("no answer to connect: %v", err)
		}
		if m.Type != typeCommand {
			continue
		}
		cmd, err := parseCommand(m)
		if err != nil || cmd.name != "_result" || len(cmd.args) < 2 {
			c.t.Fatalf("connect is answered by %+v, %v", cmd, err)
		}
		o, _ := object(cmd.args[1])
		return o
	}
}

// publish asks for the stream and returns the code and description of the answer.
func (c *client) publish(stream string) (code, description string) {
	c.t.Helper()
	c.command("createStream", 2, nil)
	c.command("publish", 3, nil, stream, "live")
	return c.status()
}

func (c *client) command(name string, id int, args ...any) {
	c.t.Helper()
	body, err := append(amf0.Data{name, float64(id)}, args...).Marshal()
	if err != nil {
		c.t.Fatal(err)
	}
	c.send(typeCommand, 0, body)
}

func (c *client) send(typ byte, ms uint32, body []byte) {
	c.t.Helper()
	err := c.w.Write(&rawmessage.Message{
		ChunkStreamID: 4, Timestamp: time.Duration(ms) * time.Millisecond, Type: typ, MessageStreamID: mediaStreamSwap, Body: body,
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) video(ms uint32, body ...byte) { c.t.Helper(); c.send(typeVideo, ms, body) }
func (c *client) audio(ms uint32, body ...byte) { c.t.Helper(); c.send(typeAudio, ms, body) }

// status reads up to the next onStatus, _error or a result that has a code.
func (c *client) status() (code, description string) {
	c.t.Helper()
	for {
		m, err := c.r.read()
		if err != nil {
			c.t.Fatalf("no status: %v", err)
		}
		if m.Type != typeCommand {
			continue
		}
		cmd, err := parseCommand(m)
		if err != nil {
			c.t.Fatal(err)
		}
		if cmd.name != "onStatus" && cmd.name != "_error" || len(cmd.args) < 2 {
			continue
		}
		o, _ := object(cmd.args[1])
		code, _ = o.GetString("code")
		description, _ = o.GetString("description")
		return code, description
	}
}

// waitEOF reads until the server has closed.
func (c *client) waitEOF() {
	c.t.Helper()
	if _, err := io.Copy(io.Discard, c.r.r); err != nil {
		c.t.Fatalf("server did not close cleanly: %v", err)
	}
}
