package edge

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestHeldRequestsOfAllKinds(t *testing.T) {
	t.Parallel()
	f, h, address := onAirLow(t, Config{Carry: []string{"token"}})
	blocked := playlist + "?_HLS_msn=10&_HLS_part=0"
	plain, head, zipped, closing, old, known, mine, yours, both := play(t, address), play(t, address), play(t, address), play(t, address),
		play(t, address), play(t, address), play(t, address), play(t, address), play(t, address)
	plain.ask(blocked)
	head.ask("HEAD " + blocked)
	zipped.ask(blocked, "Accept-Encoding: gzip")
	mine.ask(blocked + "&token=mine")
	yours.ask(blocked+"&token=yours", "Accept-Encoding: gzip")
	// Two requests in one go.
	if _, err := fmt.Fprintf(both.conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\nGET /live/news/v1/3.m4s HTTP/1.1\r\nHost: x\r\n\r\n", blocked); err != nil {
		t.Fatal(err)
	}
	f.held(6)
	// These wait in place.
	closing.ask(blocked, "Connection: close")
	known.ask(blocked, `If-None-Match: "x"`)
	if _, err := fmt.Fprintf(old.conn, "GET %s HTTP/1.0\r\nHost: x\r\n\r\n", blocked); err != nil {
		t.Fatal(err)
	}
	chunks, _ := segment(tracksOf()[0], 10, 4, 400)
	h.Chunk(chunks[0])

	resp, text := plain.answer()
	if resp.StatusCode != 200 || !strings.Contains(text, `"10.0.m4s"`) {
		t.Fatalf("%d\n%s", resp.StatusCode, text)
	}
	if resp, _ := head.answerTo(http.MethodHead); resp.ContentLength != int64(len(text)) {
		t.Errorf("HEAD: %v", resp.Header)
	}
	resp, body := zipped.answer()
	if r, err := gzip.NewReader(strings.NewReader(body)); err != nil || resp.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("gzip: %v, %v", err, resp.Header)
	} else if got, err := io.ReadAll(r); err != nil || string(got) != text {
		t.Errorf("gzip: %v, %q", err, got)
	}
	if resp, body := closing.answer(); body != text || !resp.Close {
		t.Errorf("close: %v", resp.Header)
	}
	if _, body := old.answer(); body != text {
		t.Errorf("HTTP/1.0: %q", body)
	}
	if _, body := known.answer(); body != text {
		t.Errorf("If-None-Match: %q", body)
	}
	if _, body := both.answer(); body != text {
		t.Errorf("pipelined: %q", body)
	}
	if _, body := both.answer(); !strings.HasPrefix(body, "a3a3") {
		t.Errorf("pipelined: %q", body)
	}
	resp, body = mine.answer()
	if !strings.Contains(body, "10.0.m4s?token=mine") || strings.Contains(body, placeholder) || resp.Header.Get("Cache-Control") != "private, max-age=12" {
		t.Errorf("session: %v\n%s", resp.Header, body)
	}
	if resp, body = yours.answer(); resp.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("session: %v\n%q", resp.Header, body)
	}
	for _, p := range []*player{plain, head, zipped, known, mine, yours, both} {
		p.get(200, "/live/news/v1/4.m4s")
	}
}

func TestEqualReloadsAreRenderedOnce(t *testing.T) {
	t.Parallel()
	f, h, address := onAirLow(t, Config{})
	const players = 300
	all := make([]*player, players)
	for i := range all {
		all[i] = play(t, address)
	}
	for round := range 3 {
		chunks, _ := segment(tracksOf()[0], 10, 4, 400)
		before := f.server.Stats().Renderings
		for i, p := range all {
			query := fmt.Sprintf("?_HLS_msn=10&_HLS_part=%d", round)
			if i%2 == 0 {
				query += "&_HLS_skip=YES"
			}
			p.ask(playlist + query)
		}
		f.held(players)
		h.Chunk(chunks[round])
		for _, p := range all {
			if resp, body := p.answer(); resp.StatusCode != 200 || !strings.Contains(body, fmt.Sprintf(`"10.%d.m4s"`, round)) {
				t.Fatalf("round %d: %d %s", round, resp.StatusCode, body)
			}
		}
		if n := f.server.Stats().Renderings - before; n != 2 {
			t.Errorf("round %d: %d renderings", round, n)
		}
	}
	count := uint64(0)
	for _, r := range f.server.Stats().Requests {
		if r.Kind == "media" && r.Status == 200 {
			count += r.Count
		}
	}
	if count != 3*players {
		t.Errorf("%d requests are counted", count)
	}
}

// TestManyAreHeldAtOnce has players come, be answered and leave while parts arrive.
func TestManyAreHeldAtOnce(t *testing.T) {
	t.Parallel()
	f, h, address := onAirLow(t, Config{})
	const players = 1000
	var all sync.WaitGroup
	failed := make(chan string, players)
	for i := range players {
		all.Go(func() {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				failed <- err.Error()
				return
			}
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(time.Now().Add(time.Minute))
			r := bufio.NewReader(conn)
			for round := range 4 {
				path := fmt.Sprintf("%s?_HLS_msn=10&_HLS_part=%d", playlist, round)
				if i%5 == 0 {
					path = fmt.Sprintf("/live/news/v1/10.%d.m4s", round)
				}
				if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path); err != nil {
					failed <- err.Error()
					return
				}
				if i%7 == 0 && round == 2 {
					return // it does not wait for the answer
				}
				resp, err := http.ReadResponse(r, nil)
				if err != nil {
					failed <- err.Error()
					return
				}
				if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != 200 {
					failed <- fmt.Sprint(resp.StatusCode, err)
					return
				}
			}
		})
	}
	chunks, _ := segment(tracksOf()[0], 10, 4, 400)
	gone := (players + 6) / 7
	for round, c := range chunks {
		waiting := players
		if round > 2 {
			waiting -= gone
		}
		f.held(waiting)
		h.Chunk(c)
	}
	all.Wait()
	close(failed)
	for why := range failed {
		t.Error(why)
	}
	f.held(0)
}
