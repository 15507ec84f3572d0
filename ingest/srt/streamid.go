package srt

import (
	"fmt"
	"net/url"
	"strings"

	gosrt "github.com/datarhei/gosrt"
)

// maxStreamID is the longest streamid, in bytes (draft-sharabayko-srt, 3.2.1.3).
const maxStreamID = 512

// standard begins a streamid in the notation of the SRT Access Control guidelines.
const standard = "#!::"

// streamID is what a publisher asks for.
type streamID struct {
	Channel   string
	Rendition string // "": the only one
	Input     string // "": the only one
	Key       string // a secret
}

// parseStreamID reads both notations. Keys that are not known are passed over; what names no channel to publish to is a *refusal.
func parseStreamID(s string) (streamID, error) {
	if len(s) > maxStreamID {
		return streamID{}, badRequest("the streamid is longer than %d bytes", maxStreamID)
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return streamID{}, badRequest("the streamid must be printable ASCII: byte %d is not", i+1)
		}
	}
	// Some programs leave a streamid in a URL as it is escaped there. Neither names nor keys have a percent sign.
	if plain, err := url.PathUnescape(s); err == nil && strings.Contains(s, "%") {
		return parseStreamID(plain)
	}
	if rest, ok := strings.CutPrefix(s, standard); ok {
		return parseStandard(rest)
	}
	mode, rest, ok := strings.Cut(s, ":")
	switch {
	case !ok:
		return streamID{}, badRequest("the streamid must be publish:CHANNEL or %sm=publish,r=CHANNEL", standard)
	case mode != "publish":
		return streamID{}, badMode(mode)
	}
	resource, key, _ := strings.Cut(rest, ":")
	id := streamID{Key: key}
	return id, id.name(resource)
}

// parseStandard reads key=value pairs (SRT Access Control, Standard Keys).
func parseStandard(s string) (streamID, error) {
	var id streamID
	var mode, kind, resource string
	known := map[string]*string{"m": &mode, "t": &kind, "r": &resource, "key": &id.Key, "input": &id.Input}
	seen := make(map[string]bool, len(known))
	for pair := range strings.SplitSeq(s, ",") {
		name, value, _ := strings.Cut(pair, "=")
		to, ok := known[name]
		if !ok {
			continue
		}
		if seen[name] {
			return streamID{}, badRequest("%s is in the streamid twice", name)
		}
		seen[name], *to = true, value
	}
	if mode != "publish" {
		return streamID{}, badMode(mode)
	}
	if kind != "" && kind != "stream" {
		return streamID{}, &refusal{code: rejectMedia, reason: fmt.Sprintf("type %q is not taken: a stream is", shorten(kind))}
	}
	return id, id.name(resource)
}

// name takes CHANNEL[/RENDITION] apart.
func (id *streamID) name(resource string) error {
	id.Channel, id.Rendition, _ = strings.Cut(resource, "/")
	if id.Channel == "" {
		return badRequest("the streamid names no channel: publish:CHANNEL or %sm=publish,r=CHANNEL", standard)
	}
	return nil
}

func badMode(mode string) error {
	if mode == "" {
		mode = "request" // as the guidelines say
	}
	return &refusal{code: gosrt.REJX_BAD_MODE, reason: fmt.Sprintf("mode %q is not served: m=publish is", shorten(mode))}
}

func badRequest(format string, args ...any) error {
	return &refusal{code: gosrt.REJX_BAD_REQUEST, reason: fmt.Sprintf(format, args...)}
}

// shorten bounds what a stranger's name takes in a message, and leaves out what may be a key.
func shorten(s string) string {
	const most = 40
	if at := strings.Index(strings.ToLower(s), "key="); at >= 0 {
		s = s[:at]
	}
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
