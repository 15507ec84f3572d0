package rtmp

import (
	"net/url"
	"strings"
)

// application is the first part of every path that is served.
const application = "live"

// address is what a publisher asks for: rtmp://HOST/live/CHANNEL or …/live/CHANNEL/RENDITION, with ?key=KEY&input=INPUT after any part.
type address struct {
	App       string // first part of the path
	Channel   string
	Rendition string
	Extra     bool // there is more than a rendition
	Key       string
	Input     string
}

// stream is the address without the key.
func (a address) stream() string {
	name := a.Channel
	if a.Rendition != "" {
		name += "/" + a.Rendition
	}
	if a.Input != "" {
		name += "?input=" + a.Input
	}
	return name
}

// parseAddress puts together what a client split: application and stream name, each with a query of its own, and the query of the
// URL as a whole. Clients cut at different slashes, so the parts are joined first.
func parseAddress(app, tcURL, stream string) address {
	app, appQuery, _ := strings.Cut(app, "?")
	stream, streamQuery := cutQuery(stream)
	_, tcQuery, _ := strings.Cut(tcURL, "?")
	var parts []string
	for part := range strings.SplitSeq(app+"/"+stream, "/") {
		if part != "" {
			parts = append(parts, part)
		}
	}
	a := address{Extra: len(parts) > 3}
	for i, to := range []*string{&a.App, &a.Channel, &a.Rendition} {
		if i < len(parts) {
			*to = parts[i]
		}
	}
	for _, q := range []string{streamQuery, appQuery, tcQuery} {
		if a.Key == "" {
			a.Key = valueOf(q, "key")
		}
		if a.Input == "" {
			a.Input = valueOf(q, "input")
		}
	}
	return a
}

// cutQuery takes the query off a stream name. No name has an ampersand: people write one for the question mark.
func cutQuery(stream string) (name, query string) {
	if at := strings.IndexAny(stream, "?&"); at >= 0 {
		return stream[:at], stream[at+1:]
	}
	return stream, ""
}

// valueOf finds name= in a query. A plus sign stands for itself: people paste keys as they are.
func valueOf(query, name string) string {
	for pair := range strings.SplitSeq(query, "&") {
		if v, ok := strings.CutPrefix(pair, name+"="); ok {
			if plain, err := url.PathUnescape(v); err == nil {
				return plain
			}
			return v
		}
	}
	return ""
}
