package check

import (
	"bytes"
	"context"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"weir/internal/check/mpd"
)

var publishForm = regexp.MustCompile(`publishTime="[^"]*"`)

// succession compares an MPD with the one before it (rules 24, 25 and 29).
func (d *dash) succession(m *mpd.MPD, a *answer) {
	at, was := place{url: a.url}, d.last
	d.expect(m.Start == was.Start || !m.Dynamic(), ruleStable, at, "availabilityStartTime was %s, it is now %s", was.Start, m.Start)
	d.samePeriods(was, m, at)
	if !was.Dynamic() {
		d.expect(!m.Dynamic(), ruleEnd, at, "it was static and is dynamic again")
		d.expect(bytes.Equal(d.body, a.body), ruleEnd, at, "a static MPD has changed")
		return
	}
	changed := !bytes.Equal(publishForm.ReplaceAll(d.body, nil), publishForm.ReplaceAll(a.body, nil))
	before, _ := mpd.Time(was.Publish)
	now, ok := mpd.Time(m.Publish)
	switch {
	case !ok && m.Dynamic():
		d.fail(ruleClock, at, "publishTime is missing")
	case now.Before(before):
		d.fail(ruleClock, at, "publishTime fell from %s to %s", was.Publish, m.Publish)
	case changed:
		d.expect(!now.Equal(before), ruleClock, at, "the MPD has changed, its publishTime %s has not", m.Publish)
	case !now.Equal(before):
		d.warn(ruleClock, at, "publishTime went from %s to %s, and nothing else has changed", was.Publish, m.Publish)
	default:
		d.ok(ruleClock)
	}
}

// samePeriods checks that Periods that are still there are what they were, in their order (rule 24).
func (d *dash) samePeriods(was, now *mpd.MPD, at place) {
	old := map[string]*mpd.Period{}
	for i := range was.Periods {
		old[was.Periods[i].ID] = &was.Periods[i]
	}
	grown, kept := false, 0
	for i := range now.Periods {
		p := &now.Periods[i]
		o := old[p.ID]
		if o == nil {
			grown = true
			continue
		}
		kept++
		d.expect(!grown, ruleStable, at, "there is a new Period before the Period %q", p.ID)
		d.expect(o.Start == p.Start || o.Start == "" || p.Start == "", ruleStable, at, "the Period %q started at %s, now at %s", p.ID, o.Start, p.Start)
		d.expect(o.Duration == "" || o.Duration == p.Duration, ruleStable, at, "the Period %q was %s long, it is now %s", p.ID, o.Duration, p.Duration)
		d.expect(order(o) == order(p), ruleStable, at, "AdaptationSets and Representations of the Period %q were %s, they are now %s", p.ID, order(o), order(p))
	}
	d.expect(kept > 0, ruleStable, at, "no Period of the MPD before is left")
}

// order is the order of the AdaptationSets and Representations of a Period.
func order(p *mpd.Period) string {
	var b strings.Builder
	for i := range p.Sets {
		b.WriteString(" " + p.Sets[i].ID + ":")
		for k := range p.Sets[i].Streams {
			b.WriteString(p.Sets[i].Streams[k].ID + ",")
		}
	}
	return strings.TrimSpace(b.String())
}

// timing looks at UTCTiming and what it tells (rule 25).
func (d *dash) timing(ctx context.Context, m *mpd.MPD, a *answer) {
	if !m.Dynamic() {
		return
	}
	at := place{url: a.url}
	d.expect(len(m.UTCTiming) > 0, ruleClock, at, "UTCTiming is missing")
	_, ok := mpd.Time(m.Publish)
	d.expect(ok, ruleClock, at, "publishTime is missing")
	for _, u := range m.UTCTiming {
		told, ok := d.toldTime(ctx, u, a.url, at)
		if !ok {
			continue
		}
		off := told.Sub(d.options.Now())
		switch {
		case off.Abs() > 5*time.Minute:
			d.fail(ruleClock, at, "UTCTiming tells %s, that is %v off", told.Format(time.RFC3339Nano), off.Round(time.Second))
		case off.Abs() > 2*time.Second:
			d.warn(ruleClock, at, "UTCTiming tells %s, that is %v off from this machine's clock", told.Format(time.RFC3339Nano), off.Round(time.Millisecond))
		default:
			d.ok(ruleClock)
		}
		d.mu.Lock()
		d.offset = off
		d.mu.Unlock()
		return
	}
}

// toldTime asks a UTCTiming (5.8.4.11); ok is false where it tells no time, or is of a scheme that is not asked.
func (d *dash) toldTime(ctx context.Context, u mpd.Descriptor, base string, at place) (time.Time, bool) {
	parts := strings.Split(u.Scheme, ":")
	scheme := parts[max(len(parts)-2, 0)]
	value, _, _ := strings.Cut(strings.TrimSpace(u.Value), " ")
	switch scheme {
	case "direct":
		t, ok := mpd.Time(u.Value)
		d.expect(ok, ruleClock, at, "UTCTiming has the time %q", u.Value)
		return t, ok
	case "http-xsdate", "http-iso", "http-head":
		q := ask{url: resolve(base, value), limit: 4096}
		if scheme == "http-head" {
			q.method = http.MethodHead
		}
		a, err := d.get(ctx, q)
		if err != nil || a.status != http.StatusOK {
			d.fail(ruleClock, at, "UTCTiming at %s does not answer: %v", value, err)
			return time.Time{}, false
		}
		t, ok := mpd.Time(strings.TrimSpace(string(a.body)))
		if scheme == "http-head" {
			t, err = http.ParseTime(a.header.Get("Date"))
			ok = err == nil
		}
		d.expect(ok, ruleClock, place{url: a.url}, "UTCTiming answers %.60q", a.body)
		return t.Add(a.done.Sub(a.sent) / 2), ok
	}
	d.note(ruleClock, "UTCTiming of the scheme "+scheme+" was not asked")
	return time.Time{}, false
}

// buffers is rule 28 on what one MPD says.
func (d *dash) buffers(m *mpd.MPD, at place) {
	least, ok := mpd.Duration(m.MinBuffer)
	d.expect(ok && least > 0, ruleBuffer, at, "minBufferTime is %q", m.MinBuffer)
	depth, limited := mpd.Duration(m.TimeShift)
	delay, delayed := mpd.Duration(m.Delay)
	if m.Dynamic() && limited && delayed {
		d.expect(delay < depth, ruleBuffer, at, "suggestedPresentationDelay is %v, timeShiftBufferDepth %v", delay, depth)
	}
}

// ending is rule 29 on what one MPD says.
func (d *dash) ending(m *mpd.MPD, at place) {
	if m.Dynamic() || len(m.Periods) == 0 {
		return
	}
	d.expect(m.Update == "", ruleEnd, at, "a static MPD has minimumUpdatePeriod")
	_, total := mpd.Duration(m.Total)
	_, own := mpd.Duration(m.Periods[len(m.Periods)-1].Duration)
	d.expect(total || own, ruleEnd, at, "neither the MPD nor its last Period has a duration")
}

// validate has xmllint validate the MPD, where a schema was given (rule 23).
func (d *dash) validate(ctx context.Context, a *answer) {
	if d.options.Schema == "" {
		return
	}
	cmd := exec.CommandContext(ctx, "xmllint", "--noout", "--nonet", "--schema", d.options.Schema, "-")
	cmd.Stdin = bytes.NewReader(a.body)
	out, err := cmd.CombinedOutput()
	switch {
	case err == nil:
		d.ok(ruleSchema)
	case cmd.ProcessState == nil:
		d.note(ruleSchema, "xmllint could not be run: "+err.Error())
	default:
		line, _, _ := strings.Cut(string(out), "\n")
		d.fail(ruleSchema, place{url: a.url}, "xmllint: %s", line)
	}
}
