package catalog

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTexts(t *testing.T) {
	t.Parallel()
	captions, err := ParseCaptions([]string{"SERVICE1=en", "CC3", "CC1=pt-BR"})
	require.NoError(t, err)
	require.Equal(t, Captions("CC1=pt-BR,CC3,SERVICE1=en"), captions)
	languages, err := ParseLanguages([]string{"en", "de-AT"})
	require.NoError(t, err)
	ch := New("news")
	ch.Captions, ch.Subtitles = captions, languages
	require.NoError(t, ch.Validate())
	ch.Captions = "none"
	require.NoError(t, ch.Validate())
	for name, change := range map[string]func(c *Channel){
		"captions":  func(c *Channel) { c.Captions = "CC9" },
		"not none":  func(c *Channel) { c.Captions = "none,CC1" },
		"order":     func(c *Channel) { c.Captions = "CC3,CC1" },
		"subtitles": func(c *Channel) { c.Subtitles = "en,EN" },
		"no tag":    func(c *Channel) { c.Subtitles = "e" },
		"too many":  func(c *Channel) { c.Subtitles = "aa,bb,cc,dd,ee,ff,gg,hh,ii" },
	} {
		bad := ch
		change(&bad)
		require.ErrorIs(t, bad.Validate(), ErrInvalid, name)
	}
	none, err := ParseCaptions(nil)
	require.NoError(t, err)
	require.Empty(t, none)
}
