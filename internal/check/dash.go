package check

import (
	"bytes"
	"context"
	"regexp"
	"strconv"
	"sync"
	"time"

	"weir/internal/check/mpd"
)

const (
	dashType    = "application/dash+xml"
	fetchers    = 4                      // of media, at once
	leastUpdate = 500 * time.Millisecond // between reloads
	mostUpdate  = 10 * time.Second
	maxStreams  = 64
)

// dash is the check of a DASH service. follow owns what is not under mu.
type dash struct {
	*session
	url    string // that is reloaded
	last   *mpd.MPD
	body   []byte
	lastAt time.Time
	update time.Duration // minimumUpdatePeriod
	jobs   chan dashJob
	tasks  sync.WaitGroup

	mu      sync.Mutex
	streams map[string]*stream // by Period, AdaptationSet and Representation
	offset  time.Duration      // of the service's clock from ours
	tried   map[string]bool
}

// checkDASH follows the MPD that the first answer has.
func (s *session) checkDASH(ctx context.Context, first *answer) {
	d := &dash{
		session: s, url: s.options.URL, jobs: make(chan dashJob, 256), streams: map[string]*stream{}, tried: map[string]bool{},
	}
	for range fetchers {
		d.tasks.Go(func() {
			for j := range d.jobs {
				if ctx.Err() == nil && s.options.Now().Before(s.until.Add(endSlack)) {
					d.fetchSegment(ctx, j)
				}
			}
		})
	}
	if d.observe(ctx, first) {
		s.manifestHTTP(ctx, first, dashType, d.last.Dynamic())
		for !s.over(ctx) && d.reload(ctx) {
		}
	}
	close(d.jobs)
	d.tasks.Wait()
	for _, x := range d.streams {
		list := x.looked()
		d.continuous(x, list)
		d.honest(x, list)
	}
}

// once tells whether something is tried for the first time.
func (d *dash) once(what string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	was := d.tried[what]
	d.tried[what] = true
	return !was
}

// clock is the time of the service, as UTCTiming tells it.
func (d *dash) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.options.Now().Add(d.offset)
}

// reload waits for the next MPD; it is false when there will be none.
func (d *dash) reload(ctx context.Context) bool {
	pause := min(max(d.update, leastUpdate), mostUpdate)
	if !d.last.Dynamic() {
		if !d.once("static") {
			return false
		}
		pause = 2 * time.Second
	} else if d.update < 0 { // it says that it will not change before the end
		pause = mostUpdate
	}
	if !d.wait(ctx, pause) || d.over(ctx) {
		return false
	}
	a, err := d.get(ctx, ask{url: d.url, header: zippedToo()})
	if err != nil {
		if ctx.Err() == nil {
			d.fail(ruleReadable, place{url: d.url}, "it cannot be fetched: %v", err)
		}
		return ctx.Err() == nil
	}
	if a.status != 200 {
		d.fail(ruleReadable, place{url: d.url}, "it is answered with %d", a.status)
		return true
	}
	d.observe(ctx, a)
	return true
}

var numberForm = regexp.MustCompile(`="(\d{16,20})"`)

// observe takes an MPD; it is false where it cannot be read.
func (d *dash) observe(ctx context.Context, a *answer) bool {
	at := place{url: a.url}
	if d.last == nil || !bytes.Equal(d.body, a.body) {
		problems := mpd.Structure(a.body)
		for _, p := range problems {
			d.fail(ruleSchema, place{a.url, p.Line}, "%s", p.Text)
		}
		if len(problems) == 0 {
			d.ok(ruleSchema)
		}
		d.validate(ctx, a)
	}
	m, err := mpd.Parse(a.body)
	if err != nil {
		d.fail(ruleReadable, at, "%v", err)
		return false
	}
	d.ok(ruleReadable)
	for _, n := range numberForm.FindAllSubmatch(a.body, -1) {
		v, err := strconv.ParseUint(string(n[1]), 10, 64)
		d.expect(err == nil && v < 1<<53, ruleNumbers, at, "there is the number %s", n[1])
	}
	if d.last != nil {
		d.succession(m, a)
	} else {
		d.ok(ruleNumbers)
		d.timing(ctx, m, a)
	}
	d.update = -1
	if u, ok := mpd.Duration(m.Update); ok {
		d.update = u
	}
	d.buffers(m, at)
	d.ending(m, at)
	wasLast := ""
	if d.last != nil && len(d.last.Periods) > 0 {
		wasLast = d.last.Periods[len(d.last.Periods)-1].ID
	}
	previous := d.last
	d.last, d.body, d.lastAt = m, a.body, a.done
	if len(m.Location) > 0 {
		if next := resolve(a.url, m.Location[0]); next != "" {
			d.url = next
		}
	}
	d.periods(ctx, m, a, previous, wasLast)
	return true
}
