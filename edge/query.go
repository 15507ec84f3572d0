package edge

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"time"

	"weir/manifest"
	"weir/manifest/hls"
)

// query is what the query of a manifest's URL asks for. Queries that mean the same are the same but for session.
type query struct {
	sel manifest.Selection
	// stretch and whole are the normal form of sel as a URL has it, without a question mark: of what every manifest looks at (start,
	// end, dvr, ll, at), and with what picks tracks, which media playlists do not look at.
	stretch, whole string
	session        []byte // the carried parameters, ready for a URL, without a question mark; a part of the request, or its own
	version        string // of an asset, for the URLs of its media
	from           string // of an MPD patch: publishTime of the MPD that the player has
	block          block
	delta          hls.Delta // _HLS_skip
}

// block is what a blocking playlist reload waits for (rfc8216bis, 6.2.5.2).
type block struct {
	segment uint64 // _HLS_msn
	part    int    // _HLS_part; -1: the whole segment
	on      bool
}

// queryError says which parameter is wrong, and what is wrong with it.
type queryError struct{ name, problem string }

// Error implements error.
func (e *queryError) Error() string { return e.name + ": " + e.problem }

// Bounds of a query.
const (
	maxQuery = 4 << 10 // bytes
	maxPart  = maxIndex
	// overAfter is how long after an asked-for end nothing from before it is waited for any more, where the channel went off air.
	overAfter = time.Minute
)

// parameter is one of a query's. Those that we know come first in a table, so that twice the same one is found.
type parameter int

const (
	paramStart parameter = iota
	paramEnd
	paramDVR
	paramLL
	paramAt
	paramTracks
	paramMaxHeight
	paramMaxBitrate
	paramLang
	paramMSN
	paramPart
	paramSkip
	paramFrom
	parameters
)

// name is the parameter's name in a URL.
func (p parameter) name() string {
	return [...]string{"start", "end", "dvr", "ll", "at", "tracks", "maxheight", "maxbitrate", "lang", "_HLS_msn", "_HLS_part", "_HLS_skip", "from"}[p]
}

// counts tells whether it means anything for that kind of manifest, of an asset or not; elsewhere it is like any that we do not know.
func (p parameter) counts(k kind, vod bool) bool {
	switch p {
	case paramAt:
		return vod
	case paramMSN, paramPart, paramSkip:
		return k == kindMedia || k == kindIFrames
	case paramFrom:
		return k == kindPatch
	}
	return true
}

// parseQuery reads the query of a manifest's URL as it stands in the request. Parameters that we do not know, and that carry does not
// name, mean nothing. Errors: *queryError.
func parseQuery(raw []byte, k kind, carry []string, now time.Time) (query, error) {
	return parseQueryOf(false, raw, k, carry, now)
}

// parseQueryOf is parseQuery, of an asset's manifest where vod says so.
func parseQueryOf(vod bool, raw []byte, k kind, carry []string, now time.Time) (query, error) {
	q := query{block: block{part: -1}}
	if len(raw) == 0 {
		return q, nil
	}
	if len(raw) > maxQuery {
		return q, &queryError{"query", fmt.Sprintf("it is longer than %d bytes", maxQuery)}
	}
	var seen [parameters]bool
	var carried uint64 // bits beside carry
	for rest := raw; len(rest) > 0; {
		var pair []byte
		pair, rest, _ = bytes.Cut(rest, []byte("&"))
		rawName, rawValue, _ := bytes.Cut(pair, []byte("="))
		name, ok := unescape(rawName)
		if !ok {
			return q, &queryError{"query", fmt.Sprintf("%.50q is not well-formed", rawName)}
		}
		if i := indexOf(carry, name); i >= 0 {
			if carried&(1<<i) != 0 {
				return q, twice(carry[i])
			}
			carried |= 1 << i
			q.session = appendCarried(q.session, raw, pair)
			continue
		}
		p := lookUp(name)
		if p == parameters || !p.counts(k, vod) {
			continue
		}
		if seen[p] {
			return q, twice(p.name())
		}
		seen[p] = true
		value, ok := unescape(rawValue)
		if !ok {
			return q, &queryError{p.name(), fmt.Sprintf("%.50q is not well-formed", rawValue)}
		}
		if problem := q.set(p, value); problem != "" {
			return q, &queryError{p.name(), problem}
		}
	}
	if seen[paramPart] && !seen[paramMSN] {
		return q, &queryError{paramPart.name(), "it means nothing without _HLS_msn"}
	}
	if seen[paramStart] && seen[paramEnd] && !q.sel.End.After(q.sel.Start) {
		return q, &queryError{paramEnd.name(), "it is not after start"}
	}
	q.sel.Over = seen[paramEnd] && now.Sub(q.sel.End) > overAfter
	q.normalise()
	return q, nil
}

func twice(name string) error { return &queryError{name, "it is there twice"} }

func indexOf(names []string, name []byte) int {
	for i := range names {
		if names[i] == string(name) {
			return i
		}
	}
	return -1
}

// lookUp is the parameter of that name, or parameters.
func lookUp(name []byte) parameter {
	for p := range parameters {
		if p.name() == string(name) {
			return p
		}
	}
	return parameters
}

// set takes a value over, and says what is wrong with it.
func (q *query) set(p parameter, value []byte) (problem string) {
	ok := false
	switch p {
	case paramStart:
		q.sel.Start, problem = parseTime(value)
	case paramEnd:
		q.sel.End, problem = parseTime(value)
	case paramDVR:
		q.sel.DVR, problem = parseLength(value)
	case paramLL:
		if q.sel.Ordinary, ok = string(value) == "0", string(value) == "0" || string(value) == "1"; !ok {
			return fmt.Sprintf("%.50q must be 0 or 1", value)
		}
	case paramAt:
		if q.sel.At, ok = parseSeconds(value, maxUnix); !ok {
			return fmt.Sprintf("%.50q must be seconds from the beginning", value)
		}
	case paramTracks:
		q.sel.Tracks, problem = parseTracks(value)
	case paramMaxHeight:
		var n uint64
		if n, ok = number(value); !ok || n < 1 || n > maxHeight {
			return fmt.Sprintf("%.50q must be a number of pixels from 1 to %d", value, maxHeight)
		}
		q.sel.MaxHeight = int(n)
	case paramMaxBitrate:
		q.sel.MaxBitrate, problem = parseBitrate(value)
	case paramLang:
		q.sel.Languages, problem = parseLanguages(value)
	case paramMSN:
		q.block.on = true
		if q.block.segment, ok = number(value); !ok {
			return fmt.Sprintf("%.50q must be the number of a segment", value)
		}
	case paramPart:
		var n uint64
		if n, ok = number(value); !ok || n >= maxPart {
			return fmt.Sprintf("%.50q must be the number of a part", value)
		}
		q.block.part = int(n)
	case paramSkip:
		switch string(value) {
		case "YES":
			q.delta = hls.Skip
		case "v2":
			q.delta = hls.SkipRanges
		default:
			return fmt.Sprintf("%.50q must be YES or v2", value)
		}
	case paramFrom:
		_, problem = parseTime(value)
		q.from = string(value)
	}
	return problem
}

// normalise writes down what q asks for in the one form that it has.
func (q *query) normalise() {
	if q.sel.All() {
		return
	}
	var b []byte
	add := func(p parameter) {
		if len(b) > 0 {
			b = append(b, '&')
		}
		b = append(append(b, p.name()...), '=')
	}
	list := func(p parameter, all []string) {
		if all == nil {
			return
		}
		add(p)
		for i, s := range all {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, s...)
		}
	}
	if !q.sel.Start.IsZero() {
		add(paramStart)
		b = appendSeconds(b, time.Duration(q.sel.Start.UnixNano()))
	}
	if !q.sel.End.IsZero() {
		add(paramEnd)
		b = appendSeconds(b, time.Duration(q.sel.End.UnixNano()))
	}
	if q.sel.DVR > 0 {
		add(paramDVR)
		b = appendSeconds(b, q.sel.DVR)
	}
	if q.sel.Ordinary {
		add(paramLL)
		b = append(b, '0')
	}
	if q.sel.At > 0 {
		add(paramAt)
		b = appendSeconds(b, q.sel.At)
	}
	q.stretch = string(b)
	list(paramTracks, q.sel.Tracks)
	if q.sel.MaxHeight > 0 {
		add(paramMaxHeight)
		b = strconv.AppendInt(b, int64(q.sel.MaxHeight), 10)
	}
	if q.sel.MaxBitrate > 0 {
		add(paramMaxBitrate)
		b = strconv.AppendInt(b, int64(q.sel.MaxBitrate), 10)
	}
	list(paramLang, q.sel.Languages)
	q.whole = string(b)
}

// sorted is a list in the one order that it has, without what is there twice.
func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
