package check

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// fault is something that a service does wrong, and the rules that it breaks by it.
type fault struct {
	rules   []int
	channel channel
	do      func(*server, *reply)
}

// inPlaylists edits media playlists.
func inPlaylists(old, now string) func(*server, *reply) {
	return func(_ *server, r *reply) {
		if r.playlist() {
			r.edit(old, now)
		}
	}
}

// in edits one playlist or MPD.
func in(path, old, now string) func(*server, *reply) {
	return func(_ *server, r *reply) {
		if r.is(path) {
			r.edit(old, now)
		}
	}
}

// later does it once the check has been going on for a while.
func later(do func(*server, *reply)) func(*server, *reply) {
	return func(s *server, r *reply) {
		if r.late(s) {
			do(s, r)
		}
	}
}

// drop leaves out lines that begin so.
func drop(path, line string) func(*server, *reply) {
	return func(_ *server, r *reply) {
		if !r.is(path) {
			return
		}
		var kept []string
		for _, l := range strings.Split(string(r.body), "\n") {
			if !strings.HasPrefix(strings.TrimSpace(l), line) {
				kept = append(kept, l)
			}
		}
		r.body = []byte(strings.Join(kept, "\n"))
	}
}

// both does two things.
func both(a, b func(*server, *reply)) func(*server, *reply) {
	return func(s *server, r *reply) { a(s, r); b(s, r) }
}

// status answers a path otherwise.
func status(path string, code int) func(*server, *reply) {
	return func(_ *server, r *reply) {
		if r.path == path {
			r.status = code
		}
	}
}

// on does something to what is under a path.
func on(path string, do func(*reply)) func(*server, *reply) {
	return func(_ *server, r *reply) {
		if r.is(path) {
			do(r)
		}
	}
}

// moveDecode moves the decode times of a segment by 90 ms, in all its chunks.
func moveDecode(r *reply) {
	for at := 0; ; {
		i := bytes.Index(r.body[at:], []byte("tfdt"))
		if i < 0 {
			return
		}
		at += i + 12
		low := uint32(r.body[at])<<24 | uint32(r.body[at+1])<<16 | uint32(r.body[at+2])<<8 | uint32(r.body[at+3])
		copy(r.body[at:], u32(low+8100))
	}
}

// moveDates moves all dates of a playlist by 400 ms.
func moveDates(r *reply) {
	r.body = dateTag.ReplaceAllFunc(r.body, func(tag []byte) []byte {
		at, _ := time.Parse(dateForm, string(bytes.TrimSpace(tag[10:])))
		return []byte("DATE-TIME:" + at.Add(400*time.Millisecond).Format(dateForm) + "\n")
	})
}

// keptLong lets caches keep a playlist that did not wait for a minute.
func keptLong(_ *server, r *reply) {
	if r.playlist() && len(r.query) == 0 {
		r.age = 60
	}
}

func noGzip(_ *server, r *reply) { r.plain = true }

func noCORS(_ *server, r *reply) { r.header.Del("Access-Control-Allow-Origin") }

func refuseHEAD(_ *server, r *reply) {
	if r.method == "HEAD" {
		r.status = 405
	}
}

var dateTag = regexp.MustCompile(`DATE-TIME:(.*)\n`)

func hlsFaults() map[string]fault {
	plain, none := channel{plain: true}, channel{}
	return map[string]fault{
		"the target duration changes": {[]int{ruleTarget}, channel{whole: true}, both(
			inPlaylists("CAN-SKIP-UNTIL=12.0,HOLD-BACK=6.0", "CAN-SKIP-UNTIL=18.0,HOLD-BACK=9.0"), later(func(_ *server, r *reply) {
				r.edit("TARGETDURATION:2", "TARGETDURATION:3")
				r.edit("HOLD-BACK=6.0\n", "HOLD-BACK=9.0\n")
			}))},
		"the media sequence number falls": {[]int{ruleSequence}, plain, func(s *server, r *reply) {
			if since := r.now.Sub(s.begin); r.is("/v1/index.m3u8") && since > 107500*time.Millisecond && since < 108500*time.Millisecond {
				r.body = []byte(s.media(simVideo, r.now.Add(-2*time.Second), false))
			}
		}},
		"the media sequence number jumps": {[]int{ruleSequence, ruleDurations}, plain, later(func(s *server, r *reply) {
			if r.is("/v1/index.m3u8") {
				first := s.oldest(simVideo, r.now)
				r.edit("MEDIA-SEQUENCE:"+utoa(first), "MEDIA-SEQUENCE:"+utoa(first+1))
			}
		})},
		"the URI of a segment changes":      {[]int{ruleSequence}, none, later(in("/v1/index.m3u8", "\n50.m4s", "\n50.m4s?again"))},
		"the bytes of a segment change":     {[]int{ruleSequence}, none, later(on("/v1/49.m4s", func(r *reply) { r.body[len(r.body)-1]++ }))},
		"a segment is listed and not there": {[]int{ruleSequence}, none, status("/v1/53.m4s", 404)},
		"a segment goes as soon as it is unlisted": {[]int{ruleSequence}, channel{plain: true, window: 7}, func(s *server, r *reply) {
			if n, ok := strings.CutSuffix(r.path, ".m4s"); ok && r.status == 200 && strings.HasPrefix(n, "/v1/") && n < "/v1/"+utoa(s.oldest(simVideo, r.now)) {
				r.status = 404
			}
		}},
		"EXTINF is wrong":                    {[]int{ruleDurations}, none, in("/v1/index.m3u8", "#EXTINF:2.000,\n53.m4s", "#EXTINF:1.900,\n53.m4s")},
		"decode times jump":                  {[]int{ruleDurations}, none, on("/v1/53.m4s", moveDecode)},
		"there are no dates":                 {[]int{ruleDate}, none, drop("/v1/index.m3u8", "#EXT-X-PROGRAM-DATE-TIME")},
		"the dates of one rendition are off": {[]int{ruleDate}, none, on("/a1/index.m3u8", moveDates)},
		"discontinuities are not counted":    {[]int{ruleDiscontinuity}, channel{cut: 44}, func(_ *server, r *reply) { r.edit("DISCONTINUITY-SEQUENCE:1", "DISCONTINUITY-SEQUENCE:0") }},
		"a discontinuity stands elsewhere":   {[]int{ruleDiscontinuity}, channel{cut: 48}, in("/a1/index.m3u8", "DISCONTINUITY-SEQUENCE:0", "DISCONTINUITY-SEQUENCE:1")},
		"their count is missing":             {[]int{ruleDiscontinuity}, channel{}, later(drop("/v1/index.m3u8", "#EXT-X-DISCONTINUITY-SEQUENCE"))},
		"a segment does not begin with an IDR": {[]int{ruleIndependent}, none, on("/v1/53.m4s", func(r *reply) {
			if i := bytes.IndexByte(r.body, 0x65); !r.ranged && i > 0 {
				r.body[bytes.Index(r.body, []byte("mdat"))+8] = 0x41
			}
		})},
		"independent segments are not told of": {[]int{ruleIndependent}, none, func(_ *server, r *reply) { r.edit("#EXT-X-INDEPENDENT-SEGMENTS\n", "") }},
		"server control differs":               {[]int{ruleAlike}, none, in("/a1/index.m3u8", "HOLD-BACK=6.0,", "HOLD-BACK=7.0,")},
		"only four segments are listed":        {[]int{ruleAlike}, channel{plain: true, window: 4}, nil},
		"there is no map":                      {[]int{ruleMap}, none, drop("/v1/index.m3u8", "#EXT-X-MAP")},
		"CODECS is missing":                    {[]int{ruleVariants}, none, in("/index.m3u8", `CODECS="avc1.64001f,mp4a.40.2",`, "")},
		"CODECS is not that of the media":      {[]int{ruleVariants}, none, in("/index.m3u8", `CODECS="avc1.64001f,mp4a`, `CODECS="avc1.640028,mp4a`)},
		"BANDWIDTH is too low":                 {[]int{ruleVariants}, none, in("/index.m3u8", "BANDWIDTH=60000,AVERAGE-BANDWIDTH=58000", "BANDWIDTH=30000,AVERAGE-BANDWIDTH=30000")},
		"LANGUAGE is missing":                  {[]int{ruleRenditions}, none, in("/index.m3u8", `LANGUAGE="en",`, "")},
		"there is no I-frame playlist":         {[]int{ruleIFrames}, none, drop("/index.m3u8", "#EXT-X-I-FRAME")},
		"an I-frame's range is too short":      {[]int{ruleIFrames}, none, in("/v1/iframes.m3u8", "BYTERANGE:1", "BYTERANGE:")},
		"the version is too low":               {[]int{ruleForm}, none, inPlaylists("VERSION:6", "VERSION:5")},
		"a live playlist is called VOD":        {[]int{ruleForm}, none, inPlaylists("#EXT-X-MEDIA-SEQ", "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-MEDIA-SEQ")},
		"the playlist goes on behind its end": {[]int{ruleForm}, plain, func(s *server, r *reply) {
			if r.is("/v1/index.m3u8") && r.late(s) && r.now.Sub(s.begin) < 107500*time.Millisecond {
				r.body = append(r.body, "#EXT-X-ENDLIST\n"...)
			}
		}},
		"a playlist's content type is wrong": {[]int{ruleHTTP}, none, func(_ *server, r *reply) {
			r.mime = strings.Replace(r.mime, "application/vnd.apple.mpegurl", "text/plain", 1)
		}},
		"a segment's content type is wrong": {[]int{ruleHTTP}, none, func(_ *server, r *reply) { r.mime = strings.Replace(r.mime, "audio/mp4", "video/mp4", 1) }},
		"there is no gzip":                  {[]int{ruleHTTP}, none, noGzip},
		"there is no CORS":                  {[]int{ruleHTTP}, none, noCORS},
		"HEAD is refused":                   {[]int{ruleHTTP}, none, refuseHEAD},
		"everything is there":               {[]int{ruleHTTP}, none, func(_ *server, r *reply) { r.status = map[bool]int{true: 200, false: r.status}[r.status == 404] }},
		"nothing new comes for a while":     {[]int{rulePace}, channel{plain: true, frozen: 5 * time.Second}, nil},
		"PART-HOLD-BACK is too small":       {[]int{ruleControl}, none, inPlaylists("PART-HOLD-BACK=0.6", "PART-HOLD-BACK=0.5")},
		"a part is too long":                {[]int{ruleParts}, none, in("/v1/index.m3u8", `DURATION=0.200,URI="53.3`, `DURATION=0.230,URI="53.3`)},
		"a part is too short":               {[]int{ruleParts}, none, in("/v1/index.m3u8", `DURATION=0.200,URI="53.3`, `DURATION=0.160,URI="53.3`)},
		"a part is not called independent":  {[]int{ruleParts}, none, in("/v1/index.m3u8", `URI="54.0.m4s",INDEPENDENT=YES`, `URI="54.0.m4s"`)},
		"the parts are not the segment":     {[]int{ruleParts}, none, on("/v1/54.3.m4s", func(r *reply) { r.body[len(r.body)-1]++ })},
		"parts are listed for too long":     {[]int{rulePartsListed}, channel{listed: 9}, nil},
		"parts go at once": {[]int{rulePartsListed}, none, func(s *server, r *reply) {
			n, part, _ := strings.Cut(strings.TrimPrefix(r.path, "/v1/"), ".")
			if part != "m4s" && strings.HasSuffix(part, ".m4s") && n[0] != '/' && n < utoa(s.open(simVideo, r.now)-3) {
				r.status = 404
			}
		}},
		"a reload is not held": {[]int{ruleBlocking}, none, func(s *server, r *reply) {
			if r.is("/v1/index.m3u8") && r.late(s) && r.query.Get("_HLS_part") != "" {
				r.body = []byte(s.media(simVideo, r.now.Add(-250*time.Millisecond), false))
			}
		}},
		"_HLS_part alone is answered": {[]int{ruleBlocking}, none, func(s *server, r *reply) {
			if r.playlist() || r.status == 400 && r.query.Get("_HLS_msn") == "" {
				t := simVideo
				if r.path != "/v1/index.m3u8" {
					t = simAudio
				}
				if r.status == 400 {
					r.status, r.body = 200, []byte(s.media(t, r.now, false))
				}
			}
		}},
		"a delta update skips too much": {[]int{ruleDelta}, channel{least: 5}, nil},
		"a delta update changes a segment": {[]int{ruleDelta}, none, func(_ *server, r *reply) {
			if r.playlist() && r.query.Get("_HLS_skip") == "" && r.query.Get("_HLS_part") != "" {
				r.edit("2.000,\n53.m4s", "2.001,\n53.m4s")
			}
		}},
		"the hint is wrong":               {[]int{ruleHint}, none, inPlaylists(`3.m4s"`+"\n#EXT-X-RENDITION", `4.m4s"`+"\n#EXT-X-RENDITION")},
		"there are two hints":             {[]int{ruleHint}, none, inPlaylists("#EXT-X-RENDITION", "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"x.m4s\"\n#EXT-X-RENDITION")},
		"a hinted part comes in drops":    {[]int{ruleHint}, none, func(_ *server, r *reply) { r.pace = drops(r) }},
		"a hinted part is refused":        {[]int{ruleHint}, none, refuseHinted},
		"a rendition report is missing":   {[]int{ruleReport}, none, drop("/v1/index.m3u8", "#EXT-X-RENDITION-REPORT")},
		"a rendition report is not true":  {[]int{ruleReport}, none, in("/v1/index.m3u8", "LAST-MSN=5", "LAST-MSN=4")},
		"a playlist is kept for a minute": {[]int{ruleCache}, none, keptLong},
		"media have no decode times":      {[]int{ruleContainer}, none, on("/v1/53.m4s", func(r *reply) { r.body = bytes.ReplaceAll(r.body, []byte("tfdt"), []byte("free")) })},
		"media have samples elsewhere": {[]int{ruleContainer}, none, on("/v1/53.m4s", func(r *reply) {
			if !r.ranged {
				r.body = bytes.Replace(r.body, []byte("mdat"), []byte("free"), 1)
			}
		})},
	}
}

// drops lets a part that was hinted come in pieces.
func drops(r *reply) []time.Duration {
	if !strings.HasPrefix(r.path, "/v1/") || strings.Count(r.path, ".") != 2 {
		return r.pace
	}
	return []time.Duration{0, 60 * time.Millisecond, 60 * time.Millisecond, 60 * time.Millisecond}
}

// refuseHinted answers 404 for what is not there yet.
func refuseHinted(_ *server, r *reply) {
	if strings.HasPrefix(r.path, "/v1/") && strings.HasSuffix(r.path, ".3.m4s") && r.asked.Before(r.now) {
		r.status = 404
	}
}

func TestEachFaultOfHLSIsFound(t *testing.T) {
	t.Parallel()
	for name, f := range hlsFaults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f.find(t, "/index.m3u8", nil)
		})
	}
}

// find checks a channel, or what was captured of one, that does it wrong: those rules fail and no others.
func (f fault) find(t *testing.T, path string, captured *capture) {
	r := checked(t, &server{channel: f.channel, captured: captured, fault: f.do}, path, simLength)
	var failed []int
	for i := range r.Findings {
		if r.Findings[i].Verdict == Fail {
			failed = append(failed, r.Findings[i].Number)
			assert.NotEmpty(t, r.Findings[i].Evidence)
		}
	}
	assert.ElementsMatch(t, f.rules, failed, text(r, Fail))
}
