package mpegts

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"weir/internal/elementary"
	"weir/internal/media"
)

// choice is which program is taken.
type choice struct {
	wanted   uint16 // 0: any
	version  int    // of the PAT, plus 1; 0: there was none
	sections map[byte][]program
	programs []program // of a PAT that is complete
	maps     map[uint16]pmt
	chosen   *program
	last     []byte // section of the chosen program that was applied last
}

func (c *choice) numbers() (all []string) {
	for _, p := range c.programs {
		all = append(all, strconv.Itoa(int(p.number)))
	}
	return all
}

// pat takes a section of the PAT.
func (d *Demuxer) pat(section []byte) error {
	p, ok := readPAT(section)
	if !ok {
		return nil
	}
	c := &d.choice
	if version := int(p.version) + 1; c.version != version || slices.ContainsFunc(p.programs, c.isNew(p.section)) {
		c.version, c.sections = version, make(map[byte][]program)
	}
	c.sections[p.section] = p.programs
	var all []program
	for i := range int(p.last) + 1 {
		some, there := c.sections[byte(i)]
		if !there {
			return nil
		}
		all = append(all, some...)
	}
	if slices.Equal(all, c.programs) {
		return nil
	}
	c.programs = all
	return d.listed()
}

// isNew tells of programs that the section did not have when it came last: some encoders change the table without its version.
func (c *choice) isNew(section byte) func(program) bool {
	before, there := c.sections[section]
	return func(p program) bool { return there && !slices.Contains(before, p) }
}

// listed looks for the maps of the programs that the PAT lists now.
func (d *Demuxer) listed() error {
	c := &d.choice
	if c.chosen != nil {
		at := slices.IndexFunc(c.programs, func(p program) bool { return p.number == c.chosen.number })
		if at >= 0 {
			if old := *c.chosen; old != c.programs[at] {
				d.unmap(old.pid)
				*c.chosen = c.programs[at]
			}
			d.lookFor(*c.chosen)
			return nil
		}
		d.cfg.Log.Info("the program has left the stream", "program", c.chosen.number, "programs", strings.Join(c.numbers(), ", "))
		d.unmap(c.chosen.pid)
		c.chosen, c.last, d.bytes = nil, nil, 0
	}
	c.maps = make(map[uint16]pmt)
	for _, p := range c.programs {
		if c.wanted == 0 || c.wanted == p.number {
			d.lookFor(p)
		}
	}
	return nil
}

// lookFor filters the PID of a program's map. Programs may share one.
func (d *Demuxer) lookFor(p program) {
	if f := d.pids[p.pid]; f != nil && f.sections != nil || p.pid == 0 || p.pid >= nullPID {
		return
	}
	d.pids[p.pid] = &filter{pid: p.pid, sections: &sections{}, table: d.pmt}
}

func (d *Demuxer) unmap(pid uint16) {
	if f := d.pids[pid]; f != nil && f.sections != nil && pid != 0 {
		delete(d.pids, pid)
	}
}

// pmt takes a program map.
func (d *Demuxer) pmt(section []byte) error {
	c := &d.choice
	if c.chosen != nil && bytes.Equal(section, c.last) {
		return nil
	}
	m, ok := readPMT(section)
	if !ok {
		return nil
	}
	if c.chosen != nil {
		if m.program != c.chosen.number {
			return nil
		}
		c.last = bytes.Clone(section)
		return d.apply(m)
	}
	if !slices.ContainsFunc(c.programs, func(p program) bool { return p.number == m.program }) || c.wanted != 0 && c.wanted != m.program {
		return nil
	}
	c.maps[m.program] = m
	return d.choose(false)
}

// choose takes a program, once it is clear which; now: of those that are known.
func (d *Demuxer) choose(now bool) error {
	c := &d.choice
	var first, sounding *program
	for i, p := range c.programs {
		if c.wanted != 0 && c.wanted != p.number {
			continue
		}
		m, known := c.maps[p.number]
		if !known {
			if now {
				continue
			}
			return nil
		}
		has := func(kind media.Kind) bool {
			return slices.ContainsFunc(m.streams, func(s stream) bool { return s.role == track && s.kind == kind })
		}
		if has(media.Video) {
			return d.take(c.programs[i])
		}
		if first == nil {
			first = &c.programs[i]
		}
		if sounding == nil && has(media.Audio) {
			sounding = &c.programs[i]
		}
	}
	if sounding != nil {
		first = sounding
	}
	if first == nil {
		return nil
	}
	return d.take(*first)
}

// take makes p the program of the feed.
func (d *Demuxer) take(p program) error {
	c := &d.choice
	c.chosen = &p
	m := c.maps[p.number]
	for _, other := range c.programs {
		if other.pid != p.pid {
			d.unmap(other.pid)
		}
	}
	c.maps = nil
	if len(c.programs) > 1 {
		d.cfg.Log.Info("one of several programs is taken", "program", p.number, "programs", strings.Join(c.numbers(), ", "))
	}
	return d.apply(m)
}

// apply takes over a program map: streams that it has as before go on.
func (d *Demuxer) apply(m pmt) error {
	names := make([]string, len(m.streams))
	var lanes []*lane
	wanted := make(map[uint16]stream)
	d.foreign, d.leadPID = nil, nullPID
	for i, s := range m.streams {
		names[i] = s.String()
		if s.role == unsupported {
			d.foreign = append(d.foreign, s.String())
		}
		if _, twice := wanted[s.pid]; !twice && s.role != ignored && s.role != unsupported && s.pid >= 0x10 && s.pid < nullPID {
			wanted[s.pid] = s
		}
	}
	d.cfg.Log.Info("the program has", "program", m.program, "streams", strings.Join(names, ", "))
	// What ended must be out before the lanes change.
	for _, pid := range slices.Sorted(maps.Keys(d.pids)) {
		f := d.pids[pid]
		if f.isTable(d) || f.goesOn(wanted) {
			continue
		}
		if err := d.end(f); err != nil {
			return err
		}
		if f.parser != nil {
			if err := f.parser.flush(f.lane); err != nil {
				return err
			}
		}
		delete(d.pids, pid)
	}
	for _, s := range m.streams {
		if w, ok := wanted[s.pid]; !ok || w != s {
			continue
		}
		f := d.pids[s.pid]
		if f == nil {
			f = d.filter(s)
			d.pids[s.pid] = f
		}
		if f.lane != nil && !slices.Contains(lanes, f.lane) {
			lanes = append(lanes, f.lane)
			if s.kind == media.Video && d.leadPID == nullPID || len(lanes) == 1 {
				d.leadPID = s.pid
			}
		}
	}
	d.pcrPID = m.pcr
	if err := d.playable(m, lanes); err != nil {
		return err
	}
	if !slices.Equal(lanes, d.tracks.lanes) {
		d.tracks.expect(lanes)
	}
	return nil
}

// isTable tells whether the filter is of PAT or PMT.
func (f *filter) isTable(d *Demuxer) bool {
	return f.sections != nil && (f.pid == 0 || d.choice.chosen != nil && f.pid == d.choice.chosen.pid)
}

// goesOn tells whether the stream of the filter is as it was.
func (f *filter) goesOn(wanted map[uint16]stream) bool {
	s, ok := wanted[f.pid]
	switch {
	case !ok:
		return false
	case f.lane != nil:
		return f.lane.stream == s
	case f.sections != nil:
		return s.role == splices
	}
	return s.role == tags
}

// filter makes what a stream needs.
func (d *Demuxer) filter(s stream) *filter {
	f := &filter{pid: s.pid}
	switch s.role {
	case splices:
		f.sections, f.table = &sections{}, d.splice
	case track:
		f.lane = &lane{to: &d.tracks, stream: s, index: -1}
		f.parser = parserOf(s.content)
	}
	return f
}

func parserOf(c content) parser {
	switch c.syntax {
	case adts:
		return &audioParser{framer: &elementary.ADTS{}}
	case latm:
		return &audioParser{framer: &elementary.LATM{}}
	case mpegAudio:
		return &audioParser{framer: elementary.MPEGAudio{}}
	case ac3:
		return &audioParser{framer: elementary.AC3{}}
	case eac3:
		return &audioParser{framer: elementary.EAC3{}}
	case opus:
		return &opusParser{code: c.opus}
	}
	return &videoParser{codec: c.codec}
}

// playable refuses a program without what makes a channel: sound alone is not what a broadcaster meant who sends pictures too.
func (d *Demuxer) playable(m pmt, lanes []*lane) error {
	video := slices.ContainsFunc(lanes, func(l *lane) bool { return l.stream.kind == media.Video })
	for _, s := range m.streams {
		if s.role == unsupported && s.kind == media.Video && !video {
			return fmt.Errorf("%w: its video is %s; send H.264 or HEVC", ErrUnsupported, s.name)
		}
	}
	if len(lanes) > 0 {
		return nil
	}
	if len(d.foreign) > 0 {
		return fmt.Errorf("%w: it has %s; send H.264 or HEVC, and AAC, AC-3, E-AC-3, MP2, MP3 or Opus", ErrUnsupported, strings.Join(d.foreign, ", "))
	}
	return fmt.Errorf("%w: program %d has neither video nor audio", ErrUnsupported, m.program)
}
