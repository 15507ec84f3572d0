package edge

import (
	"net"
	"testing"
	"time"
)

// wire is a connection that notes deadlines.
type wire struct {
	net.Conn
	read, write []time.Duration // from now on, as they are set
}

func (w *wire) Read(p []byte) (int, error)  { return len(p), nil }
func (w *wire) Write(p []byte) (int, error) { return len(p), nil }

func (w *wire) SetReadDeadline(t time.Time) error {
	w.read = append(w.read, time.Until(t))
	return nil
}

func (w *wire) SetWriteDeadline(t time.Time) error {
	w.write = append(w.write, time.Until(t))
	return nil
}

func TestDeadlines(t *testing.T) {
	t.Parallel()
	w := &wire{}
	c := &connection{Conn: w, of: &connections{writeTimeout: writeTimeout}}
	step := func(what string, do func([]byte) (int, error), read, write time.Duration) {
		t.Helper()
		w.read, w.write = nil, nil
		if _, err := do(make([]byte, 2)); err != nil {
			t.Fatal(err)
		}
		for _, set := range []struct {
			got  []time.Duration
			want time.Duration
		}{{w.read, read}, {w.write, write}} {
			if set.want == 0 && len(set.got) == 0 {
				continue
			}
			if len(set.got) != 1 || set.got[0] > set.want || set.got[0] < set.want-10*time.Second {
				t.Errorf("%s sets %v, want %v", what, set.got, set.want)
			}
		}
	}
	step("the first read", c.Read, readTimeout, 0)
	step("reading on", c.Read, 0, 0)
	step("an answer", c.Write, 0, writeTimeout)
	step("more of it", c.Write, 0, 0)
	step("waiting for the next request", c.Read, idleTimeout, 0)
	step("its answer", c.Write, 0, 0)
	step("waiting again", c.Read, 0, 0)
	step("the rest of a request", c.Read, readTimeout, 0)
	step("its answer", c.Write, 0, 0)
	step("waiting after it", c.Read, idleTimeout, 0)

	c.times.idle, c.times.write = c.times.idle.Add(-idleTimeout/slack), c.times.write.Add(-writeTimeout/slack)
	step("an answer later on", c.Write, 0, writeTimeout)
	step("waiting later on", c.Read, idleTimeout, 0)

	if err := c.SetWriteDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	step("an answer when another deadline was set", c.Write, 0, writeTimeout)
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	step("reading when another deadline was set", c.Read, readTimeout, 0)
}
