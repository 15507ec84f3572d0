package subtitle

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"weir/internal/media"
)

// ErrWebVTT is wrapped by errors about a document of WebVTT; they name its line.
var ErrWebVTT = errors.New("not a WebVTT document")

const signature = "WEBVTT"

// maxBlock is the most lines that may stand together.
const maxBlock = 16 << 10

// IsWebVTT tells whether a text begins as WebVTT does.
func IsWebVTT(text string) bool {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(text, "\uFEFF"), signature)
	return ok && (rest == "" || strings.ContainsRune(" \t\r\n", rune(rest[0])))
}

// webvtt is a document while it is read.
type webvtt struct {
	Document
	rules  Rules
	header []string // blocks of it
}

// WebVTT reads a document (W3C WebVTT, 4.1 and 6.1). Notes are passed over, and so are styles and regions behind a cue, as players do. It is
// stricter than players are about times: who made the document is told what is wrong, and nobody tells a viewer.
func WebVTT(text string, rules Rules) (*Document, error) {
	d := &webvtt{rules: rules}
	in := newLines(text)
	if !IsWebVTT(text) {
		return nil, fmt.Errorf("%w: line 1 is not WEBVTT", ErrWebVTT)
	}
	in.next()
	head := []string{strings.TrimRight(in.line, " \t")}
	if strings.Contains(head[0], arrow) { // whatever it was meant to be
		head[0] = signature
	}
	for in.next() && in.line != "" {
		if strings.Contains(in.line, arrow) {
			in.back()
			break
		}
		if value, ok := strings.CutPrefix(in.line, "X-TIMESTAMP-MAP="); ok {
			if err := d.timestampMap(value); err != nil {
				return nil, fmt.Errorf("%w: line %d: %w", ErrWebVTT, in.n, err)
			}
			continue
		}
		if tag, ok := strings.CutPrefix(in.line, "Language:"); ok && media.IsLanguage(strings.TrimSpace(tag)) {
			d.Language = strings.TrimSpace(tag)
		}
		head = append(head, in.line)
	}
	d.header = append(d.header, strings.Join(head, "\n"))
	var block []string
	for in.next() {
		if in.line == "" {
			continue
		}
		from := in.n
		block = append(block[:0], in.line)
		for timed := strings.Contains(in.line, arrow); in.next() && in.line != ""; {
			if strings.Contains(in.line, arrow) {
				if d.rules.Loose && timed {
					in.back()
					break
				}
				timed = true
			}
			if block = append(block, in.line); len(block) > maxBlock {
				return nil, fmt.Errorf("%w: block from line %d: more than %d lines", ErrWebVTT, from, maxBlock)
			}
		}
		if err := d.block(block); err != nil {
			return nil, fmt.Errorf("%w: block from line %d: %w", ErrWebVTT, from, err)
		}
	}
	d.Header = strings.Join(d.header, "\n\n")
	return &d.Document, nil
}

// block reads lines that stand together: a cue, or something else.
func (d *webvtt) block(lines []string) error {
	var c media.Line
	if !strings.Contains(lines[0], arrow) {
		word, _, _ := strings.Cut(lines[0], " ")
		switch name := strings.TrimRight(lines[0], " \t"); {
		case name == "STYLE" || name == "REGION":
			if len(d.Cues) == 0 && !strings.Contains(strings.Join(lines, ""), arrow) {
				d.header = append(d.header, strings.Join(lines, "\n"))
			}
			return nil
		case len(lines) == 1, word == "NOTE", word == "STYLE", word == "REGION":
			return nil
		}
		c.ID, lines = lines[0], lines[1:]
	}
	begin, rest, ok := strings.Cut(lines[0], arrow)
	end, settings, _ := strings.Cut(strings.TrimSpace(strings.ReplaceAll(rest, "\t", " ")), " ")
	if !ok {
		return fmt.Errorf("%.40q is no timing", lines[0])
	}
	var err error
	if c.Start, err = timestamp(strings.TrimSpace(begin)); err != nil {
		return err
	}
	if c.End, err = timestamp(end); err != nil {
		return err
	}
	if c.End <= c.Start {
		if d.rules.Loose {
			d.Backward++
			return nil
		}
		return fmt.Errorf("a cue ends at %s and begins at %s", end, strings.TrimSpace(begin))
	}
	if i := slices.IndexFunc(lines[1:], func(l string) bool { return strings.Contains(l, arrow) }); i >= 0 {
		return fmt.Errorf("%.40q: a cue has no arrow in its text; an empty line stands between cues", lines[1+i])
	}
	c.Settings, c.Text = strings.Join(strings.Fields(settings), " "), strings.Join(lines[1:], "\n")
	if strings.TrimSpace(c.Text) == "" {
		c.Text = ""
	}
	return d.add(c, d.rules)
}

// timestampMap reads MPEGTS:900000,LOCAL:00:00:00.000, in any order.
func (d *webvtt) timestampMap(s string) error {
	var mpegts uint64
	var local time.Duration
	stamped, err := false, error(nil)
	for part := range strings.SplitSeq(s, ",") {
		switch name, value, _ := strings.Cut(strings.TrimSpace(part), ":"); name {
		case "MPEGTS":
			if mpegts, err = strconv.ParseUint(value, 10, 33); err != nil {
				return fmt.Errorf("MPEGTS of %.20q is no number below 2^33", value)
			}
			stamped = true
		case "LOCAL":
			if local, err = timestamp(value); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%.20q in X-TIMESTAMP-MAP", name)
		}
	}
	if !stamped {
		return errors.New("X-TIMESTAMP-MAP without MPEGTS")
	}
	const wrap = 1 << 33
	d.Stamped = true
	d.Stamp = ((media.Ticks(mpegts)-media.FromDuration(local, 90000))%wrap + wrap) % wrap
	return nil
}
