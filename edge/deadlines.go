package edge

import "time"

// deadlines is what a connection remembers to give itself deadlines. fasthttp, told to see to them, sets five for each request and asks for
// the time as often, which was a twelfth of the work of a playlist of 2 KB; nearly always the ones that are set already will do.
type deadlines struct {
	answered bool      // something was written since the last read
	begun    bool      // a request is being read, and its deadline is set
	at       time.Time // when the last answer began, or ended if it was long
	idle     time.Time // when the deadline that stands was set for an idle connection; zero: another one stands
	write    time.Time // when the deadline that stands for writing was set; zero: it is not one of ours
}

// slack is by what part a deadline may come too early, so that not every request needs a new one.
const slack = 16

// toRead sees to the deadline before something is read: a request must come whole within readTimeout, the next one must begin within
// idleTimeout.
func (c *connection) toRead() error {
	t := &c.times
	switch {
	case t.answered:
		t.answered, t.begun = false, false
		if t.at.Sub(t.idle) < idleTimeout/slack {
			return nil
		}
		t.idle = t.at
		return c.Conn.SetReadDeadline(t.at.Add(idleTimeout))
	case !t.begun:
		t.begun, t.idle = true, time.Time{}
		return c.Conn.SetReadDeadline(time.Now().Add(readTimeout))
	}
	return nil
}

// toWrite sees to the deadline before something is written: an answer must be taken whole within the connections' limit.
func (c *connection) toWrite() error {
	t := &c.times
	if t.answered {
		return nil
	}
	t.answered, t.at = true, time.Now()
	if t.at.Sub(t.write) < c.of.writeTimeout/slack {
		return nil
	}
	t.write = t.at
	return c.Conn.SetWriteDeadline(t.at.Add(c.of.writeTimeout))
}

// SetReadDeadline implements net.Conn.
func (c *connection) SetReadDeadline(by time.Time) error {
	c.times.answered, c.times.begun, c.times.idle = false, false, time.Time{}
	return c.Conn.SetReadDeadline(by)
}

// SetWriteDeadline implements net.Conn.
func (c *connection) SetWriteDeadline(by time.Time) error {
	c.times.write = time.Time{}
	return c.Conn.SetWriteDeadline(by)
}

// SetDeadline implements net.Conn.
func (c *connection) SetDeadline(by time.Time) error {
	c.times = deadlines{}
	return c.Conn.SetDeadline(by)
}
