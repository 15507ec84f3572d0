package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	maxEvidence = 6   // kept a rule and verdict
	maxText     = 400 // bytes of a piece of evidence
)

// ledger collects findings. It is safe for concurrent use.
type ledger struct {
	now func() time.Time

	mu    sync.Mutex
	rules map[int]*Finding
	told  map[string]bool // evidence that is there already
}

func newLedger(now func() time.Time) *ledger {
	l := &ledger{now: now, rules: map[int]*Finding{}, told: map[string]bool{}}
	for _, r := range Rules() {
		l.rules[r.Number] = &Finding{Rule: r}
	}
	return l
}

// place is where something was found.
type place struct {
	url  string
	line int
}

// ok notes that a rule was kept once.
func (l *ledger) ok(rule int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rules[rule].Checks++
}

// fail notes that a rule was not kept. The same text about the same place counts, but is evidence only once.
func (l *ledger) fail(rule int, at place, format string, args ...any) {
	l.add(rule, Fail, at, fmt.Sprintf(format, args...))
}

// warn notes what a service should not do, or what may have another cause.
func (l *ledger) warn(rule int, at place, format string, args ...any) {
	l.add(rule, Warning, at, fmt.Sprintf(format, args...))
}

// expect notes whether a rule was kept.
func (l *ledger) expect(kept bool, rule int, at place, format string, args ...any) {
	if kept {
		l.ok(rule)
		return
	}
	l.fail(rule, at, format, args...)
}

// note says what was not looked at.
func (l *ledger) note(rule int, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.rules[rule]; !strings.Contains(f.Note, text) && len(f.Note) < maxText {
		f.Note = strings.TrimPrefix(f.Note+"; "+text, "; ")
	}
}

func (l *ledger) add(rule int, v Verdict, at place, text string) {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.rules[rule]
	count := &f.Fails
	if v == Warning {
		count = &f.Warnings
	}
	*count++
	key := fmt.Sprint(rule, v, at.url, text)
	kept := 0
	for _, e := range f.Evidence {
		if e.Verdict == v {
			kept++
		}
	}
	if kept < maxEvidence && !l.told[key] {
		l.told[key] = true
		f.Evidence = append(f.Evidence, Evidence{v, text, at.url, at.line, now})
	}
}

// findings are all rules with their verdicts.
func (l *ledger) findings() []Finding {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []Finding
	for _, r := range Rules() {
		f := *l.rules[r.Number]
		f.Evidence = slices.Clone(f.Evidence)
		slices.SortStableFunc(f.Evidence, func(a, b Evidence) int { return cmp.Compare(a.Verdict, b.Verdict) }) // fails first
		switch {
		case f.Fails > 0:
			f.Verdict = Fail
		case f.Warnings > 0:
			f.Verdict = Warning
		case f.Checks > 0:
			f.Verdict = Pass
		default:
			f.Verdict = NotSeen
		}
		list = append(list, f)
	}
	return list
}
