package whip

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"weir/ingest"
	"weir/ingest/ingesttest"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	good := newPublisher(t, true, true).offer(t)
	without := func(re string) string { return regexp.MustCompile("(?m)"+re+".*\r\n").ReplaceAllString(good, "") }
	for name, tt := range map[string]struct {
		err    error // of the server
		path   string
		offer  string
		status int
		words  string
	}{
		"unknown channel":    {ingest.ErrUnknownChannel, "/whip/news", good, 404, `there is no channel "news"`},
		"wrong key":          {ingest.ErrKey, "/whip/news", good, 401, `wrong or missing key`},
		"taken":              {ingest.ErrTaken, "/whip/news", good, 409, `is taken`},
		"address":            {ingest.ErrAddress, "/whip/news", good, 403, `this address may not publish`},
		"hook":               {ingest.ErrRefused, "/whip/news", good, 403, `refused by on_publish`},
		"rendition":          {ingest.ErrRendition, "/whip/news/high", good, 404, `does not take this rendition`},
		"full":               {ingest.ErrFull, "/whip/news", good, 503, `as many feeds as it can take`},
		"closing":            {ingest.ErrClosing, "/whip/news", good, 503, `shutting down`},
		"other":              {io.ErrUnexpectedEOF, "/whip/news", good, 503, `at the moment`},
		"no channel":         {nil, "/whip/", good, 404, `publish to /whip/CHANNEL`},
		"too many slashes":   {nil, "/whip/a/b/c/d", good, 404, `publish to /whip/CHANNEL`},
		"no SDP":             {nil, "/whip/news", "hello", 400, `no SDP offer`},
		"empty":              {nil, "/whip/news", "", 422, `0 m= lines`},
		"too large":          {nil, "/whip/news", strings.Repeat("a", maxOffer+1), 413, `more than`},
		"no tracks":          {nil, "/whip/news", good[:strings.Index(good, "m=")], 422, `0 m= lines`},
		"no H.264":           {nil, "/whip/news", strings.ReplaceAll(good, "H264/90000", "VP8/90000"), 406, `send H.264`},
		"only interleaved":   {nil, "/whip/news", strings.NewReplacer("packetization-mode=0", "packetization-mode=2", "packetization-mode=1", "packetization-mode=2").Replace(good), 406, `send H.264`},
		"no Opus":            {nil, "/whip/news", strings.ReplaceAll(good, "opus/48000/2", "G722/8000"), 406, `send Opus`},
		"two video tracks":   {nil, "/whip/news", strings.ReplaceAll(good, "m=audio", "m=video"), 422, `more than one video track`},
		"data channel":       {nil, "/whip/news", strings.ReplaceAll(good, "m=audio", "m=application"), 422, `only video and audio`},
		"receives":           {nil, "/whip/news", strings.ReplaceAll(good, "a=sendonly", "a=recvonly"), 422, `a publisher sends`},
		"simulcast":          {nil, "/whip/news", strings.Replace(good, "a=sendonly", "a=simulcast:send a;b\r\na=sendonly", 1), 422, `send one encoding`},
		"no ICE credentials": {nil, "/whip/news", without("^a=ice-pwd"), 400, `no ICE credentials`},
		"no fingerprint":     {nil, "/whip/news", without("^a=fingerprint"), 400, `no fingerprint`},
		"port 0":             {nil, "/whip/news", strings.Replace(good, "m=audio 9", "m=audio 0", 1), 422, `port 0`},
		"cannot be answered": {nil, "/whip/news", without("^a=mid"), 400, `cannot be answered`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := &ingesttest.Server{}
			in.Refuse = func(ingest.Publish) error { return tt.err }
			url := serve(t, Config{Ingest: in})
			answer := post(t, url+tt.path, "k", tt.offer)
			text, _ := io.ReadAll(answer.Body)
			if answer.StatusCode != tt.status || !strings.Contains(string(text), tt.words) {
				t.Fatalf("%s: %s", answer.Status, text)
			}
			if tt.status == 401 && answer.Header.Get("WWW-Authenticate") == "" {
				t.Error("no WWW-Authenticate")
			}
			if tt.status == 503 && answer.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			for _, f := range in.Feeds() {
				if f.WaitClosed(t) == nil {
					t.Error("the feed was opened, and closed without a reason")
				}
			}
		})
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	url := serve(t, Config{Ingest: &ingesttest.Server{}})
	for _, tt := range []struct {
		method, path string
		status       int
		headers      map[string]string
	}{
		{"OPTIONS", "/whip/news", 204, map[string]string{
			"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "POST, OPTIONS",
			"Access-Control-Allow-Headers": "Authorization, Content-Type", "Accept-Post": "application/sdp",
		}},
		{"OPTIONS", "/whip/news/-/id", 204, map[string]string{
			"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "DELETE, PATCH, OPTIONS",
		}},
		{"GET", "/whip/news", 405, map[string]string{"Allow": "POST, OPTIONS", "Access-Control-Allow-Origin": "*"}},
		{"PUT", "/whip/news/high", 405, nil},
		{"DELETE", "/whip/news/-/id", 404, map[string]string{"Access-Control-Allow-Origin": "*"}},
		{"PATCH", "/whip/news/-/id", 404, nil},
		{"POST", "/whip/news", 415, nil},
	} {
		answer := request(t, tt.method, url+tt.path, "")
		if answer.StatusCode != tt.status {
			t.Errorf("%s %s: %s", tt.method, tt.path, answer.Status)
		}
		for name, want := range tt.headers {
			if got := answer.Header.Get(name); got != want {
				t.Errorf("%s %s: %s: %q, want %q", tt.method, tt.path, name, got, want)
			}
		}
	}
}

func TestPatch(t *testing.T) {
	t.Parallel()
	in := &ingesttest.Server{}
	url := serve(t, Config{Ingest: in})
	p := newPublisher(t, true, true)
	p.publish(t, url+"/whip/news/high", "")
	if f := in.Next(t); f.Publish.Rendition != "high" {
		t.Errorf("opened as %v", f.Publish)
	}
	if !strings.HasPrefix(p.location, "/whip/news/high/") || p.etag == "" {
		t.Fatalf("Location %q, ETag %q", p.location, p.etag)
	}
	user := regexp.MustCompile("a=ice-ufrag:(.*)\r\n").FindString(p.peer.LocalDescription().SDP)
	candidate := "m=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=candidate:1 1 UDP 1 192.0.2.1 1 typ host\r\na=end-of-candidates\r\n"
	for name, tt := range map[string]struct {
		match, body string
		status      int
	}{
		"trickle":          {p.etag, user + "a=ice-pwd:x\r\n" + candidate, 204},
		"no credentials":   {p.etag, candidate, 204},
		"restart":          {"*", "a=ice-ufrag:new1\r\na=ice-pwd:x\r\n" + candidate, 422},
		"restart by ETag":  {p.etag, "a=ice-ufrag:new1\r\na=ice-pwd:x\r\n" + candidate, 422},
		"no ETag":          {"", candidate, 428},
		"another ETag":     {`"x"`, candidate, 412},
		"a body too large": {p.etag, strings.Repeat("a=x\r\n", maxFragment), 413},
	} {
		headers := []string{"Content-Type", typeTrickle}
		if tt.match != "" {
			headers = append(headers, "If-Match", tt.match)
		}
		if answer := request(t, http.MethodPatch, url+p.location, tt.body, headers...); answer.StatusCode != tt.status {
			t.Errorf("%s: %s", name, answer.Status)
		}
	}
	if answer := request(t, http.MethodGet, url+p.location, ""); answer.StatusCode != 405 {
		t.Errorf("GET: %s", answer.Status)
	}
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	in := &ingesttest.Server{}
	url := serve(t, Config{Ingest: in})
	p := newPublisher(t, true, true)
	answer := post(t, url+"/whip/news", "", p.offer(t))
	text, _ := io.ReadAll(answer.Body)
	if got := answer.Header.Get("Content-Type"); got != "application/sdp" {
		t.Errorf("Content-Type %q", got)
	}
	for _, want := range []string{"a=ice-lite\r\n", "a=setup:passive\r\n", "a=recvonly\r\n", " 127.0.0.1 ", "a=rtcp-mux\r\n", "opus/48000/2"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the answer has no %q", want)
		}
	}
	for _, strange := range []string{"VP8", "AV1", "G722"} {
		if strings.Contains(string(text), strange) {
			t.Errorf("the answer has %s", strange)
		}
	}
	if levels := regexp.MustCompile("profile-level-id=....(..)").FindAllStringSubmatch(string(text), -1); len(levels) == 0 || levels[0][1] != maxLevel {
		t.Errorf("levels: %v", levels)
	}
	in.Next(t).End(ingest.ErrDeleted)
}

func TestSessionsAreBounded(t *testing.T) {
	t.Parallel()
	in := &ingesttest.Server{}
	url := serve(t, Config{Ingest: in, Sessions: 1})
	p := newPublisher(t, true, false)
	p.publish(t, url+"/whip/one", "")
	feed := in.Next(t)
	offer := newPublisher(t, true, false).offer(t)
	if answer := post(t, url+"/whip/two", "", offer); answer.StatusCode != 503 {
		t.Errorf("second session: %s", answer.Status)
	}
	request(t, http.MethodDelete, url+p.location, "")
	feed.WaitClosed(t)
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); { // the room is free a moment after the channel is
		if answer := post(t, url+"/whip/two", "", offer); answer.StatusCode == 201 {
			return
		}
	}
	t.Error("no session after the first has ended")
}
