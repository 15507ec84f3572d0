package catalog

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Bounds of a channel's ladder.
const (
	MaxRungs       = 6
	MinRungHeight  = 64
	MaxRungHeight  = 4320
	MinRungBitrate = 20_000
	MaxRungBitrate = 100_000_000
	MaxRungRate    = 240 // frames a second
)

// Codecs that rungs may have.
const (
	RungH264 = "h264"
	RungHEVC = "hevc"
)

// Rung is a rendition that is made of a channel's feed.
type Rung struct {
	Name    string `json:"name,omitempty"`  // as of a rendition; "": the height
	Height  int    `json:"height"`          // pixels, even; the width follows
	Bitrate int64  `json:"bitrate"`         // bit/s
	FPS     int    `json:"fps,omitempty"`   // at most so many frames a second; 0: as the feed has
	Codec   string `json:"codec,omitempty"` // "": RungH264
}

// LadderSettings are what an operator says of a ladder: a preset, or rungs.
type LadderSettings struct {
	Preset string `json:"preset,omitempty"`
	Rungs  []Rung `json:"rungs,omitempty"`
	// DropSource: the feed's own pictures are not shown, only what is made of them.
	DropSource bool `json:"dropSource,omitempty"`
}

// presets are ladders by name.
var presets = map[string][]Rung{
	"1080p": {{Height: 1080, Bitrate: 5_000_000}, {Height: 720, Bitrate: 2_800_000}, {Height: 480, Bitrate: 1_400_000}, {Height: 360, Bitrate: 800_000}},
	"720p":  {{Height: 720, Bitrate: 2_800_000}, {Height: 480, Bitrate: 1_400_000}, {Height: 360, Bitrate: 800_000}},
	"480p":  {{Height: 480, Bitrate: 1_400_000}, {Height: 360, Bitrate: 800_000}, {Height: 240, Bitrate: 400_000}},
}

// Ladder is a ladder, as MakeLadder gives it; "": there is none. It is text, so that channels can be compared.
type Ladder string

// MakeLadder is the ladder of those settings.
func MakeLadder(s LadderSettings) Ladder {
	if s.Preset == "" && len(s.Rungs) == 0 {
		return ""
	}
	text, err := json.Marshal(s)
	if err != nil { // strings and numbers only
		return ""
	}
	return Ladder(text)
}

// Settings are those that the ladder was made of.
func (l Ladder) Settings() LadderSettings {
	var s LadderSettings
	if json.Unmarshal([]byte(l), &s) != nil {
		return LadderSettings{}
	}
	return s
}

// Rungs are those of the ladder with nothing left open, the preset's where it is one; nil where there is none.
func (l Ladder) Rungs() []Rung {
	if l == "" {
		return nil
	}
	s := l.Settings()
	rungs := slices.Clone(s.Rungs)
	if s.Preset != "" {
		rungs = slices.Clone(presets[s.Preset])
	}
	for i := range rungs {
		if rungs[i].Name == "" {
			rungs[i].Name = strconv.Itoa(rungs[i].Height)
		}
		if rungs[i].Codec == "" {
			rungs[i].Codec = RungH264
		}
	}
	return rungs
}

// Names are those of the rungs.
func (l Ladder) Names() []string {
	var names []string
	for _, r := range l.Rungs() {
		names = append(names, r.Name)
	}
	return names
}

// KeepsSource tells whether the feed's own pictures are the top of the ladder.
func (l Ladder) KeepsSource() bool { return !l.Settings().DropSource }

func (c Channel) validateLadder() error {
	if c.Ladder == "" {
		return nil
	}
	var s LadderSettings
	if err := json.Unmarshal([]byte(c.Ladder), &s); err != nil {
		return invalid("ladder", "%.60q is none", string(c.Ladder))
	}
	if _, known := presets[s.Preset]; s.Preset != "" && !known {
		return invalid("ladder", "%.40q is no preset, known: %s", s.Preset, strings.Join(slices.Sorted(maps.Keys(presets)), ", "))
	}
	if s.Preset != "" && len(s.Rungs) > 0 {
		return invalid("ladder", "has either a preset or rungs")
	}
	if c.Renditions != "" {
		return invalid("ladder", "a channel's renditions are either pushed or made by its ladder")
	}
	rungs := c.Ladder.Rungs()
	if len(rungs) == 0 {
		return invalid("ladder", "has no rungs")
	}
	if err := validateNames("ladder", c.Ladder.Names(), MaxRungs); err != nil {
		return err
	}
	for _, r := range rungs {
		switch {
		case r.Height < MinRungHeight || r.Height > MaxRungHeight || r.Height%2 != 0:
			return invalid("ladder", "rung %s: a height of %d is out of bounds, must be even, from %d to %d", r.Name, r.Height, MinRungHeight, MaxRungHeight)
		case r.Bitrate < MinRungBitrate || r.Bitrate > MaxRungBitrate:
			return invalid("ladder", "rung %s: a bitrate of %d bit/s is out of bounds, must be from %dk to %dM",
				r.Name, r.Bitrate, MinRungBitrate/1000, MaxRungBitrate/1_000_000)
		case r.FPS < 0 || r.FPS > MaxRungRate:
			return invalid("ladder", "rung %s: %d frames a second are out of bounds, must be 0 (as the feed has) to %d", r.Name, r.FPS, MaxRungRate)
		case r.Codec != RungH264 && r.Codec != RungHEVC:
			return invalid("ladder", "rung %s: codec %.20q is not known, must be %s or %s", r.Name, r.Codec, RungH264, RungHEVC)
		}
	}
	return nil
}
