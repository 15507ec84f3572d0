package catalog

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLadderIsComplete(t *testing.T) {
	t.Parallel()
	assert.Empty(t, MakeLadder(LadderSettings{DropSource: true}))
	assert.Nil(t, Ladder("").Rungs())
	own := MakeLadder(LadderSettings{Rungs: []Rung{{Height: 720, Bitrate: 3_000_000}, {Name: "low", Height: 240, Bitrate: 300_000, FPS: 15, Codec: RungHEVC}}})
	assert.True(t, own.KeepsSource())
	assert.Equal(t, []Rung{
		{Name: "720", Height: 720, Bitrate: 3_000_000, Codec: RungH264}, {Name: "low", Height: 240, Bitrate: 300_000, FPS: 15, Codec: RungHEVC},
	}, own.Rungs())
	assert.Equal(t, []string{"720", "low"}, own.Names())
	preset := MakeLadder(LadderSettings{Preset: "720p", DropSource: true})
	assert.False(t, preset.KeepsSource())
	assert.Equal(t, []string{"720", "480", "360"}, preset.Names())
	assert.Equal(t, "720p", preset.Settings().Preset)
}

func TestLaddersAreValidated(t *testing.T) {
	t.Parallel()
	rung := func(r Rung) LadderSettings { return LadderSettings{Rungs: []Rung{r}} }
	for want, s := range map[string]LadderSettings{
		"": {Preset: "1080p"},
		`ladder: "4k" is no preset, known: 1080p, 480p, 720p`:                                        {Preset: "4k"},
		"ladder: has either a preset or rungs":                                                       {Preset: "480p", Rungs: []Rung{{Height: 240, Bitrate: 1e6}}},
		`ladder: "240" is there twice`:                                                               {Rungs: []Rung{{Height: 240, Bitrate: 1e6}, {Height: 240, Bitrate: 5e5}}},
		"ladder: rung 241: a height of 241 is out of bounds, must be even, from 64 to 4320":          rung(Rung{Height: 241, Bitrate: 1e6}),
		"ladder: rung a: a bitrate of 5 bit/s is out of bounds, must be from 20k to 100M":            rung(Rung{Name: "a", Height: 240, Bitrate: 5}),
		"ladder: rung 240: -1 frames a second are out of bounds, must be 0 (as the feed has) to 240": rung(Rung{Height: 240, Bitrate: 1e6, FPS: -1}),
		`ladder: rung 240: codec "vp9" is not known, must be h264 or hevc`:                           rung(Rung{Height: 240, Bitrate: 1e6, Codec: "vp9"}),
		`ladder: "a b" is no name: letters, digits, _, - and ., 1 to 40`:                             rung(Rung{Name: "a b", Height: 240, Bitrate: 1e6}),
	} {
		c := New("news")
		c.Ladder = MakeLadder(s)
		if err := c.Validate(); want == "" {
			require.NoError(t, err)
		} else {
			require.EqualError(t, err, want)
		}
	}
	c := New("news")
	c.Ladder = "garbage"
	require.ErrorIs(t, c.Validate(), ErrInvalid)
	c.Ladder, c.Renditions = MakeLadder(LadderSettings{Preset: "480p"}), "1080,720"
	require.EqualError(t, c.Validate(), "ladder: a channel's renditions are either pushed or made by its ladder")
}
