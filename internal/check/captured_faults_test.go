package check

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

const (
	mainList  = "/index.m3u8"
	videoList = "/v1/index.m3u8"
	audioList = "/a1/index.m3u8"
	keyList   = "/v1/iframes.m3u8"
)

// rewrite replaces what a form matches in one playlist or MPD.
func rewrite(path, form, instead string) func(*server, *reply) {
	re := regexp.MustCompile(form)
	return on(path, func(r *reply) { r.body = re.ReplaceAll(r.body, []byte(instead)) })
}

// everywhere edits all that is served.
func everywhere(old, now string) func(*server, *reply) {
	return func(_ *server, r *reply) { r.edit(old, now) }
}

// asked does it to answers whose query has a parameter.
func asked(parameter string, do func(*server, *reply)) func(*server, *reply) {
	return func(s *server, r *reply) {
		if r.query.Has(parameter) {
			do(s, r)
		}
	}
}

// number is that of the segment that is k behind the one which was open when the capture began.
func (c *capture) number(k int) string { return utoa(c.lists[videoList][0].list.Next() + uint64(k)) }

// parity is the first of 3 and 4 that makes number even, or odd: the parts of odd segments are not compared with their segment.
func (c *capture) parity(even bool) string {
	if even == (c.lists[videoList][0].list.Next()%2 == 0) {
		return c.number(4)
	}
	return c.number(3)
}

// withheld is a capture in which all that came within a time came at its end only.
func (c *capture) withheld(from, length time.Duration) *capture {
	late := *c
	move := func(at time.Duration) time.Duration {
		if at > from && at < from+length {
			return from + length
		}
		return at
	}
	late.lists, late.came = map[string][]moment{}, map[string][]time.Duration{}
	for path, list := range c.lists {
		for _, m := range list {
			m.at = move(m.at)
			late.lists[path] = append(late.lists[path], m)
		}
	}
	for path, came := range c.came {
		for _, at := range came {
			late.came[path] = append(late.came[path], move(at))
		}
	}
	return &late
}

// noIDR turns the IDR picture that a segment begins with into another.
func noIDR(r *reply) {
	at := bytes.Index(r.body, []byte("mdat")) + 4
	for at > 4 && at+5 < len(r.body) {
		if r.body[at+4]&0x1f == 5 {
			r.body[at+4] = r.body[at+4]&^0x1f | 1
			return
		}
		at += 4 + int(binary.BigEndian.Uint32(r.body[at:]))
	}
}

// unheld answers a blocking reload with the moment before the one that it waits for.
func unheld(s *server, r *reply) {
	list := s.captured.lists[r.path]
	for i := range list {
		if text := string(r.body); i > 0 && (text == list[i].whole.Text || text == list[i].delta.Text) {
			r.body = []byte(list[i-1].whole.Text)
			return
		}
	}
}

// fallen goes back to the first moment, once, some seconds after the start.
func fallen(c *capture) func(*reply) {
	return func(r *reply) {
		if since := r.now.Sub(c.Start); since > 9*time.Second && since < 11*time.Second {
			r.body = []byte(c.lists[r.path][0].whole.Text)
		}
	}
}

var skipAndFirst = regexp.MustCompile(`(?s)SKIPPED-SEGMENTS=(\d+)\n(?:.*?\.m4s\n){2}`)

// skipMore makes a delta update skip two segments more: Weir keeps one more than it has to.
func skipMore(r *reply) {
	if m := skipAndFirst.FindSubmatch(r.body); m != nil {
		n, _ := strconv.Atoi(string(m[1]))
		r.body = bytes.Replace(r.body, m[0], []byte("SKIPPED-SEGMENTS="+strconv.Itoa(n+2)+"\n"), 1)
	}
}

var oneOfMany = regexp.MustCompile(`<S t="(\d+)" d="(\d+)" r="(\d+)">`)

// gap puts a gap of a tenth of a second behind the first of the segments that stand together.
func gap(r *reply) {
	m := oneOfMany.FindSubmatch(r.body)
	t, _ := strconv.Atoi(string(m[1]))
	d, _ := strconv.Atoi(string(m[2]))
	n, _ := strconv.Atoi(string(m[3]))
	apart := fmt.Sprintf(`<S t="%d" d="%d"></S><S t="%d" d="%d" r="%d">`, t, d, t+d+9000, d, n-1)
	r.body = bytes.Replace(r.body, m[0], []byte(apart), 1)
}
