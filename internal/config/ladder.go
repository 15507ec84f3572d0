package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"weir/internal/catalog"
)

// Ladder is what the children may use that make the rungs of channels.
type Ladder struct {
	Children int    // at one time, one a feed. Default: 4
	Nice     int    // their CPU priority: 0 is that of this program, 19 the lowest. Default: 10
	Speed    string // preset of the encoders, from ultrafast to slow. Default: veryfast
	FFmpeg   string // path or name of the program, which makes thumbnails of assets too. Default: ffmpeg
}

// DefaultLadder is that where no file says otherwise.
func DefaultLadder() Ladder {
	return Ladder{Children: 4, Nice: 10, Speed: "veryfast", FFmpeg: "ffmpeg"}
}

// speeds are the presets that libx264 and libx265 have, the fast ones of them.
var speeds = []string{"ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow"}

// children reads the section ingest.ladder.
func children(to *Ladder) reader {
	return section(
		key{"children", value(&to.Children, count(1000))},
		key{"nice", value(&to.Nice, nice)},
		key{"speed", value(&to.Speed, speed)},
		key{"ffmpeg", value(&to.FFmpeg, program)},
	)
}

func nice(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 19 {
		return 0, fmt.Errorf("%.50q must be a whole number from 0 to 19", s)
	}
	return n, nil
}

func speed(s string) (string, error) {
	if !slices.Contains(speeds, s) {
		return "", fmt.Errorf("%.50q is not known, must be one of %s", s, strings.Join(speeds, ", "))
	}
	return s, nil
}

func program(s string) (string, error) {
	if s == "" || strings.ContainsRune(s, 0) {
		return "", fmt.Errorf("must be the path or the name of a program")
	}
	return s, nil
}

// ladder reads a preset's name, a list of rungs, or a section with either.
func ladder(to *catalog.Ladder) reader {
	return func(d *document, path string, n ast.Node) error {
		var s catalog.LadderSettings
		preset, list := value(&s.Preset, text), rungs(&s.Rungs)
		read := preset
		switch n.Type() {
		case ast.SequenceType:
			read = list
		case ast.MappingType:
			read = section(key{"preset", preset}, key{"rungs", list}, key{"source", value(&s.DropSource, dropped)})
		}
		if err := read(d, path, n); err != nil {
			return err
		}
		d.at[path] = n.GetToken()
		*to = catalog.MakeLadder(s)
		return nil
	}
}

// rungs is the reader of a list of mappings.
func rungs(to *[]catalog.Rung) reader {
	return sections(catalog.MaxRungs, "[{height: 720, bitrate: 3M}, {height: 360, bitrate: 800k}]", func(r *catalog.Rung) []key {
		return []key{
			{"name", value(&r.Name, text)},
			{"height", value(&r.Height, count(catalog.MaxRungHeight))},
			{"bitrate", value(&r.Bitrate, bitrate)},
			{"fps", value(&r.FPS, count(catalog.MaxRungRate))},
			{"codec", value(&r.Codec, text)},
		}
	}, func(all []catalog.Rung) { *to = all })
}

func dropped(s string) (bool, error) {
	if s != "keep" && s != "drop" {
		return false, fmt.Errorf("%.50q must be keep or drop", s)
	}
	return s == "drop", nil
}
