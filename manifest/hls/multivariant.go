package hls

import (
	"bytes"
	"fmt"
	"strconv"
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
// group a codec; where there is no video, an audio-only variant for each audio codec. URIs are relative to the playlist.
//
// Its text changes with the tracks of the window, and, in few and coarse steps, with w.Rates.
//
// Errors: ErrEmpty.
func Multivariant(w *media.Window, links manifest.Links) ([]byte, error) {
	if w.Rows == nil || w.Rows.Len() == 0 {
		return nil, fmt.Errorf("multivariant playlist of channel %s: %w", w.Channel, ErrEmpty)
	}
	spans := manifest.Spans(w.Rows)
	list := m3u8.NewMasterPlaylist()
	list.SetIndependentSegments(independent(w, spans))

	var videos, audios []media.Track
	for _, t := range w.Tracks {
		switch {
		case !manifest.Plays(w.Rows, spans, t.Name): // to some players a playlist of nothing but gaps is an error
		case t.Kind == media.Video:
			videos = append(videos, t)
		default:
			audios = append(audios, t)
		}
	}
	if len(videos)+len(audios) == 0 {
		return nil, fmt.Errorf("multivariant playlist of channel %s: %w", w.Channel, ErrEmpty)
	}
	groups := groupsOf(audios)
	ranges := false
	for _, v := range videos {
		ranges = ranges || (v.VideoRange != "" && v.VideoRange != "SDR")
	}
	for _, v := range videos {
		p := m3u8.VariantParams{Resolution: fmt.Sprintf("%dx%d", v.Width, v.Height), FrameRate: v.FrameRate.Float()}
		if v.Width <= 0 || v.Height <= 0 {
			p.Resolution = ""
		}
		if ranges { // absent, it means SDR (rfc8216bis, 4.4.6.2)
			p.VideoRange = v.VideoRange
		}
		if len(groups) == 0 {
			list.Append(uri(v), nil, describe(p, w, spans, &v, group{}))
		}
		for _, g := range groups {
			list.Append(uri(v), nil, describe(p, w, spans, &v, g))
		}
	}
	renditions := len(videos) > 0 || len(audios) > 1
	if len(videos) == 0 {
		for _, g := range groups {
			p := describe(m3u8.VariantParams{}, w, spans, nil, g)
			if !renditions {
				p.Audio = ""
			}
			list.Append(uri(g.tracks[0]), nil, p)
		}
	}
	list.SetVersion(versionVariants)
	if renditions && len(groups) > 0 {
		list.SetVersion(versionGroups)
		list.SetCustomTag(renditionTags(groups))
	}
	// The library always writes PROGRAM-ID, which was taken out of HLS with protocol version 6.
	return bytes.ReplaceAll(list.Encode().Bytes(), []byte("#EXT-X-STREAM-INF:PROGRAM-ID=0,"), []byte("#EXT-X-STREAM-INF:")), nil
}

func uri(t media.Track) string { return t.Name + "/index.m3u8" }

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

// independent tells whether every listed video segment begins with a sync sample. Audio always does.
func independent(w *media.Window, spans []manifest.Span) bool {
	for _, s := range spans {
		for column, t := range s.Run.Tracks {
			if t.Kind == media.Video && !s.Independent(w.Rows, column) {
				return false
			}
		}
	}
	return true
}

// group is an EXT-X-MEDIA group: audio tracks of one codec.
type group struct {
	id     string
	tracks []media.Track
	names  []string // beside tracks: what to call them, distinct within the group
}

// groupsOf puts tracks into groups, in their order. A track's name is its language; without one, or if an earlier track of the
// group has it too, it is numbered.
func groupsOf(tracks []media.Track) []group {
	var groups []group
	for ordinal, t := range tracks {
		id := "audio-" + string(t.Codec)
		i := 0
		for i < len(groups) && groups[i].id != id {
			i++
		}
		if i == len(groups) {
			groups = append(groups, group{id: id})
		}
		g := &groups[i]
		number := strconv.Itoa(ordinal + 1)
		name := manifest.Language(t.Language)
		if name == "" {
			name = "Audio " + number
		}
		for _, other := range g.names {
			if strings.EqualFold(other, name) {
				name += " (" + number + ")"
				break
			}
		}
		g.tracks, g.names = append(g.tracks, t), append(g.names, name)
	}
	return groups
}

// renditionTags are the EXT-X-MEDIA lines (rfc8216bis, 4.4.6.1). The library's own cannot say CHANNELS.
type renditionTags []group

// TagName implements m3u8.CustomTag.
func (renditionTags) TagName() string { return "renditions" }

// Encode implements m3u8.CustomTag.
func (groups renditionTags) Encode() *bytes.Buffer {
	var b bytes.Buffer
	for _, g := range groups {
		for i, t := range g.tracks {
			if b.Len() > 0 {
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="%s",NAME="%s"`, g.id, g.names[i])
			if language := manifest.Language(t.Language); language != "" {
				fmt.Fprintf(&b, `,LANGUAGE="%s"`, language)
			}
			first := "NO"
			if i == 0 {
				first = "YES"
			}
			fmt.Fprintf(&b, `,DEFAULT=%s,AUTOSELECT=YES`, first)
			if t.Channels > 0 {
				fmt.Fprintf(&b, `,CHANNELS="%d"`, t.Channels)
			}
			fmt.Fprintf(&b, `,URI="%s"`, uri(t))
		}
	}
	return &b
}

func (groups renditionTags) String() string { return groups.Encode().String() }
