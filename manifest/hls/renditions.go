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

// undetermined is the LANGUAGE of sound of which the feed says none (BCP 47): Apple's authoring specification wants one always (8.10).
const undetermined = "und"

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
type renditionTags struct {
	groups []group
	links  manifest.Links
}

// TagName implements m3u8.CustomTag.
func (renditionTags) TagName() string { return "renditions" }

// Encode implements m3u8.CustomTag.
func (r renditionTags) Encode() *bytes.Buffer {
	var b bytes.Buffer
	for _, g := range r.groups {
		for i, t := range g.tracks {
			if b.Len() > 0 {
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="%s",NAME="%s"`, g.id, g.names[i])
			fmt.Fprintf(&b, `,LANGUAGE="%s"`, cmp.Or(manifest.Language(t.Language), undetermined))
			first := "NO"
			if i == 0 {
				first = "YES"
			}
			fmt.Fprintf(&b, `,DEFAULT=%s,AUTOSELECT=YES`, first)
			if t.Channels > 0 {
				fmt.Fprintf(&b, `,CHANNELS="%d"`, t.Channels)
			}
			fmt.Fprintf(&b, `,URI="%s"`, uri(t, r.links))
		}
	}
	return &b
}

func (r renditionTags) String() string { return r.Encode().String() }
