package check

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// reply is an answer of the simulated server, before it is sent: a fault may change it.
type reply struct {
	path   string // of the request
	query  url.Values
	method string
	asked  time.Time
	now    time.Time // when it is answered
	status int
	mime   string
	age    int // max-age in seconds; 0: header has Cache-Control
	header http.Header
	body   []byte
	pace   []time.Duration // how long before each of equal pieces of the body; nil: all at once
	plain  bool            // never gzip
	ranged bool            // a part of it was asked for
}

// late tells that the check has been going on for a while.
func (r *reply) late(s *server) bool { return r.now.Sub(s.begin) > 106*time.Second }

// playlist tells that the reply is a media playlist of HLS, but for those of I-frames.
func (r *reply) playlist() bool { return strings.HasSuffix(r.path, "1/index.m3u8") && r.status == 200 }

// is tells that the request was for that playlist or MPD.
func (r *reply) is(path string) bool { return r.path == path && r.status == 200 }

// edit replaces text in the body.
func (r *reply) edit(old, now string) { r.body = []byte(strings.ReplaceAll(string(r.body), old, now)) }

// server is an http.RoundTripper that answers for a channel, on the clock of the test.
type server struct {
	channel
	captured *capture // answers instead of the channel, of which only begin counts then
	fault    func(*server, *reply)
}

// RoundTrip answers a request. What it has to wait for, it waits for.
func (s *server) RoundTrip(req *http.Request) (*http.Response, error) {
	r := &reply{
		path: req.URL.Path, query: req.URL.Query(), method: req.Method, status: 200, age: 1,
		header: http.Header{"Access-Control-Allow-Origin": {"*"}},
		mime:   "application/vnd.apple.mpegurl", ranged: req.Header.Get("Range") != "", asked: time.Now(),
	}
	answer := s.answer
	if s.captured != nil {
		answer = s.captured.answer
	}
	if err := answer(req, r); err != nil {
		return nil, err
	}
	h := r.header
	r.now = time.Now()
	if s.fault != nil {
		s.fault(s, r)
	}
	if r.age > 0 {
		h.Set("Cache-Control", "public, max-age="+strconv.Itoa(r.age))
	}
	h.Set("Content-Type", r.mime)
	if r.status != 200 {
		r.body = []byte("no\n")
	} else {
		s.conditions(req, r)
	}
	if !r.plain && r.status == 200 && req.Header.Get("Accept-Encoding") == "gzip" && !strings.HasSuffix(r.path, ".m4s") && !strings.HasSuffix(r.path, ".mp4") {
		r.body = stored(r.body)
		h.Set("Content-Encoding", "gzip")
	}
	if req.Method == http.MethodHead {
		h.Set("Content-Length", strconv.Itoa(len(r.body)))
		r.body = nil
	}
	return &http.Response{
		StatusCode: r.status, Header: h, Request: req, ContentLength: -1, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(&pacedBody{data: r.body, pace: r.pace}),
	}, nil
}

// stored is data in gzip, but not made smaller: that would take most of the time of the tests.
func stored(data []byte) []byte {
	var z bytes.Buffer
	z.Write([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255})
	for rest := data; ; {
		n := min(len(rest), 65535)
		last := byte(0)
		if n == len(rest) {
			last = 1
		}
		z.Write([]byte{last, byte(n), byte(n >> 8), ^byte(n), ^byte(n >> 8)})
		z.Write(rest[:n])
		if rest = rest[n:]; last == 1 {
			break
		}
	}
	z.Write(binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(data)), uint32(len(data))))
	return z.Bytes()
}

// conditions is If-None-Match and Range.
func (s *server) conditions(req *http.Request, r *reply) {
	sum := fnv.New64()
	_, _ = sum.Write(r.body)
	tag := fmt.Sprintf(`"%x"`, sum.Sum64())
	r.header.Set("Etag", tag)
	if req.Header.Get("If-None-Match") == tag {
		r.status, r.body = http.StatusNotModified, nil
		return
	}
	text, ranged := strings.CutPrefix(req.Header.Get("Range"), "bytes=")
	if !ranged {
		return
	}
	size := len(r.body)
	a, b, _ := strings.Cut(text, "-")
	from, err := strconv.Atoi(a)
	to := size
	if err != nil {
		n, _ := strconv.Atoi(b)
		from = size - n
	} else if n, err := strconv.Atoi(b); err == nil {
		to = min(n+1, size)
	}
	if from >= size {
		r.status, r.body = http.StatusRequestedRangeNotSatisfiable, nil
		return
	}
	r.status = http.StatusPartialContent
	r.header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, size))
	r.body = r.body[from:to]
}

// pacedBody gives its data in pieces, by the clock of the bubble (testing/synctest) that every simulated service runs in: nobody really waits.
type pacedBody struct {
	data []byte
	pace []time.Duration
}

func (b *pacedBody) Read(p []byte) (int, error) {
	if len(b.data) == 0 {
		return 0, io.EOF
	}
	n := len(b.data)
	if len(b.pace) > 0 {
		time.Sleep(b.pace[0])
		n = (n + len(b.pace) - 1) / len(b.pace)
		b.pace = b.pace[1:]
	}
	n = copy(p, b.data[:n])
	b.data = b.data[n:]
	return n, nil
}
