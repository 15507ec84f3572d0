package check

import (
	"bytes"
	"regexp"
	"time"
)

var clockLine = regexp.MustCompile(`(?m)^  <UTCTiming.*\n`)

// clockFirst puts UTCTiming before the Periods, where the schema does not have it.
func clockFirst(r *reply) {
	line := bytes.Clone(clockLine.Find(r.body))
	r.body = clockLine.ReplaceAll(r.body, nil)
	r.body = bytes.Replace(r.body, []byte("  <Period"), append(line, "  <Period"...), 1)
}

// renewed does it to the versions of the MPD that came once the check had been going on for a while: it changes with publishTime.
func renewed(do func(*server, *reply)) func(*server, *reply) {
	return func(s *server, r *reply) {
		for _, v := range s.captured.manifests[manifest+"?"] {
			if v.At > 6*time.Second && r.is(manifest) && string(r.body) == v.Text {
				do(s, r)
				return
			}
		}
	}
}

// capturedDASH are faults of a live MPD.
func capturedDASH(c *capture) map[string]capturedFault {
	media := "/v1/" + c.number(2) + ".m4s"
	rewrite := func(form, instead string) func(*server, *reply) { return rewrite(manifest, form, instead) }
	edit := func(old, now string) func(*server, *reply) { return in(manifest, old, now) }
	return map[string]capturedFault{
		"an attribute is missing":              {[]int{ruleSchema}, rewrite(` profiles="[^"]*"`, "")},
		"an attribute is not known":            {[]int{ruleSchema}, edit("segmentAlignment=", "alignment=")},
		"elements are out of order":            {[]int{ruleSchema}, on(manifest, clockFirst)},
		"@codecs is not that of the media":     {[]int{ruleSchema}, edit("avc1.64000B", "avc1.640028")},
		"availabilityStartTime changes":        {[]int{ruleStable}, renewed(edit("1970-01-01T00:00:00Z", "1970-01-01T00:00:01Z"))},
		"the id of a Period changes":           {[]int{ruleStable}, renewed(edit(`<Period id="p1"`, `<Period id="q1"`))},
		"the start of a Period changes":        {[]int{ruleStable}, renewed(rewrite(`(<Period id="p1" start="PT\d+H\d+M\d+)\.\d+S`, "${1}.9S"))},
		"AdaptationSets have no id":            {[]int{ruleStable}, edit(`<AdaptationSet id="201"`, "<AdaptationSet")},
		"AdaptationSets change":                {[]int{ruleStable}, renewed(edit(`<AdaptationSet id="201"`, `<AdaptationSet id="202"`))},
		"UTCTiming is missing":                 {[]int{ruleClock}, on(manifest, func(r *reply) { r.body = clockLine.ReplaceAll(r.body, nil) })},
		"UTCTiming is an hour off":             {[]int{ruleClock}, on("/time", anHourOff)},
		"publishTime is stuck":                 {[]int{ruleClock}, rewrite(`publishTime="[^"]*"`, `publishTime="2026-01-01T00:00:00Z"`)},
		"there is a gap in the timeline":       {[]int{ruleTimeline}, on(manifest, gap)},
		"a listed duration changes":            {[]int{ruleTimeline}, renewed(edit(`d="95232"`, `d="94208"`))},
		"numbers do not go on":                 {[]int{ruleTimeline}, renewed(rewrite(`(v1/init-1.mp4" startNumber)="\d+"`, `$1="5"`))},
		"tfdt is not what is listed":           {[]int{ruleTimeline}, on(media, moveDecode)},
		"a segment is listed and not there":    {[]int{ruleDepth}, status("/v1/"+c.number(-2)+".m4s", 404)},
		"the delay is longer than the buffer":  {[]int{ruleBuffer}, rewrite(`suggestedPresentationDelay="[^"]*"`, `suggestedPresentationDelay="PT30S"`)},
		"@bandwidth is too low":                {[]int{ruleBuffer}, rewrite(`(<Representation id="v1" bandwidth)="\d+"`, `$1="15000"`)},
		"ServiceDescription is missing":        {[]int{ruleLowLatency}, rewrite(`(?s)  <ServiceDescription.*</ServiceDescription>\n`, "")},
		"ProducerReferenceTime is missing":     {[]int{ruleLowLatency}, rewrite(`(?sU) *<ProducerReferenceTime.*</ProducerReferenceTime>\n`, "")},
		"availabilityTimeComplete is missing":  {[]int{ruleLowLatency}, edit(` availabilityTimeComplete="false"`, "")},
		"the open segment comes at its end":    {[]int{ruleLowLatency}, atItsEnd},
		"a segment does not begin with an IDR": {[]int{ruleIndependent}, on(media, noIDR)},
		"there is no mdat":                     {[]int{ruleContainer}, on(media, func(r *reply) { r.body = bytes.Replace(r.body, []byte("mdat"), []byte("free"), 1) })},
		"the content type is wrong":            {[]int{ruleHTTP}, on(manifest, func(r *reply) { r.mime = "text/xml" })},
	}
}

// capturedStatic are faults of the MPD of a form of the channel that has ended.
func capturedStatic() map[string]capturedFault {
	return map[string]capturedFault{
		"a static MPD is to be updated": {[]int{ruleEnd}, in(manifest, `type="static"`, `type="static" minimumUpdatePeriod="PT2S"`)},
		"a static MPD has no duration": {[]int{ruleEnd}, both(rewrite(manifest, ` mediaPresentationDuration="[^"]*"`, ""),
			rewrite(manifest, `(<Period id="p1" start="[^"]*") duration="[^"]*"`, "$1"))},
		"a static MPD changes": {[]int{ruleEnd}, func(s *server, r *reply) {
			if r.is(manifest) && time.Since(s.captured.Start) > time.Second {
				r.edit(`minBufferTime="PT2S"`, `minBufferTime="PT3S"`)
			}
		}},
	}
}
