package check

import (
	"bytes"
	"strings"
)

// capturedFault is a fault that is injected into what was captured.
type capturedFault struct {
	rules []int // the first is the one that it is about; others are broken by it as well
	do    func(*server, *reply)
}

// capturedHLS are faults of HLS.
func capturedHLS(c *capture) map[string]capturedFault {
	odd, even := c.parity(false), c.parity(true)
	media := func(number string) string { return "/v1/" + number + ".m4s" }
	last := c.number(-1) // when the capture begins
	return map[string]capturedFault{
		"the target duration changes":         {[]int{ruleTarget, ruleControl}, later(everywhere("TARGETDURATION:2", "TARGETDURATION:3"))},
		"a segment is longer than the target": {[]int{ruleTarget, ruleDurations}, rewrite(videoList, `EXTINF:2\.000,\n`+odd, "EXTINF:2.600,\n"+odd)},

		"the URI of a segment changes":      {[]int{ruleSequence}, later(in(videoList, "\n"+c.number(1)+".m4s", "\n"+c.number(1)+".m4s?again"))},
		"the EXTINF of a segment changes":   {[]int{ruleSequence}, later(in(audioList, ",\n"+c.number(1)+".m4s", "1,\n"+c.number(1)+".m4s"))},
		"the bytes of a segment change":     {[]int{ruleSequence}, later(on(media(last), func(r *reply) { r.body[len(r.body)-1]++ }))},
		"a segment is listed and not there": {[]int{ruleSequence}, status(media(odd), 404)},
		"the media sequence number falls":   {[]int{ruleSequence, ruleBlocking}, on(keyList, fallen(c))},

		"a discontinuity is in one rendition only":  {[]int{ruleDiscontinuity}, in(audioList, "#EXT-X-DISCONTINUITY\n", "")},
		"a discontinuity that left is not counted":  {[]int{ruleDiscontinuity}, everywhere("DISCONTINUITY-SEQUENCE:1", "DISCONTINUITY-SEQUENCE:0")},
		"the count of discontinuities goes away":    {[]int{ruleDiscontinuity}, later(drop(videoList, "#EXT-X-DISCONTINUITY-SEQUENCE"))},
		"there are no dates":                        {[]int{ruleDate}, drop(videoList, "#EXT-X-PROGRAM-DATE-TIME")},
		"the dates of one rendition are off":        {[]int{ruleDate}, on(audioList, moveDates)},
		"EXTINF is not the duration of the samples": {[]int{ruleDurations}, rewrite(videoList, `EXTINF:2\.000,\n`+odd, "EXTINF:1.900,\n"+odd)},
		"tfdt jumps":                                    {[]int{ruleDurations}, on(media(odd), moveDecode)},
		"a segment does not begin with an IDR":          {[]int{ruleIndependent, ruleIFrames}, on(media(odd), noIDR)},
		"independent segments are not told of":          {[]int{ruleIndependent}, everywhere("#EXT-X-INDEPENDENT-SEGMENTS\n", "")},
		"server control is not the same":                {[]int{ruleAlike}, in(audioList, "HOLD-BACK=6.000,", "HOLD-BACK=7.000,")},
		"the target duration is not the same":           {[]int{ruleAlike, ruleControl}, in(audioList, "TARGETDURATION:2", "TARGETDURATION:3")},
		"there is no map":                               {[]int{ruleMap}, drop(videoList, "#EXT-X-MAP")},
		"the map changes without a discontinuity":       {[]int{ruleMap}, rewrite(videoList, `(,\n`+c.number(4)+`\.m4s\n)`, "${1}#EXT-X-MAP:URI=\"init-1.mp4?other\"\n")},
		"CODECS is missing":                             {[]int{ruleVariants}, rewrite(mainList, `(STREAM-INF:BANDWIDTH=.*)CODECS="[^"]*",(.*AUDIO)`, "$1$2")},
		"CODECS is not that of the media":               {[]int{ruleVariants}, in(mainList, "avc1.64000B,mp4a", "avc1.640028,mp4a")},
		"BANDWIDTH is too low":                          {[]int{ruleVariants}, rewrite(mainList, `INF:BANDWIDTH=\d+,AVERAGE-BANDWIDTH=\d+`, "INF:BANDWIDTH=20000,AVERAGE-BANDWIDTH=20000")},
		"LANGUAGE is missing":                           {[]int{ruleRenditions}, rewrite(mainList, `LANGUAGE="[^"]*",`, "")},
		"CHANNELS is missing":                           {[]int{ruleRenditions}, rewrite(mainList, `CHANNELS="[^"]*",`, "")},
		"there is no I-frame playlist":                  {[]int{ruleIFrames}, drop(mainList, "#EXT-X-I-FRAME")},
		"the ranges of I-frames are too short":          {[]int{ruleIFrames}, rewrite(keyList, `BYTERANGE:\d`, "BYTERANGE:")},
		"the version is too low":                        {[]int{ruleForm}, everywhere("#EXT-X-VERSION:6\n", "#EXT-X-VERSION:5\n")},
		"a live playlist is called VOD":                 {[]int{ruleForm}, inPlaylists("#EXT-X-MEDIA-SEQ", "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-MEDIA-SEQ")},
		"the content type is wrong":                     {[]int{ruleHTTP}, on(videoList, func(r *reply) { r.mime = "text/plain" })},
		"there is no gzip":                              {[]int{ruleHTTP}, noGzip},
		"there is no CORS":                              {[]int{ruleHTTP}, noCORS},
		"HEAD is refused":                               {[]int{ruleHTTP}, refuseHEAD},
		"a date range is there twice":                   {[]int{rulePace, ruleControl}, inPlaylists("#EXT-X-PRELOAD-HINT", strings.Repeat("#EXT-X-DATERANGE:ID=\"x\",START-DATE=\"2026-01-01T00:00:00Z\"\n", 2)+"#EXT-X-PRELOAD-HINT")},
		"PART-HOLD-BACK is too small":                   {[]int{ruleControl}, inPlaylists("PART-HOLD-BACK=0.600", "PART-HOLD-BACK=0.500")},
		"CAN-SKIP-UNTIL is too small":                   {[]int{ruleControl}, everywhere("CAN-SKIP-UNTIL=12.000", "CAN-SKIP-UNTIL=10.000")},
		"CAN-BLOCK-RELOAD is missing":                   {[]int{ruleControl}, everywhere("CAN-BLOCK-RELOAD=YES,", "")},
		"a part is too long":                            {[]int{ruleParts}, in(videoList, `DURATION=0.200,URI="`+odd+".3", `DURATION=0.230,URI="`+odd+".3")},
		"a part is too short":                           {[]int{ruleParts}, in(videoList, `DURATION=0.200,URI="`+odd+".3", `DURATION=0.160,URI="`+odd+".3")},
		"a part is not called independent":              {[]int{ruleParts}, in(videoList, even+`.0.m4s",INDEPENDENT=YES`, even+`.0.m4s"`)},
		"the parts are not the segment":                 {[]int{ruleParts}, on("/v1/"+even+".3.m4s", func(r *reply) { r.body[len(r.body)-1]++ })},
		"a part goes with its listing":                  {[]int{rulePartsListed}, later(status("/v1/"+last+".0.m4s", 404))},
		"a reload is not held":                          {[]int{ruleBlocking}, later(asked("_HLS_part", unheld))},
		"a delta update skips too much":                 {[]int{ruleDelta}, on(videoList, skipMore)},
		"a delta update has another EXTINF":             {[]int{ruleDelta}, asked("_HLS_skip", in(videoList, "2.000,\n"+odd+".m4s", "2.001,\n"+odd+".m4s"))},
		"the hint is wrong":                             {[]int{ruleHint}, rewrite(videoList, `(HINT:TYPE=PART,URI="\d+\.)3\.`, "${1}4.")},
		"there are two hints":                           {[]int{ruleHint}, inPlaylists("#EXT-X-PRELOAD-HINT", "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"x.m4s\"\n#EXT-X-PRELOAD-HINT")},
		"a hinted part comes in drops":                  {[]int{ruleHint}, func(_ *server, r *reply) { r.pace = drops(r) }},
		"a hinted part is refused":                      {[]int{ruleHint}, refuseHinted},
		"a rendition report is missing":                 {[]int{ruleReport}, rewrite(videoList, `#EXT-X-RENDITION-REPORT:URI="../a1.*\n`, "")},
		"a rendition report is not true":                {[]int{ruleReport}, rewrite(videoList, `(a1/index.m3u8",LAST-MSN)=\d+`, "$1=2")},
		"a playlist that did not wait is kept too long": {[]int{ruleCache}, keptLong},
		"media have no decode times":                    {[]int{ruleContainer}, on(media(odd), func(r *reply) { r.body = bytes.ReplaceAll(r.body, []byte("tfdt"), []byte("free")) })},
	}
}
