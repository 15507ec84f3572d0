package edge

import (
	"bytes"
	"fmt"
	"net"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// crowd is many players in one thread, so that it is not them who are measured: each asks for one part after the other.
type crowd struct {
	header string
	poll   int
	events []syscall.EpollEvent
	buf    []byte
	all    map[int32]*blockedPlayer
}

type blockedPlayer struct {
	fd        int
	next      int // part, counted from the first of segment 0
	got, want int // bytes of the answer; want is -1 until it is known
	start     []byte
}

func newCrowd(b *testing.B, address string, players int, header string) *crowd {
	c := &crowd{header: header, events: make([]syscall.EpollEvent, 256), buf: make([]byte, 64<<10), all: make(map[int32]*blockedPlayer)}
	addr, err := net.ResolveTCPAddr("tcp", address)
	if err == nil {
		c.poll, err = syscall.EpollCreate1(0)
	}
	if err != nil {
		b.Fatal(err)
	}
	for range players {
		fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
		if err == nil {
			err = syscall.Connect(fd, &syscall.SockaddrInet4{Port: addr.Port, Addr: [4]byte(addr.IP.To4())})
		}
		if err == nil {
			err = syscall.SetNonblock(fd, true)
		}
		if err == nil {
			err = syscall.EpollCtl(c.poll, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(fd)})
		}
		if err != nil {
			b.Fatal(err)
		}
		p := &blockedPlayer{fd: fd, next: firstBlocked}
		c.all[int32(fd)] = p
		c.ask(b, p)
	}
	return c
}

func (c *crowd) leave() {
	for _, p := range c.all {
		_ = syscall.Close(p.fd)
	}
	_ = syscall.Close(c.poll)
}

func (c *crowd) ask(b *testing.B, p *blockedPlayer) {
	p.got, p.want, p.start = 0, -1, p.start[:0]
	req := fmt.Appendf(nil, "GET /live/news/v1/index.m3u8?_HLS_msn=%d&_HLS_part=%d&_HLS_skip=YES HTTP/1.1\r\nHost: edge\r\n%s\r\n",
		p.next/partsASegment, p.next%partsASegment, c.header)
	if n, err := syscall.Write(p.fd, req); err != nil || n < len(req) {
		b.Fatal(n, err)
	}
	p.next++
}

// round is when each player had the last byte of its answer, in nanoseconds since 1970. They ask again at once.
func (c *crowd) round(b *testing.B) []int64 {
	times := make([]int64, 0, len(c.all))
	var done []*blockedPlayer
	for len(times) < len(c.all) {
		n, err := syscall.EpollWait(c.poll, c.events, 10_000)
		if err == syscall.EINTR { //nolint:errorlint // it is a number
			continue
		}
		if err != nil || n == 0 {
			b.Fatal(n, err)
		}
		done = done[:0]
		for _, e := range c.events[:n] {
			p := c.all[e.Fd]
			if c.read(b, p) {
				times = append(times, time.Now().UnixNano())
				done = append(done, p)
			}
		}
		for _, p := range done {
			c.ask(b, p)
		}
	}
	return times
}

// read takes in what is there, and tells whether that is all of the answer.
func (c *crowd) read(b *testing.B, p *blockedPlayer) bool {
	n, err := syscall.Read(p.fd, c.buf)
	if err != nil || n == 0 {
		b.Fatal(n, err)
	}
	p.got += n
	if p.want < 0 {
		p.start = append(p.start, c.buf[:n]...)
		if at := bytes.Index(p.start, []byte("\r\n\r\n")); at >= 0 {
			_, length, _ := bytes.Cut(p.start[:at], []byte("Content-Length: "))
			length, _, _ = bytes.Cut(length, []byte("\r"))
			size, err := strconv.Atoi(string(length))
			if err != nil || !bytes.HasPrefix(p.start, []byte("HTTP/1.1 200 ")) {
				b.Fatalf("%.300s", p.start)
			}
			p.want = at + 4 + size
		}
	}
	return p.got == p.want
}
