package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// listed is one segment of a media playlist, as a player reads it.
type listed struct {
	number        uint64
	uri           string // absolute path
	init          string // absolute path of its init segment
	duration      float64
	discontinuity bool // a tag stands before it
	gap           bool
	time          time.Time // its date and time, zero where no tag stands before it
}

// mediaPlaylist is what a player reads of a media playlist.
type mediaPlaylist struct {
	target   int
	sequence uint64
	segments []listed
	parts    int // of the open segment, behind the last one
}

func (p mediaPlaylist) seconds() (sum float64) {
	for _, s := range p.segments {
		sum += s.duration
	}
	return sum
}

// discontinuities are how many there are in the window.
func (p mediaPlaylist) discontinuities() (n int) {
	for _, s := range p.segments {
		if s.discontinuity {
			n++
		}
	}
	return n
}

func (p mediaPlaylist) last() uint64 { return p.sequence + uint64(len(p.segments)) - 1 }

// manifests is the path of a channel's manifests, or of an asset's, which is named with vod/ before it.
func manifests(channel string) string {
	if strings.HasPrefix(channel, "vod/") {
		return "/" + channel
	}
	return "/live/" + channel
}

// media reads a media playlist; ok is false where the server has none now.
func (s *server) media(channel, track string) (list mediaPlaylist, ok bool) {
	s.t.Helper()
	return s.mediaForm(channel, track, "")
}

// mediaForm is media of the form that a query asks for.
func (s *server) mediaForm(channel, track, query string) (list mediaPlaylist, ok bool) {
	s.t.Helper()
	base := manifests(channel) + "/" + track
	status, body := s.get(base + "/index.m3u8" + query)
	if status != 200 {
		return list, false
	}
	return parsePlaylist(s.t, base, body), true
}

// parsePlaylist reads a media playlist that lies in the folder base.
func parsePlaylist(t testing.TB, base string, body []byte) (list mediaPlaylist) {
	t.Helper()
	var next listed
	init := ""
	lines := bufio.NewScanner(bytes.NewReader(body))
	for lines.Scan() {
		line := lines.Text()
		tag, value, _ := strings.Cut(line, ":")
		switch {
		case tag == "#EXT-X-TARGETDURATION":
			list.target = int(number(t, value))
		case tag == "#EXT-X-MEDIA-SEQUENCE":
			list.sequence = uint64(number(t, value))
		case tag == "#EXT-X-MAP":
			init = path.Join(base, attribute(value, "URI"))
		case tag == "#EXT-X-DISCONTINUITY":
			next.discontinuity = true
		case tag == "#EXT-X-GAP":
			next.gap = true
		case tag == "#EXT-X-PROGRAM-DATE-TIME":
			at, err := time.Parse(time.RFC3339Nano, value)
			require.NoError(t, err)
			next.time = at
		case tag == "#EXT-X-PART":
			list.parts++
		case tag == "#EXTINF":
			next.duration = number(t, strings.TrimSuffix(value, ","))
		case !strings.HasPrefix(line, "#") && line != "":
			next.uri, next.init = path.Join(base, line), init
			next.number = list.sequence + uint64(len(list.segments))
			list.segments = append(list.segments, next)
			next, list.parts = listed{}, 0
		}
	}
	return list
}

// attribute is the value of one attribute of an HLS tag, without quotes.
func attribute(list, name string) string {
	found := regexp.MustCompile(`(?:^|,)` + name + `=("[^"]*"|[^,]*)`).FindStringSubmatch(list)
	if found == nil {
		return ""
	}
	return strings.Trim(found[1], `"`)
}

func number(t testing.TB, text string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(text, 64)
	require.NoError(t, err)
	return n
}

// waitMedia waits until a media playlist lists at least so many segments.
func (s *server) waitMedia(channel, track string, segments int, atMost time.Duration) mediaPlaylist {
	s.t.Helper()
	var list mediaPlaylist
	eventually(s.t, atMost, fmt.Sprintf("%s/%s lists %d segments", channel, track, segments), func() bool {
		var ok bool
		list, ok = s.media(channel, track)
		return ok && len(list.segments) >= segments
	})
	return list
}
