package check

import (
	"fmt"
	"strings"
	"time"
)

// mpd is the MPD at a time.
func (c *channel) mpd(now time.Time) string {
	var b strings.Builder
	ended := c.ended(now)
	published := c.begin
	for _, t := range c.tracks() {
		if n := c.open(t, now); n > 0 {
			if at := t.there(c.segment(t, n-1)); at.After(published) {
				published = at
			}
		}
	}
	kind, more := "dynamic", ` minimumUpdatePeriod="PT2S" suggestedPresentationDelay="PT6S" timeShiftBufferDepth="PT20S"`
	if ended {
		kind, more = "static", ""
	}
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type=%q availabilityStartTime="1970-01-01T00:00:00Z" publishTime=%q minBufferTime="PT2S"%s>
`, kind, published.Format("2006-01-02T15:04:05.000Z"), more)
	if c.ahead && !ended {
		b.WriteString("  <ServiceDescription id=\"0\">\n    <Latency target=\"1500\"/>\n    <PlaybackRate max=\"1.04\" min=\"0.96\"/>\n  </ServiceDescription>\n")
	}
	lead := c.tracks()[0]
	for _, run := range []uint64{0, 1} {
		var spans [][2]uint64 // from, to of the run that are listed
		for _, t := range c.tracks() {
			from, to := c.oldest(t, now), c.open(t, now)
			for from < to && c.run(from) != run {
				from++
			}
			for to > from && c.run(to-1) != run {
				to--
			}
			spans = append(spans, [2]uint64{from, to})
		}
		if spans[0][0] == spans[0][1] || run == 1 && c.cut == 0 {
			continue
		}
		begin := c.start(run * c.cut)
		length := ""
		if c.cut > 0 && run == 0 && c.open(lead, now) > c.cut {
			length = ` duration="` + duration(c.finish(c.cut-1).Sub(begin)) + `"`
		} else if ended {
			length = ` duration="` + duration(c.finish(c.end-1).Sub(begin)) + `"`
		}
		fmt.Fprintf(&b, "  <Period id=\"p%d\" start=%q%s>\n", run, duration(time.Duration(begin.UnixNano())), length)
		for i, t := range c.tracks() {
			c.set(&b, t, begin, spans[i][0], spans[i][1], !ended)
		}
		b.WriteString("  </Period>\n")
	}
	if !ended {
		b.WriteString("  <UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:http-xsdate:2014\" value=\"/time\"/>\n")
	}
	return b.String() + "</MPD>\n"
}

func duration(d time.Duration) string { return fmt.Sprintf("PT%.3fS", d.Seconds()) }

func (c *channel) set(b *strings.Builder, t track, begin time.Time, from, to uint64, live bool) {
	id, mime, codecs, rate := 2, "audio/mp4", "mp4a.40.2", 30000
	if t.video {
		id, mime, codecs, rate = 1, "video/mp4", "avc1.64001f", 40000
	}
	fmt.Fprintf(b, "    <AdaptationSet id=\"%d\" mimeType=%q segmentAlignment=\"true\" startWithSAP=\"1\">\n", id, mime)
	low := ""
	if c.ahead && live {
		fmt.Fprintf(b, "      <ProducerReferenceTime id=\"%d\" type=\"encoder\" wallClockTime=%q presentationTime=\"%d\"/>\n",
			id, t.time(t.ticks(begin)).Format(dateForm), t.ticks(begin))
		low = ` availabilityTimeOffset="1.8" availabilityTimeComplete="false"`
	}
	fmt.Fprintf(b, "      <SegmentTemplate media=\"%s/$Number$.m4s\" initialization=\"%s/init-1.mp4\" startNumber=\"%d\" timescale=\"%d\" presentationTimeOffset=\"%d\"%s>\n        <SegmentTimeline>\n",
		t.name, t.name, from, t.timescale, uint64(begin.Unix())*t.timescale, low)
	for n := from; n < to; n++ {
		s := c.segment(t, n)
		at := ""
		if n == from {
			at = fmt.Sprintf(` t="%d"`, s.from)
		}
		fmt.Fprintf(b, "          <S%s d=\"%d\"/>\n", at, s.count*t.frame)
	}
	fmt.Fprintf(b, "        </SegmentTimeline>\n      </SegmentTemplate>\n      <Representation id=%q bandwidth=\"%d\" codecs=%q/>\n    </AdaptationSet>\n", t.name, rate, codecs)
}
