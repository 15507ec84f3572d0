package edge

import (
	"encoding/json"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// indexAge is for how long one list serves all who ask.
const indexAge = time.Second

// index is the newest list of channels, or of assets.
type index struct {
	newest atomic.Pointer[indexText]
	making sync.Mutex
}

// indexText is a list as it is sent. It is immutable.
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

// serveIndex sends the list of channels, or that of assets.
func (s *Server) serveIndex(ctx *fasthttp.RequestCtx, r *route) {
	of, list := &s.index, s.listChannels
	if r.vod {
		of, list = &s.assetIndex, s.listAssets
	}
	now := s.now()
	text := of.newest.Load()
	if text == nil || !now.Before(text.made.Add(indexAge)) || now.Before(text.made) {
		var err error
		if text, err = of.make(s, now, text, list); err != nil {
			s.log.Error("a list cannot be made", "err", err)
			s.fail(ctx, kindIndex, fasthttp.StatusInternalServerError, "the list cannot be made")
			return
		}
	}
	s.send(ctx, &text.content, text.tag)
}

// make renews the list; while another request does so, the old one is good enough.
func (x *index) make(s *Server, now time.Time, old *indexText, list func(now time.Time) any) (*indexText, error) {
	if old == nil {
		x.making.Lock()
		if made := x.newest.Load(); made != nil {
			x.making.Unlock()
			return made, nil
		}
	} else if !x.making.TryLock() {
		return old, nil
	}
	defer x.making.Unlock()
	data, err := json.Marshal(list(now))
	if err != nil {
		return nil, err
	}
	text := &indexText{made: now, content: content{
		kind: kindIndex, data: data, zipped: s.render.compress(data), mime: "application/json", varies: true, maxAge: -1,
	}}
	text.tag, text.zipTag = textTags(data)
	x.newest.Store(text)
	return text, nil
}

func (s *Server) listChannels(now time.Time) any {
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
	return list
}

// maxListedAssets is how many assets are listed: the page shows them, and who has more asks the API.
const maxListedAssets = 500

// listedAsset is an asset as the player page sees it.
type listedAsset struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	HLS   string `json:"hls"`
	DASH  string `json:"dash"`
}

func (s *Server) listAssets(time.Time) any {
	list := []listedAsset{}
	if s.vod.from == nil {
		return list
	}
	for _, e := range s.vod.from.List(maxListedAssets) {
		base := "/vod/" + url.PathEscape(e.ID)
		l := listedAsset{ID: e.ID, Title: e.Title, HLS: base + "/index.m3u8", DASH: base + "/manifest.mpd"}
		if l.Title == "" {
			l.Title = e.ID
		}
		list = append(list, l)
	}
	return list
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
