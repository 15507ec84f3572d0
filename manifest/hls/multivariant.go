package hls

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/grafov/m3u8"

	"weir/internal/media"
	"weir/manifest"
)

// The least protocol versions of a multivariant playlist. Nothing in it needs more than 1; but a client older than 4 would play a
// variant without its audio (rfc8216bis, 8).
const (
	versionVariants = 1
	versionGroups   = 4
)

// Multivariant renders the multivariant playlist: a variant for each video track and audio codec, with the audio tracks in one
// group a codec; where there is no video, an audio-only variant for each audio codec; for each video track its I-frame playlist. URIs are
// relative to the playlist.
//
// CLOSED-CAPTIONS is not said: captions may be in the video's SEI messages, which nobody has looked into, and NONE would let players hide them.
//
// Its text changes with the tracks of the window, and, in few and coarse steps, with w.Rates and the size of I-frames. It costs as much as there are
// rows; Renderer makes the same text without.
//
// Errors: ErrEmpty.
func Multivariant(w *media.Window, links manifest.Links) ([]byte, error) {
	return multivariant(w, links, func(track string) survey { return surveyed(w, track) })
}

// multivariant asks look about each video track.
func multivariant(w *media.Window, links manifest.Links, look func(track string) survey) ([]byte, error) {
	if w.Rows == nil || w.Rows.Len() == 0 {
		return nil, fmt.Errorf("multivariant playlist of channel %s: %w", w.Channel, ErrEmpty)
	}
	links = escaped(links)
	spans := manifest.Spans(w.Rows)
	list := m3u8.NewMasterPlaylist()

	var videos, audios []media.Track
	surveys := make(map[string]survey)
	independent, ranges := true, false
	for _, t := range w.Tracks {
		if t.Kind == media.Video {
			surveys[t.Name] = look(t.Name)
			independent = independent && !surveys[t.Name].cut // audio always is
		}
		switch {
		case !manifest.Plays(w.Rows, spans, t.Name): // to some players a playlist of nothing but gaps is an error
		case t.Kind == media.Video:
			videos = append(videos, t)
			ranges = ranges || (t.VideoRange != "" && t.VideoRange != "SDR")
		default:
			audios = append(audios, t)
		}
	}
	if len(videos)+len(audios) == 0 {
		return nil, fmt.Errorf("multivariant playlist of channel %s: %w", w.Channel, ErrEmpty)
	}
	list.SetIndependentSegments(independent)
	groups := groupsOf(audios)
	for _, v := range videos {
		p := pictures(v, ranges)
		p.FrameRate = v.FrameRate.Float()
		if len(groups) == 0 {
			list.Append(uri(v, links), nil, describe(p, w, spans, &v, group{}))
		}
		for _, g := range groups {
			list.Append(uri(v, links), nil, describe(p, w, spans, &v, g))
		}
	}
	renditions := len(videos) > 0 || len(audios) > 1
	if len(videos) == 0 {
		for _, g := range groups {
			p := describe(m3u8.VariantParams{}, w, spans, nil, g)
			if !renditions {
				p.Audio = ""
			}
			list.Append(uri(g.tracks[0], links), nil, p)
		}
	}
	for _, v := range videos {
		if peak := surveys[v.Name].peak; peak > 0 {
			p := pictures(v, ranges)
			p.Iframe, p.Bandwidth, p.Codecs = true, keyBandwidth(peak), codecs(spans, []media.Track{v})
			list.Append(v.Name+iframesName+links.Playlists, nil, p)
		}
	}
	list.SetVersion(versionVariants)
	if renditions && len(groups) > 0 {
		list.SetVersion(versionGroups)
		list.SetCustomTag(renditionTags{groups, links})
	}
	// The library always writes PROGRAM-ID, which was taken out of HLS with protocol version 6.
	return bytes.ReplaceAll(list.Encode().Bytes(), []byte("-INF:PROGRAM-ID=0,"), []byte("-INF:")), nil
}

// pictures are the attributes of a video track that a variant and its I-frames have alike. Where ranges is false VIDEO-RANGE is absent, which
// means SDR (rfc8216bis, 4.4.6.2).
func pictures(v media.Track, ranges bool) m3u8.VariantParams {
	var p m3u8.VariantParams
	if v.Width > 0 && v.Height > 0 {
		p.Resolution = fmt.Sprintf("%dx%d", v.Width, v.Height)
	}
	if ranges {
		p.VideoRange = v.VideoRange
	}
	return p
}

func uri(t media.Track, links manifest.Links) string { return t.Name + playlistName + links.Playlists }

// describe fills in what depends on both the video track, nil for none, and the group of audio tracks of a variant.
func describe(p m3u8.VariantParams, w *media.Window, spans []manifest.Span, video *media.Track, g group) m3u8.VariantParams {
	var named []media.Track
	if video != nil {
		named = append(named, *video)
	}
	named = append(named, g.tracks...)
	p.Codecs = codecs(spans, named)
	p.Audio = g.id

	// Of the group's tracks one is played: the one that needs most counts.
	var peak, average media.Rate
	for _, t := range g.tracks {
		r := w.Rates[t.Name]
		peak.Peak = max(peak.Peak, r.Peak)
		average.Average = max(average.Average, r.Average)
	}
	var v media.Rate
	if video != nil {
		v = w.Rates[video.Name]
	}
	p.Bandwidth = manifest.Peak(v, peak)
	p.AverageBandwidth = min(manifest.Average(v, average), p.Bandwidth)
	return p
}

// codecs are the distinct codec strings of those tracks in all runs of the window, the newest first: a player may come to play
// any of them.
func codecs(spans []manifest.Span, tracks []media.Track) string {
	var names []string
	seen := make(map[string]bool)
	add := func(name string) {
		if name != "" && !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	for _, t := range tracks {
		add(t.Codecs)
	}
	for i := len(spans) - 1; i >= 0; i-- {
		for _, t := range tracks {
			if older, ok := spans[i].Run.Track(t.Name); ok {
				add(older.Codecs)
			}
		}
	}
	return strings.Join(names, ",")
}
