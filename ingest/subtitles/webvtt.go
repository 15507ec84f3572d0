package subtitles

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"weir/internal/media"
)

// errWebVTT is wrapped by errors about a document; they name its line.
var errWebVTT = errors.New("not a WebVTT document")

// Bounds on a document.
const (
	maxDocument = 256 << 10 // bytes
	maxLines    = 1000      // cues
	maxHours    = 1 << 20
)

// document is what a WebVTT document says.
type document struct {
	cues    []media.Line
	stamped bool
	stamp   media.Ticks // of the feed's clock at the document's 0, in 1/90000 s modulo 2^33
}

// parse reads a document (W3C WebVTT, 4.1 and 6.1). Styles, regions and notes are passed over. It is stricter than players are: who pushes
// is told what is wrong, and nobody tells a viewer.
func parse(b []byte) (*document, error) {
	if len(b) > maxDocument || !utf8.Valid(b) {
		return nil, fmt.Errorf("%w: it has more than %d bytes, or is not UTF-8", errWebVTT, maxDocument)
	}
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "\uFFFD").Replace(strings.TrimPrefix(string(b), "\uFEFF"))
	lines := strings.Split(text, "\n")
	if rest, ok := strings.CutPrefix(lines[0], "WEBVTT"); !ok || rest != "" && rest[0] != ' ' && rest[0] != '\t' {
		return nil, fmt.Errorf("%w: line 1 is not WEBVTT", errWebVTT)
	}
	d := &document{}
	i := 1
	for ; i < len(lines) && lines[i] != "" && !strings.Contains(lines[i], "-->"); i++ {
		if value, ok := strings.CutPrefix(lines[i], "X-TIMESTAMP-MAP="); ok {
			if err := d.timestampMap(value); err != nil {
				return nil, fmt.Errorf("%w: line %d: %w", errWebVTT, i+1, err)
			}
		}
	}
	for i < len(lines) {
		if lines[i] == "" {
			i++
			continue
		}
		from := i
		for i < len(lines) && lines[i] != "" {
			i++
		}
		if err := d.block(lines[from:i]); err != nil {
			return nil, fmt.Errorf("%w: block from line %d: %w", errWebVTT, from+1, err)
		}
	}
	return d, nil
}

// block reads lines that stand together: a cue, or something else.
func (d *document) block(lines []string) error {
	if !strings.Contains(lines[0], "-->") {
		if word, _, _ := strings.Cut(lines[0], " "); len(lines) == 1 || word == "NOTE" || word == "STYLE" || word == "REGION" {
			return nil
		}
	}
	var c media.Line
	if !strings.Contains(lines[0], "-->") {
		c.ID, lines = lines[0], lines[1:]
	}
	begin, rest, ok := strings.Cut(lines[0], "-->")
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
		return fmt.Errorf("a cue ends at %s and begins at %s", end, strings.TrimSpace(begin))
	}
	if len(d.cues) >= maxLines {
		return fmt.Errorf("more than %d cues", maxLines)
	}
	for _, l := range lines[1:] {
		if strings.Contains(l, "-->") {
			return fmt.Errorf("%.40q: a cue has no arrow in its text; an empty line stands between cues", l)
		}
	}
	c.Settings, c.Text = strings.Join(strings.Fields(settings), " "), strings.Join(lines[1:], "\n")
	if strings.TrimSpace(c.Text) != "" { // one that says nothing is as good as none
		d.cues = append(d.cues, c)
	}
	return nil
}

// timestamp reads hh:mm:ss.ttt or mm:ss.ttt (W3C WebVTT, 6.4).
func timestamp(s string) (time.Duration, error) {
	bad := fmt.Errorf("%.40q is no time, write it like 00:01:02.500", s)
	whole, millis, ok := strings.Cut(s, ".")
	parts := strings.Split(whole, ":")
	if !ok || len(millis) != 3 || len(parts) < 2 || len(parts) > 3 {
		return 0, bad
	}
	ms, err := digits(millis)
	if err != nil {
		return 0, bad
	}
	t := time.Duration(ms) * time.Millisecond
	for i, unit := range []time.Duration{time.Second, time.Minute, time.Hour}[:len(parts)] {
		p := parts[len(parts)-1-i]
		n, err := digits(p)
		if err != nil || len(p) < 2 || unit != time.Hour && (len(p) > 2 || n > 59) || n > maxHours {
			return 0, bad
		}
		t += time.Duration(n) * unit
	}
	return t, nil
}

func digits(s string) (uint64, error) {
	if strings.HasPrefix(s, "+") {
		return 0, errWebVTT
	}
	return strconv.ParseUint(s, 10, 40)
}

// timestampMap reads MPEGTS:900000,LOCAL:00:00:00.000, in any order.
func (d *document) timestampMap(s string) error {
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
	d.stamped = true
	d.stamp = ((media.Ticks(mpegts)-media.FromDuration(local, 90000))%wrap + wrap) % wrap
	return nil
}
