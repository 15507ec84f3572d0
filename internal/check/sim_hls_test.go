package check

import (
	"fmt"
	"strings"
	"time"
)

const dateForm = "2006-01-02T15:04:05.000Z"

func (c *channel) multivariant() string {
	if c.audio {
		return "#EXTM3U\n#EXT-X-INDEPENDENT-SEGMENTS\n" +
			"#EXT-X-STREAM-INF:BANDWIDTH=30000,AVERAGE-BANDWIDTH=28000,CODECS=\"mp4a.40.2\"\na1/index.m3u8\n"
	}
	return "#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-INDEPENDENT-SEGMENTS\n" +
		"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"aac\",NAME=\"Audio\",LANGUAGE=\"en\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\",URI=\"a1/index.m3u8\"\n" +
		"#EXT-X-STREAM-INF:BANDWIDTH=60000,AVERAGE-BANDWIDTH=58000,CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,FRAME-RATE=25.000,AUDIO=\"aac\"\n" +
		"v1/index.m3u8\n" +
		"#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=6000,CODECS=\"avc1.64001f\",RESOLUTION=1280x720,URI=\"v1/iframes.m3u8\"\n"
}

// media is a media playlist at a time; skip asks for a delta update.
func (c *channel) media(t track, now time.Time, skip bool) string {
	var b strings.Builder
	open, oldest, ended := c.open(t, now), c.oldest(t, now), c.ended(now)
	skipped := uint64(0)
	least := uint64(c.least)
	if least == 0 {
		least = 7
	}
	if n := (open - oldest); skip && !ended && n > least && !c.whole {
		skipped = n - least
	}
	version := 6
	if skipped > 0 {
		version = 9
	}
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:%d\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-TARGETDURATION:2\n", version)
	disc := c.run(oldest)
	if oldest == c.cut {
		disc = 0
	}
	fmt.Fprintf(&b, "#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-DISCONTINUITY-SEQUENCE:%d\n", oldest, disc)
	if !ended && !c.plain {
		b.WriteString("#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.0,HOLD-BACK=6.0,PART-HOLD-BACK=0.6\n")
		fmt.Fprintf(&b, "#EXT-X-PART-INF:PART-TARGET=%.3f\n", float64(t.part*t.frame)/float64(t.timescale))
	} else if ended {
		b.WriteString("#EXT-X-PLAYLIST-TYPE:VOD\n")
	}
	if skipped > 0 {
		fmt.Fprintf(&b, "#EXT-X-SKIP:SKIPPED-SEGMENTS=%d\n", skipped)
	} else {
		b.WriteString("#EXT-X-MAP:URI=\"init-1.mp4\"\n")
	}
	for n := oldest + skipped; n < open; n++ {
		s := c.segment(t, n)
		if n == c.cut && n > 0 {
			b.WriteString("#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"init-1.mp4\"\n")
		}
		fmt.Fprintf(&b, "#EXT-X-PROGRAM-DATE-TIME:%s\n", t.time(s.from).Format(dateForm))
		if n+max(c.listed, 3) >= open && !ended && !c.plain {
			c.writeParts(&b, t, n, c.parts(t, n))
		}
		fmt.Fprintf(&b, "#EXTINF:%.3f,\n%d.m4s\n", float64(s.count*t.frame)/float64(t.timescale), n)
	}
	if ended {
		return b.String() + "#EXT-X-ENDLIST\n"
	}
	if c.plain {
		return b.String()
	}
	parts := c.partsOf(t, now)
	if open == c.cut && len(parts) > 0 {
		b.WriteString("#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"init-1.mp4\"\n")
	}
	c.writeParts(&b, t, open, parts)
	fmt.Fprintf(&b, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"%d.%d.m4s\"\n", open, len(parts))
	for _, other := range c.tracks() {
		if other.name == t.name {
			continue
		}
		last, part := c.open(other, now), len(c.partsOf(other, now))-1
		if part < 0 {
			last--
			part = len(c.parts(other, last)) - 1
		}
		fmt.Fprintf(&b, "#EXT-X-RENDITION-REPORT:URI=\"../%s/index.m3u8\",LAST-MSN=%d,LAST-PART=%d\n", other.name, last, part)
	}
	return b.String()
}

func (c *channel) writeParts(b *strings.Builder, t track, n uint64, parts []simSpan) {
	for k, p := range parts {
		fmt.Fprintf(b, "#EXT-X-PART:DURATION=%.3f,URI=\"%d.%d.m4s\"", float64(p.count*t.frame)/float64(t.timescale), n, k)
		if k == 0 || !t.video {
			b.WriteString(",INDEPENDENT=YES")
		}
		b.WriteByte('\n')
	}
}

// iframes is the I-frame playlist of the video track.
func (c *channel) iframes(now time.Time) string {
	t := simVideo
	var b strings.Builder
	open, oldest := c.open(t, now), c.oldest(t, now)
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:5\n#EXT-X-TARGETDURATION:2\n#EXT-X-I-FRAMES-ONLY\n#EXT-X-MEDIA-SEQUENCE:%d\n", oldest)
	disc := c.run(oldest)
	if oldest == c.cut {
		disc = 0
	}
	fmt.Fprintf(&b, "#EXT-X-DISCONTINUITY-SEQUENCE:%d\n", disc)
	if !c.ended(now) && !c.plain {
		b.WriteString("#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,HOLD-BACK=6.0\n")
	}
	b.WriteString("#EXT-X-MAP:URI=\"init-1.mp4\"\n")
	for n := oldest; n < open; n++ {
		if n == c.cut && n > 0 {
			b.WriteString("#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"init-1.mp4\"\n")
		}
		s := c.segment(t, n)
		size := len(t.chunk(s.from, t.part, true, 0)) - int(t.part-1)*90
		fmt.Fprintf(&b, "#EXT-X-PROGRAM-DATE-TIME:%s\n#EXTINF:2.000,\n#EXT-X-BYTERANGE:%d@0\n%d.m4s\n", t.time(s.from).Format(dateForm), size, n)
	}
	if c.ended(now) {
		b.WriteString("#EXT-X-ENDLIST\n")
	}
	return b.String()
}
