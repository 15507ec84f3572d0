package check

// Rule is something that a service must keep.
type Rule struct {
	Number int    `json:"number"`
	Title  string `json:"title"`
	Clause string `json:"clause,omitempty"`
}

// Numbers of the rules.
const (
	ruleReadable      = 0
	ruleTarget        = 1
	ruleSequence      = 2
	ruleDiscontinuity = 3
	ruleDate          = 4
	ruleDurations     = 5
	ruleIndependent   = 6
	ruleAlike         = 7
	ruleMap           = 8
	ruleVariants      = 9
	ruleRenditions    = 10
	ruleIFrames       = 11
	ruleForm          = 12
	ruleHTTP          = 13
	rulePace          = 14
	ruleControl       = 15
	ruleParts         = 16
	rulePartsListed   = 17
	ruleBlocking      = 18
	ruleDelta         = 19
	ruleHint          = 20
	ruleReport        = 21
	ruleCache         = 22
	ruleSchema        = 23
	ruleStable        = 24
	ruleClock         = 25
	ruleTimeline      = 26
	ruleDepth         = 27
	ruleBuffer        = 28
	ruleEnd           = 29
	ruleLowLatency    = 30
	ruleNumbers       = 31
	ruleContainer     = 32
)

// Rules are all rules, in the order of their numbers. Those for ingest (33 to 35) cannot be seen by who plays.
func Rules() []Rule {
	return []Rule{
		{ruleReadable, "manifests and what they name can be fetched and read", ""},
		{ruleTarget, "the target duration never changes and no segment is longer", "H 6.2.1"},
		{ruleSequence, "media sequence numbers, URIs and bytes stay; segments stay fetchable", "H 6.2.1, 6.2.2"},
		{ruleDiscontinuity, "discontinuities are at the same place everywhere and counted", "H 6.2.2, 6.2.4; A 8.15"},
		{ruleDate, "program date and time is there and consistent", "A 8.4; H 6.2.1"},
		{ruleDurations, "EXTINF is the real duration, decode times are continuous", "A 7.3, 8.1; H 6.2.4"},
		{ruleIndependent, "video segments start with an IDR, and it is said so", "A 7.4"},
		{ruleAlike, "renditions have the same target duration and server control; six segments", "H 6.2.4; A 8.11"},
		{ruleMap, "EXT-X-MAP for fragmented MP4, and its changes are discontinuities", "H 6.2.1; A 8.20"},
		{ruleVariants, "variants tell bandwidths, codecs and format truly", "A 1.28, 9"},
		{ruleRenditions, "renditions tell language, name, default, autoselect and channels", "A 8.10"},
		{ruleIFrames, "I-frame playlists, whose byte ranges hold moof and IDR", "A 6"},
		{ruleForm, "least version; ENDLIST is final; no playlist type while live", "H 6.2.2"},
		{ruleHTTP, "content types, gzip, CORS, HEAD, ranges, validators, 404", "A 10; H 6.2.1, 6.2.6"},
		{rulePace, "a new segment within 1.5 target durations; date ranges stay", "H 6.2.1"},
		{ruleControl, "server control: blocking reload, hold-backs, skip boundary", "A 14.3, 14.5"},
		{ruleParts, "parts are no longer than the part target and at least 85 % of it", "H 6.2.1"},
		{rulePartsListed, "parts are listed near the live edge only and stay fetchable", "H 6.2.2"},
		{ruleBlocking, "blocking reloads answer what was asked, when it is there", "H 6.2.5.2"},
		{ruleDelta, "delta updates leave out what is old, and nothing else", "H 6.2.5.1"},
		{ruleHint, "one preload hint a type, answered whole when it is there", "H 6.2.6"},
		{ruleReport, "a true rendition report for each other rendition", "H 4.4.5.4"},
		{ruleCache, "cache lifetimes fit what is sent", "H 6.2.5, B.1"},
		{ruleSchema, "the MPD is valid against the schema", "D"},
		{ruleStable, "availability start, Periods and AdaptationSets keep what they were", "T"},
		{ruleClock, "UTCTiming tells the time; publishTime moves with the MPD", "T"},
		{ruleTimeline, "timelines have no gaps or overlaps and say what the media is", "T"},
		{ruleDepth, "every segment listed is fetchable", "T"},
		{ruleBuffer, "presentation delay and buffer time are honest", "D"},
		{ruleEnd, "a finished service has a duration and no updates", "T"},
		{ruleLowLatency, "low latency is signalled whole or not at all, and true", "D"},
		{ruleNumbers, "numbers stay below 2^53", ""},
		{ruleContainer, "one media type a track, one moof and mdat a chunk with tfdt, brands true", "C"},
	}
}
