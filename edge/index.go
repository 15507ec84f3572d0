package edge

import (
	"encoding/json"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// indexAge is for how long one list of channels serves all who ask.
const indexAge = time.Second

// index is the newest list of channels.
type index struct {
	newest atomic.Pointer[indexText]
	making sync.Mutex
}

// indexText is a list of channels as it is sent. It is immutable.
type indexText struct {
	made time.Time
	tag  []byte
	content
}

// listed is a channel as the player page sees it.
type listed struct {
	ID            string  `json:"id"`
	Title         string  `json:"title"`
	State         string  `json:"state"` // on-air or off-air
	DVRSeconds    float64 `json:"dvrSeconds"`
	WindowSeconds float64 `json:"windowSeconds"`
	HLS           string  `json:"hls"`
	DASH          string  `json:"dash"`
}

// serveIndex sends the list of channels.
func (s *Server) serveIndex(ctx *fasthttp.RequestCtx) {
	now := s.now()
	text := s.index.newest.Load()
	if text == nil || !now.Before(text.made.Add(indexAge)) || now.Before(text.made) {
		var err error
		if text, err = s.makeIndex(now, text); err != nil {
			s.log.Error("the list of channels cannot be made", "error", err)
			s.fail(ctx, kindIndex, fasthttp.StatusInternalServerError, "the list of channels cannot be made")
			return
		}
	}
	s.send(ctx, &text.content, text.tag)
}

// makeIndex renews the list; while another request does so, the old one is good enough.
func (s *Server) makeIndex(now time.Time, old *indexText) (*indexText, error) {
	if old == nil {
		s.index.making.Lock()
		if made := s.index.newest.Load(); made != nil {
			s.index.making.Unlock()
			return made, nil
		}
	} else if !s.index.making.TryLock() {
		return old, nil
	}
	defer s.index.making.Unlock()
	list := []listed{}
	for _, c := range s.channels.sorted() {
		st := c.status(now)
		l := listed{
			ID: c.id, Title: st.Title, State: st.State, DVRSeconds: st.DVR.Seconds(), WindowSeconds: st.Depth.Seconds(),
			HLS: "/live/" + c.id + "/index.m3u8", DASH: "/live/" + c.id + "/manifest.mpd",
		}
		if l.Title == "" {
			l.Title = c.id
		}
		list = append(list, l)
	}
	data, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	text := &indexText{made: now, content: content{
		kind: kindIndex, data: data, zipped: s.render.compress(data), mime: "application/json", varies: true, maxAge: -1,
	}}
	text.tag, text.zipTag = textTags(data)
	s.index.newest.Store(text)
	return text, nil
}

// clockFormat is xs:dateTime to the millisecond.
const clockFormat = "2006-01-02T15:04:05.000Z"

// serveTime tells the time: MPDs name it in UTCTiming (ISO/IEC 23009-1, 5.8.4.11), so that players need no clock of their own.
func (s *Server) serveTime(ctx *fasthttp.RequestCtx) {
	var buf [len(clockFormat)]byte
	body := s.now().UTC().AppendFormat(buf[:0], clockFormat)
	h := &ctx.Response.Header
	h.SetContentType(textType)
	h.Set("Cache-Control", "no-store")
	ctx.SetBody(body)
	s.counts.add(kindTime, fasthttp.StatusOK, len(body))
}
