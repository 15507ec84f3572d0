package sizing

import (
	"fmt"
	"math"
	"strings"
)

// Connections that a viewer keeps open (HTTP/1.1, as Weir speaks it; a proxy that speaks HTTP/2 to players makes it one).
const (
	connectionsHLS   = 2 // media of two tracks; playlists go between
	connectionsLLHLS = 4 // of each of two tracks a playlist and a part that are waited for
	connectionsDASH  = 2
	manifestTracks   = 1 // DASH has one manifest for all tracks
	updateLow        = 2 // requests a second for an MPD of low latency (manifest/dash)
)

// audience is viewers of one kind.
type audience struct {
	name        string
	viewers     float64
	connections float64 // of each
	// What one asks for in a second, and how that is reckoned.
	manifests, media       float64
	manifestWord, mediaWay string
}

// audiences splits the viewers by what they play. All channels are taken to be as the first, by segment and chunk.
func (in *Input) audiences() []audience {
	c := Channel{}
	for _, g := range in.Channels {
		if g.Count > 0 {
			c = g.Channel
			break
		}
	}
	seconds, tracks := c.segment().Seconds(), float64(in.ViewerTracks)
	part := seconds / c.parts()
	low := in.LowLatency
	if c.parts() == 1 {
		low = 0 // there are no parts: everybody plays segments
	}
	viewers := float64(in.Viewers)
	return []audience{
		{
			name: "HLS", viewers: viewers * (1 - in.DASH) * (1 - low), connections: connectionsHLS,
			manifests: tracks / seconds, manifestWord: "playlists: tracks ÷ segment", media: tracks / seconds, mediaWay: "segments: tracks ÷ segment",
		},
		{
			name: "LL-HLS", viewers: viewers * (1 - in.DASH) * low, connections: connectionsLLHLS,
			manifests: tracks / part, manifestWord: "playlists: tracks ÷ part", media: tracks / part, mediaWay: "parts: tracks ÷ part",
		},
		{
			name: "DASH", viewers: viewers * in.DASH * (1 - low), connections: connectionsDASH,
			manifests: manifestTracks / seconds, manifestWord: "MPDs: 1 ÷ segment", media: tracks / seconds, mediaWay: "segments: tracks ÷ segment",
		},
		{
			name: "LL-DASH", viewers: viewers * in.DASH * low, connections: connectionsDASH,
			manifests: max(updateLow, 2/seconds), manifestWord: "MPDs: 2 a second", media: tracks / seconds, mediaWay: "segments, sent while they are made: tracks ÷ segment",
		},
	}
}

// requests is how often viewers ask and connect.
func (p *Plan) requests(in *Input) {
	all, open := 0.0, 0.0
	var sum, kept []string
	for _, a := range in.audiences() {
		if a.viewers == 0 {
			continue
		}
		key := "requests." + strings.ToLower(a.name)
		p.add(Line{
			Key: key + ".manifests", Value: a.viewers * a.manifests, Unit: UnitEach, What: a.name + ": requests for manifests",
			Formula: "viewers × " + a.manifestWord, With: fmt.Sprintf("%s × %s/s", number(a.viewers), number(a.manifests)),
		})
		p.add(Line{
			Key: key + ".media", Value: a.viewers * a.media, Unit: UnitEach, What: a.name + ": requests for media",
			Formula: "viewers × " + a.mediaWay, With: fmt.Sprintf("%s × %s/s", number(a.viewers), number(a.media)),
		})
		each := a.manifests + a.media
		all += a.viewers * each
		open += a.viewers * a.connections
		sum = append(sum, fmt.Sprintf("%s × %s/s", number(a.viewers), number(each)))
		kept = append(kept, fmt.Sprintf("%s × %s", number(a.viewers), number(a.connections)))
	}
	p.add(Line{
		Key: "requests", Value: all, Unit: UnitEach, What: "requests, all together", Formula: "manifests + media", With: strings.Join(sum, " + "),
	})
	p.add(Line{
		Key: "connections", Value: math.Ceil(open), What: "connections at a time",
		Formula: fmt.Sprintf("viewers × connections: HLS %d, LL-HLS %d, DASH %d (HTTP/1.1)", connectionsHLS, connectionsLLHLS, connectionsDASH),
		With:    strings.Join(kept, " + "),
	})
	p.add(Line{
		Key: "connections.new", Value: open / in.Session.Seconds(), Unit: UnitEach, What: "new connections",
		Formula: "connections ÷ session: they are kept as long as somebody watches",
		With:    fmt.Sprintf("%s ÷ %s", number(math.Ceil(open)), Span(in.Session)),
	})
}
