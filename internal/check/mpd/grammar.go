package mpd

// element is what the schema wants of an element: attributes with their types ("!" behind the name: required), children in
// their order ("!" behind the name: at least one, "?": at most one).
type element struct {
	attributes map[string]string
	children   []string
	open       bool // may have other content, which is not looked at
}

// common is what AdaptationSet, Representation and SubRepresentation share (5.3.7).
var common = map[string]string{
	"profiles": "text", "width": "uint", "height": "uint", "sar": "ratio", "frameRate": "rate", "audioSamplingRate": "uints",
	"mimeType": "text", "segmentProfiles": "text", "codecs": "codecs", "containerProfiles": "text", "maximumSAPPeriod": "double",
	"startWithSAP": "sap", "maxPlayoutRate": "double", "codingDependency": "bool", "scanType": "text", "selectionPriority": "uint",
	"tag": "text",
}

var commonChildren = []string{
	"FramePacking", "AudioChannelConfiguration", "ContentProtection", "OutputProtection?", "EssentialProperty", "SupplementalProperty",
	"InbandEventStream", "Switching", "RandomAccess", "GroupLabel", "Label", "ProducerReferenceTime", "ContentPopularityRate", "Resync",
}

var segmentBase = map[string]string{
	"timescale": "uint", "eptDelta": "int", "pdDelta": "int", "presentationTimeOffset": "ulong", "presentationDuration": "ulong",
	"timeShiftBufferDepth": "duration", "indexRange": "text", "indexRangeExact": "bool", "availabilityTimeOffset": "double",
	"availabilityTimeComplete": "bool",
}

var segmentBaseChildren = []string{"Initialization?", "RepresentationIndex?", "FailoverContent?"}

var descriptor = element{attributes: map[string]string{"schemeIdUri!": "text", "value": "text", "id": "text"}, open: true}

func with(base, more map[string]string) map[string]string {
	out := make(map[string]string, len(base)+len(more))
	for k, v := range base {
		out[k] = v
	}
	for k, v := range more {
		out[k] = v
	}
	return out
}

func after(base []string, more ...string) []string {
	return append(append([]string(nil), base...), more...)
}

// grammar is the part of the schema that live services use. Elements that are not in it are taken as they are.
func grammar() map[string]element {
	free := element{open: true}
	multiple := with(segmentBase, map[string]string{"duration": "uint", "startNumber": "uint", "endNumber": "uint"})
	return map[string]element{
		"MPD": {
			attributes: map[string]string{
				"id": "text", "profiles!": "urns", "type": "type", "availabilityStartTime": "time", "availabilityEndTime": "time",
				"publishTime": "time", "mediaPresentationDuration": "duration", "minimumUpdatePeriod": "duration",
				"minBufferTime!": "duration", "timeShiftBufferDepth": "duration", "suggestedPresentationDelay": "duration",
				"maxSegmentDuration": "duration", "maxSubsegmentDuration": "duration",
			},
			children: []string{
				"ProgramInformation", "BaseURL", "Location", "PatchLocation", "ServiceDescription", "InitializationSet",
				"InitializationGroup", "InitializationPresentation", "ContentProtection", "Period!", "Metrics", "EssentialProperty",
				"SupplementalProperty", "UTCTiming", "LeapSecondInformation?",
			},
		},
		"Period": {
			attributes: map[string]string{"id": "text", "start": "duration", "duration": "duration", "bitstreamSwitching": "bool"},
			children: []string{
				"BaseURL", "SegmentBase?", "SegmentList?", "SegmentTemplate?", "AssetIdentifier?", "EventStream", "ServiceDescription",
				"ContentProtection", "AdaptationSet", "Subset", "SupplementalProperty", "EmptyAdaptationSet", "GroupLabel", "Preselection",
			},
		},
		"AdaptationSet": {
			attributes: with(common, map[string]string{
				"id": "uint", "group": "uint", "lang": "lang", "contentType": "text", "par": "ratio", "minBandwidth": "uint",
				"maxBandwidth": "uint", "minWidth": "uint", "maxWidth": "uint", "minHeight": "uint", "maxHeight": "uint",
				"minFrameRate": "rate", "maxFrameRate": "rate", "segmentAlignment": "bool", "subsegmentAlignment": "bool",
				"subsegmentStartsWithSAP": "sap", "bitstreamSwitching": "bool", "initializationSetRef": "text", "initializationPrincipal": "text",
			}),
			children: after(commonChildren, "Accessibility", "Role", "Rating", "Viewpoint", "ContentComponent", "BaseURL", "SegmentBase?",
				"SegmentList?", "SegmentTemplate?", "Representation"),
		},
		"Representation": {
			attributes: with(common, map[string]string{
				"id!": "name", "bandwidth!": "uint", "qualityRanking": "uint", "dependencyId": "text", "associationId": "text",
				"associationType": "text", "mediaStreamStructureId": "text",
			}),
			children: after(commonChildren, "BaseURL", "ExtendedBandwidth", "SubRepresentation", "SegmentBase?", "SegmentList?", "SegmentTemplate?"),
		},
		"SegmentTemplate": {
			attributes: with(multiple, map[string]string{"media": "text", "index": "text", "initialization": "text", "bitstreamSwitching": "text"}),
			children:   after(segmentBaseChildren, "SegmentTimeline?", "BitstreamSwitching?"),
		},
		"SegmentList": {
			attributes: multiple, children: after(segmentBaseChildren, "SegmentTimeline?", "BitstreamSwitching?", "SegmentURL"),
		},
		"SegmentBase":     {attributes: segmentBase, children: segmentBaseChildren},
		"SegmentTimeline": {children: []string{"Pattern", "S!"}},
		"S":               {attributes: map[string]string{"t": "ulong", "n": "ulong", "d!": "ulong", "r": "int", "k": "ulong", "p": "uint", "pE": "uint"}},
		"ServiceDescription": {
			attributes: map[string]string{"id": "uint"},
			children:   []string{"Scope", "Latency", "PlaybackRate", "OperatingQuality", "OperatingBandwidth"},
		},
		"Latency": {
			attributes: map[string]string{"referenceId": "uint", "target": "uint", "max": "uint", "min": "uint"}, children: []string{"QualityLatency"},
		},
		"PlaybackRate": {attributes: map[string]string{"max": "double", "min": "double"}},
		"ProducerReferenceTime": {
			attributes: map[string]string{
				"id!": "uint", "inband": "bool", "type": "text", "applicationScheme": "text", "wallClockTime!": "text", "presentationTime!": "ulong",
			},
			children: []string{"UTCTiming?"},
		},
		"BaseURL": {attributes: map[string]string{
			"serviceLocation": "text", "byteRange": "text", "availabilityTimeOffset": "double", "availabilityTimeComplete": "bool",
			"timeShiftBufferDepth": "duration", "rangeAccess": "bool",
		}, open: true},
		"PatchLocation":  {attributes: map[string]string{"ttl": "double"}, open: true},
		"Initialization": {attributes: map[string]string{"sourceURL": "text", "range": "text"}},
		"Role":           descriptor, "Accessibility": descriptor, "Rating": descriptor, "Viewpoint": descriptor, "UTCTiming": descriptor,
		"EssentialProperty": descriptor, "SupplementalProperty": descriptor, "AudioChannelConfiguration": descriptor, "FramePacking": descriptor,
		"ContentProtection": free, "EventStream": free, "InbandEventStream": free, "ProgramInformation": free, "Event": free, "Metrics": free,
	}
}
