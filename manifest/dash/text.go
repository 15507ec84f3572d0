package dash

import (
	"strconv"
	"strings"

	"github.com/Eyevinn/dash-mpd/mpd"
	"golang.org/x/text/language"

	"weir/internal/media"
	"weir/manifest"
)

// The schemes of captions in the pictures (ANSI/SCTE 214-1, 7.4), and of roles (ISO/IEC 23009-1, 5.8.5.5).
const (
	scheme608  = "urn:scte:dash:cc:cea-608:2015"
	scheme708  = "urn:scte:dash:cc:cea-708:2015"
	schemeRole = "urn:mpeg:dash:role:2011"
	// schemeJOC and schemeObjects tell of Dolby Atmos in E-AC-3 (ETSI TS 103 420, D.2).
	schemeJOC     = "tag:dolby.com,2018:dash:EC3_ExtensionType:2018"
	schemeObjects = "tag:dolby.com,2018:dash:EC3_ExtensionComplexityIndex:2018"
)

// mimeText is the type of text in MP4 (ISO/IEC 14496-30).
const mimeText = "application/mp4"

// captions are the Accessibility descriptors of a set of video.
func captions(all []media.Caption) []*mpd.DescriptorType {
	var of608, of708 []string
	for _, c := range all {
		if number, ok := strings.CutPrefix(c.ID, "SERVICE"); ok {
			of708 = append(of708, number+"=lang:"+threeLetters(c.Language))
		} else {
			of608 = append(of608, c.ID+"="+threeLetters(c.Language))
		}
	}
	var out []*mpd.DescriptorType
	for _, d := range []struct {
		scheme string
		values []string
	}{{scheme608, of608}, {scheme708, of708}} {
		if len(d.values) > 0 {
			out = append(out, &mpd.DescriptorType{SchemeIdUri: mpd.AnyURI(d.scheme), Value: strings.Join(d.values, ";")})
		}
	}
	return out
}

// threeLetters is a language as ISO 639-2 has it, which these descriptors ask for; "und" where it has none.
func threeLetters(tag string) string {
	base, err := language.ParseBase(strings.SplitN(manifest.Language(tag), "-", 2)[0])
	if err != nil {
		return "und"
	}
	return base.ISO3()
}

// roleOf is the role of a track among those of its kind in the run: main is what is played where nobody chooses. The same sound in another
// codec is main too.
func roleOf(run *media.Run, column int) *mpd.DescriptorType {
	t := &run.Tracks[column]
	value := "main"
	if t.Kind == media.Text {
		value = "subtitle"
	}
	first := true
	for i := range run.Tracks[:column] {
		o := &run.Tracks[i]
		if o.Kind != t.Kind || t.Kind == media.Text {
			continue
		}
		same := strings.EqualFold(manifest.Language(o.Language), manifest.Language(t.Language))
		if t.Kind != media.Audio || first && !same || same && o.Codec == t.Codec {
			value = "alternate"
		}
		first = false
	}
	return &mpd.DescriptorType{SchemeIdUri: schemeRole, Value: value}
}

// atmos are what tells of Dolby Atmos.
func atmos(t *media.Track) []*mpd.DescriptorType {
	if t.Objects == 0 {
		return nil
	}
	return []*mpd.DescriptorType{
		{SchemeIdUri: schemeJOC, Value: "JOC"}, {SchemeIdUri: schemeObjects, Value: strconv.Itoa(t.Objects)},
	}
}
