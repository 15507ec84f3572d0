package catalog

import (
	"fmt"
	"slices"
	"strings"

	"weir/internal/media"
)

// MaxSubtitles is how many languages of subtitles a channel may have that are pushed.
const MaxSubtitles = 8

// Captions are the caption channels that manifests announce, as ParseCaptions gives them: comma-separated, "" for those that are found in the
// pictures. It is text, so that channels can be compared.
type Captions string

// ParseCaptions makes a list of CC1=en, SERVICE2 and their like, or of none alone: there are no captions, whatever is found.
func ParseCaptions(entries []string) (Captions, error) {
	if len(entries) == 1 && entries[0] == media.NoCaptions {
		return media.NoCaptions, nil
	}
	all, err := media.ParseCaptions(strings.Join(entries, ","))
	if err != nil {
		return "", err
	}
	out := make([]string, len(all))
	for i, c := range all {
		if out[i] = c.ID; c.Language != "" {
			out[i] += "=" + c.Language
		}
	}
	return Captions(strings.Join(out, ",")), nil
}

// List is the entries one by one, never nil.
func (c Captions) List() []string { return Names(c).List() }

// Languages are those of subtitles, as ParseLanguages gives them: comma-separated. It is text, so that channels can be compared.
type Languages string

// ParseLanguages makes a list of language tags (BCP 47).
func ParseLanguages(entries []string) (Languages, error) {
	if len(entries) > MaxSubtitles {
		return "", fmt.Errorf("%d are too many, at most %d", len(entries), MaxSubtitles)
	}
	for i, tag := range entries {
		if !media.IsLanguage(tag) {
			return "", fmt.Errorf("%.40q is no language, write it like en or pt-BR", tag)
		}
		if slices.ContainsFunc(entries[:i], func(o string) bool { return strings.EqualFold(o, tag) }) {
			return "", fmt.Errorf("%q is there twice", tag)
		}
	}
	return Languages(strings.Join(entries, ",")), nil
}

// List is the tags one by one, never nil.
func (l Languages) List() []string { return Names(l).List() }

// validateTexts wants what ParseCaptions and ParseLanguages give.
func (c Channel) validateTexts() error {
	captions, err := ParseCaptions(c.Captions.List())
	if err != nil {
		return invalid("captions", "%s", err)
	}
	if captions != c.Captions {
		return invalid("captions", "%.60q must be written %.60q", c.Captions, captions)
	}
	languages, err := ParseLanguages(c.Subtitles.List())
	if err != nil {
		return invalid("subtitles", "%s", err)
	}
	if languages != c.Subtitles {
		return invalid("subtitles", "%.60q must be written %.60q", c.Subtitles, languages)
	}
	return nil
}
