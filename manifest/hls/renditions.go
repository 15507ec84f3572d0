package hls

import (
	"bytes"
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"weir/internal/media"
	"weir/manifest"
)

// undetermined is the LANGUAGE of what the feed says none of (BCP 47): Apple's authoring specification wants one always (8.10).
const undetermined = "und"

// Groups that there is one of in a playlist.
const (
	subtitlesID = "subtitles"
	captionsID  = "captions"
	noCaptions  = "NONE" // CLOSED-CAPTIONS where there are none: players need not look for them
)

// group is an EXT-X-MEDIA group: audio tracks of one codec.
type group struct {
	id     string
	tracks []media.Track
	names  []string // beside tracks: what to call them, distinct within the group
}

// groupsOf puts audio tracks into groups, in their order. With ladder, tracks that differ in nothing but their bitrate, as far as is known, are of
// different groups, so that each is a variant: a channel of sound alone has its bitrates so.
func groupsOf(tracks []media.Track, ladder bool) []group {
	var groups []group
	for ordinal, t := range tracks {
		base := "audio-" + string(t.Codec)
		id, rung := base, 1
		for ladder && holds(groups, id, &t) {
			rung++
			id = base + "-" + strconv.Itoa(rung)
		}
		i := 0
		for i < len(groups) && groups[i].id != id {
			i++
		}
		if i == len(groups) {
			groups = append(groups, group{id: id})
		}
		g := &groups[i]
		g.tracks, g.names = append(g.tracks, t), append(g.names, nameOf(t.Language, "Audio ", ordinal+1, g.names))
	}
	return groups
}

// holds tells whether the group of that ID has a track of t's language.
func holds(groups []group, id string, t *media.Track) bool {
	for i := range groups {
		for j := range groups[i].tracks {
			if groups[i].id == id && sameLanguage(&groups[i].tracks[j], t) {
				return true
			}
		}
	}
	return false
}

func sameLanguage(a, b *media.Track) bool {
	return strings.EqualFold(manifest.Language(a.Language), manifest.Language(b.Language))
}

// interchangeable tells whether the groups are of one track each, all of one language: a player may take whichever variant it can.
func interchangeable(groups []group) bool {
	for i := range groups {
		if len(groups[i].tracks) > 1 || !sameLanguage(&groups[0].tracks[0], &groups[i].tracks[0]) {
			return false
		}
	}
	return true
}

// nameOf is what to call a rendition: its language; without one, or if a rendition before it has that name, it is numbered.
func nameOf(language, unknown string, ordinal int, others []string) string {
	name := manifest.Language(language)
	if name == "" {
		name = unknown + strconv.Itoa(ordinal)
	}
	for _, other := range others {
		if strings.EqualFold(other, name) {
			return name + " (" + strconv.Itoa(ordinal) + ")"
		}
	}
	return name
}

// captionsOf is the CLOSED-CAPTIONS of all variants with video.
func captionsOf(w *media.Window) string {
	if len(w.Captions) == 0 {
		return noCaptions
	}
	return captionsID
}

// renditionTags are the EXT-X-MEDIA lines (rfc8216bis, 4.4.6.1). The library's own cannot say CHANNELS.
type renditionTags struct {
	groups   []group
	texts    []media.Track
	captions []media.Caption
	links    manifest.Links
}

// TagName implements m3u8.CustomTag.
func (renditionTags) TagName() string { return "renditions" }

// Encode implements m3u8.CustomTag.
func (r renditionTags) Encode() *bytes.Buffer {
	var b bytes.Buffer
	for _, g := range r.groups {
		for i, t := range g.tracks {
			begin(&b, "AUDIO", g.id, g.names[i], t.Language)
			// Players choose by themselves among renditions of different languages only.
			automatic := "YES"
			for j := range i {
				if sameLanguage(&g.tracks[j], &t) {
					automatic = "NO"
				}
			}
			first := "NO"
			if i == 0 {
				first = "YES"
			}
			fmt.Fprintf(&b, `,DEFAULT=%s,AUTOSELECT=%s`, first, automatic)
			if t.Channels > 0 {
				fmt.Fprintf(&b, `,CHANNELS="%s"`, channels(&t))
			}
			fmt.Fprintf(&b, `,URI="%s"`, uri(t, r.links))
		}
	}
	var names []string
	for i, t := range r.texts {
		name := nameOf(t.Language, "Subtitles ", i+1, names)
		names = append(names, name)
		begin(&b, "SUBTITLES", subtitlesID, name, t.Language)
		fmt.Fprintf(&b, `,DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,URI="%s"`, uri(t, r.links))
	}
	names = nil
	for i, c := range r.captions {
		name := nameOf(c.Language, c.ID, i+1, names)
		if manifest.Language(c.Language) == "" {
			name = c.ID
		}
		names = append(names, name)
		begin(&b, "CLOSED-CAPTIONS", captionsID, name, c.Language)
		fmt.Fprintf(&b, `,DEFAULT=NO,AUTOSELECT=YES,INSTREAM-ID="%s"`, c.ID)
	}
	return &b
}

// begin writes what all EXT-X-MEDIA lines begin with.
func begin(b *bytes.Buffer, kind, group, name, language string) {
	if b.Len() > 0 {
		b.WriteByte('\n')
	}
	fmt.Fprintf(b, `#EXT-X-MEDIA:TYPE=%s,GROUP-ID="%s",NAME="%s",LANGUAGE="%s"`, kind, group, name, cmp.Or(manifest.Language(language), undetermined))
}

// channels is CHANNELS.
func channels(t *media.Track) string {
	if t.Objects > 0 { // Dolby Atmos in E-AC-3: as many objects are rendered as there are
		return strconv.Itoa(t.Objects) + "/JOC"
	}
	return strconv.Itoa(t.Channels)
}

func (r renditionTags) String() string { return r.Encode().String() }
