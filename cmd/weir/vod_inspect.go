package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"time"

	"weir/internal/media"
	"weir/packager"
	"weir/packager/vod"
)

// vodInspectCommand is `weir vod inspect`.
type vodInspectCommand struct {
	Files   []string      `arg:"" name:"file" help:"Media files of one title: MP4, FLAC, MP3, ADTS, WebVTT, SubRip. A path may end with # and the language of its audio or subtitles."`
	Segment time.Duration `help:"How long segments are to be." default:"4s"`
	JSON    bool          `name:"json" help:"Print it as JSON."`
}

// Help is what the help of the command adds.
func (*vodInspectCommand) Help() string {
	return "Prints tracks, codecs, durations, distances of key frames, what edit lists do, and the plan of segments. The exit code is 1 where " +
		"the files cannot be packaged, else 0."
}

// vodReport is what `weir vod inspect` says. Durations are in seconds, rates in bits a second.
type vodReport struct {
	Files []vodFile `json:"files"`
	Plan  *vodPlan  `json:"plan,omitempty"` // none: it cannot be packaged
	Error string    `json:"error,omitempty"`
}

// vodFile is a file.
type vodFile struct {
	Path       string     `json:"path"`
	Container  string     `json:"container"`
	Bytes      int64      `json:"bytes"`
	Duration   float64    `json:"duration"`
	Problem    string     `json:"problem,omitempty"`
	Ranges     int        `json:"ranges"`     // that were read for the index
	IndexBytes int        `json:"indexBytes"` // of memory
	Tracks     []vodTrack `json:"tracks"`
}

// vodTrack is a track of a file.
type vodTrack struct {
	Name        string       `json:"name,omitempty"` // in URLs; "": it does not play
	ID          uint32       `json:"id"`
	Why         string       `json:"why,omitempty"` // why it does not play
	Duration    float64      `json:"duration,omitzero"`
	Start       float64      `json:"start,omitzero"` // of its presentation
	Samples     int          `json:"samples,omitzero"`
	Cues        int          `json:"cues,omitzero"` // of a file of subtitles
	Bytes       int64        `json:"bytes,omitzero"`
	Bitrate     int64        `json:"bitrate,omitzero"`
	Edits       string       `json:"edits,omitempty"`
	GOPs        *vodGOPs     `json:"gops,omitempty"`
	Browsers    string       `json:"browsers,omitempty"` // what to know of players in browsers
	Description *media.Track `json:"description,omitempty"`
}

// vodGOPs is how far apart key frames are.
type vodGOPs struct {
	Count    int     `json:"count"`
	Shortest float64 `json:"shortest"`
	Average  float64 `json:"average"`
	Longest  float64 `json:"longest"`
	Unclean  int     `json:"unclean,omitzero"` // of the first ones, that are none by what is in them
}

// vodPlan is how the files are cut.
type vodPlan struct {
	Version  string       `json:"version"`
	Duration float64      `json:"duration"`
	Target   float64      `json:"target"` // EXT-X-TARGETDURATION
	Segments int          `json:"segments"`
	Longest  float64      `json:"longest"`
	Shortest float64      `json:"shortest"` // but for the last
	Forced   int          `json:"forced,omitzero"`
	Apart    int          `json:"apart,omitzero"`
	Problems []string     `json:"problems,omitempty"` // what is left out
	Tracks   []vodPlanned `json:"tracks"`
}

// vodPlanned is a track of the plan.
type vodPlanned struct {
	Name     string `json:"name"`
	Segments int    `json:"segments"`
	Gaps     int    `json:"gaps,omitzero"`
	Largest  int64  `json:"largest"` // bytes
	Average  int    `json:"average"`
	Peak     int    `json:"peak"`
}

// Run prints the report.
func (c *vodInspectCommand) Run(ctx context.Context) error {
	inputs, err := openInputs(ctx, c.Files)
	defer closeInputs(inputs)
	if err != nil {
		return err
	}
	title, failed := titleOf(inputs, c.Segment)
	report := inspect(inputs, title)
	if failed != nil {
		report.Error = failed.Error()
	}
	if c.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		err = out.Encode(report)
	} else {
		err = report.writeText(os.Stdout)
	}
	if err == nil {
		err = failed
	}
	return err
}

// inspect makes the report; title may be nil.
func inspect(inputs []*vodInput, title *vod.Title) *vodReport {
	r := &vodReport{}
	names := make(map[*vod.Track]media.Track)
	if title != nil {
		for _, t := range title.Window().Tracks {
			_, of, _ := title.Source(t.Name)
			names[of] = t
		}
		r.Plan = planOf(title)
	}
	for _, in := range inputs {
		x := in.index
		f := vodFile{
			Path: in.path, Container: x.Container, Bytes: x.Size, Duration: seconds(x.Duration()), Problem: x.Problem,
			Ranges: int(in.file.opens.Load()), IndexBytes: x.Bytes(),
		}
		for _, t := range x.Tracks {
			f.Tracks = append(f.Tracks, inspectTrack(in.file, t, names))
		}
		r.Files = append(r.Files, f)
	}
	return r
}

func inspectTrack(file io.ReaderAt, t *vod.Track, names map[*vod.Track]media.Track) vodTrack {
	v := vodTrack{ID: t.ID, Why: t.Why, Edits: t.Edits}
	d, named := names[t]
	if named {
		v.Name = d.Name
	} else {
		var err error
		if d, err = packager.Describe(t.Format); err != nil {
			d = media.Track{Kind: t.Kind, Codec: t.Format.Codec, Language: t.Format.Language}
		}
	}
	v.Description = &d
	if v.Cues = t.Cues.Len(); v.Cues > 0 {
		v.Duration = seconds(t.Duration())
	}
	if t.Samples.Len() == 0 {
		return v
	}
	v.Samples, v.Bytes = t.Samples.Len(), t.Samples.Stats().Bytes
	v.Duration = seconds(t.Duration())
	v.Start = media.Ticks(t.Start).Seconds(t.Format.Clock.Timescale)
	if v.Duration > 0 {
		v.Bitrate = int64(float64(v.Bytes) * 8 / v.Duration)
	}
	if t.Kind == media.Video {
		g := t.GOPs()
		v.GOPs = &vodGOPs{Count: g.Count, Shortest: seconds(g.Shortest), Average: seconds(g.Average), Longest: seconds(g.Longest)}
		if v.Why == "" {
			v.GOPs.Unclean = unclean(file, t)
		}
	}
	v.Browsers = inBrowsers(&d)
	return v
}

func seconds(d time.Duration) float64 { return d.Round(time.Microsecond).Seconds() }

// planOf is how a title is cut.
func planOf(title *vod.Title) *vodPlan {
	w := title.Window()
	p := &vodPlan{Version: title.Version(), Duration: seconds(w.DVR), Target: w.Target.Seconds(), Segments: w.Rows.Len()}
	p.Forced, p.Apart = title.Forced()
	p.Problems = title.Problems()
	planned := make([]vodPlanned, len(w.Tracks))
	for i := range w.Rows.Len() {
		row := w.Rows.At(i)
		d := seconds(row.Duration)
		p.Longest = max(p.Longest, d)
		if i == 0 || d < p.Shortest && i+1 < w.Rows.Len() {
			p.Shortest = d
		}
		for k, s := range row.Segments {
			if s.Gap() {
				planned[k].Gaps++
				continue
			}
			planned[k].Segments++
			planned[k].Largest = max(planned[k].Largest, s.Bytes)
		}
	}
	for k, t := range w.Tracks {
		planned[k].Name, planned[k].Average, planned[k].Peak = t.Name, w.Rates[t.Name].Average, w.Rates[t.Name].Peak
	}
	p.Tracks = planned
	return p
}
