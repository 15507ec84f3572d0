package check

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"
)

const manifest = "/manifest.mpd"

var (
	publishAttribute = regexp.MustCompile(`publishTime="[^"]*"`)
	producerElement  = regexp.MustCompile(`<ProducerReferenceTime[^>]*/>\n`)
	serviceElement   = regexp.MustCompile(`(?s)  <ServiceDescription.*</ServiceDescription>\n`)
	timingElement    = regexp.MustCompile(`  <UTCTiming[^>]*/>\n`)
	startNumber      = regexp.MustCompile(`startNumber="\d+"`)
)

// cut leaves out what a form matches.
func cut(form *regexp.Regexp, instead string) func(*server, *reply) {
	return on(manifest, func(r *reply) { r.body = form.ReplaceAll(r.body, []byte(instead)) })
}

// atItsEnd lets what comes in pieces come at once, when its last piece is there.
func atItsEnd(_ *server, r *reply) {
	var all time.Duration
	for _, p := range r.pace {
		all += p
	}
	if r.pace != nil {
		r.pace = []time.Duration{all}
	}
}

func anHourOff(r *reply) { r.body = []byte(r.now.Add(-time.Hour).UTC().Format(time.RFC3339)) }

func dashFaults() map[string]fault {
	none, ahead, finished := channel{}, channel{ahead: true}, channel{end: 40, window: 40}
	edit := func(old, now string) func(*server, *reply) { return in(manifest, old, now) }
	return map[string]fault{
		"an attribute is missing":         {[]int{ruleSchema}, none, edit(` profiles="urn:mpeg:dash:profile:isoff-live:2011"`, ``)},
		"an attribute is not known":       {[]int{ruleSchema}, none, edit(`segmentAlignment=`, `alignment=`)},
		"an attribute is of another type": {[]int{ruleSchema}, none, edit(`startWithSAP="1"`, `startWithSAP="yes"`)},
		"elements are out of order": {[]int{ruleSchema}, none, on(manifest, func(r *reply) {
			timing := timingElement.Find(r.body)
			r.body = timingElement.ReplaceAll(r.body, nil)
			r.body = bytes.Replace(r.body, []byte("  <Period"), append(bytes.Clone(timing), "  <Period"...), 1)
		})},
		"@codecs is not that of the media":  {[]int{ruleSchema}, none, edit("avc1.64001f", "avc1.640028")},
		"availabilityStartTime changes":     {[]int{ruleStable}, none, later(edit("1970-01-01T00:00:00Z", "1970-01-01T00:00:01Z"))},
		"the id of a Period changes":        {[]int{ruleStable}, none, later(edit(`id="p0"`, `id="q0"`))},
		"the start of a Period changes":     {[]int{ruleStable}, none, later(edit(`.000S">`, `.500S">`))},
		"AdaptationSets have no id":         {[]int{ruleStable}, none, edit(`<AdaptationSet id="2"`, `<AdaptationSet`)},
		"AdaptationSets change their order": {[]int{ruleStable}, none, later(edit(`<AdaptationSet id="2"`, `<AdaptationSet id="3"`))},
		"UTCTiming is missing":              {[]int{ruleClock}, none, cut(timingElement, "")},
		"UTCTiming is an hour off":          {[]int{ruleClock}, none, on("/time", anHourOff)},
		"publishTime is stuck":              {[]int{ruleClock}, none, cut(publishAttribute, `publishTime="2000-01-01T00:00:00Z"`)},
		"there is a gap in the timeline": {[]int{ruleTimeline}, none, on(manifest, func(r *reply) {
			lines := strings.Split(string(r.body), "\n")
			for i, l := range lines {
				if strings.Contains(l, `d="180000"`) && strings.Contains(lines[i+1], `d="180000"`) {
					lines[i] = strings.Replace(l, `d="180000"`, `d="176400"`, 1)
					break
				}
			}
			r.body = []byte(strings.Join(lines, "\n"))
		})},
		"decode times are not those listed": {[]int{ruleTimeline}, none, on("/v1/53.m4s", moveDecode)},
		"numbers do not go on":              {[]int{ruleTimeline, ruleDepth}, none, cut(startNumber, `startNumber="45"`)},
		"expired segments stay":             {[]int{ruleTimeline}, none, edit(`suggestedPresentationDelay="PT6S" timeShiftBufferDepth="PT20S"`, `suggestedPresentationDelay="PT2S" timeShiftBufferDepth="PT4S"`)},
		"a segment is listed and not there": {[]int{ruleDepth}, none, status("/v1/53.m4s", 404)},
		"the oldest segment is not there": {[]int{ruleDepth}, none, func(s *server, r *reply) {
			if r.path == "/v1/"+utoa(s.oldest(simVideo, r.now))+".m4s" {
				r.status = 404
			}
		}},
		"the bytes of a segment change":       {[]int{ruleSequence}, channel{window: 5}, later(on("/v1/49.m4s", func(r *reply) { r.body[len(r.body)-1]++ }))},
		"the delay is longer than the buffer": {[]int{ruleBuffer}, none, edit(`suggestedPresentationDelay="PT6S"`, `suggestedPresentationDelay="PT30S"`)},
		"@bandwidth is too low":               {[]int{ruleBuffer}, none, edit(`bandwidth="40000"`, `bandwidth="15000"`)},
		"a static MPD is to be updated":       {[]int{ruleEnd}, finished, edit(`type="static"`, `type="static" minimumUpdatePeriod="PT2S"`)},
		"a static MPD changes": {[]int{ruleEnd}, finished, func(s *server, r *reply) {
			if since := r.now.Sub(s.begin); r.is(manifest) && since > 101*time.Second {
				r.edit(`minBufferTime="PT2S"`, `minBufferTime="PT3S"`)
			}
		}},
		"ServiceDescription is missing":       {[]int{ruleLowLatency}, ahead, cut(serviceElement, "")},
		"ProducerReferenceTime is missing":    {[]int{ruleLowLatency}, ahead, cut(producerElement, "")},
		"availabilityTimeComplete is missing": {[]int{ruleLowLatency}, ahead, edit(` availabilityTimeComplete="false"`, "")},
		"the open segment comes at its end":   {[]int{ruleLowLatency}, ahead, atItsEnd},
		"a number is too large":               {[]int{ruleNumbers}, none, edit(`timescale="90000"`, `timescale="90000" presentationDuration="9007199254740993"`)},
		"the content type is wrong":           {[]int{ruleHTTP}, none, on(manifest, func(r *reply) { r.mime = "text/xml" })},
		"segments do not begin with an IDR": {[]int{ruleIndependent}, none, on("/v1/53.m4s", func(r *reply) {
			r.body[bytes.Index(r.body, []byte("mdat"))+8] = 0x41
		})},
		"there is no mdat": {[]int{ruleContainer}, none, on("/v1/53.m4s", func(r *reply) { r.body = bytes.Replace(r.body, []byte("mdat"), []byte("free"), 1) })},
	}
}

func TestEachFaultOfDASHIsFound(t *testing.T) {
	t.Parallel()
	for name, f := range dashFaults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f.find(t, manifest, nil)
		})
	}
}
