package check

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Verdict is what was found of a rule.
type Verdict string

// Verdicts.
const (
	Pass    Verdict = "pass"
	Fail    Verdict = "fail"
	Warning Verdict = "warning"  // only what a service should do, or what may have another cause
	NotSeen Verdict = "not seen" // it does not apply, or there was no occasion
)

// Evidence is one thing that was found.
type Evidence struct {
	Verdict Verdict   `json:"verdict"` // Fail or Warning
	Text    string    `json:"text"`
	URL     string    `json:"url,omitempty"`
	Line    int       `json:"line,omitzero"` // of the manifest, from 1; 0: not of one line
	Time    time.Time `json:"time"`
}

// Finding is what was found of one rule.
type Finding struct {
	Rule
	Verdict  Verdict    `json:"verdict"`
	Checks   int        `json:"checks"` // how often it was kept
	Fails    int        `json:"fails"`
	Warnings int        `json:"warnings"`
	Evidence []Evidence `json:"evidence,omitempty"` // the first few
	Note     string     `json:"note,omitempty"`     // what was not looked at
}

// Report is what a check has found.
type Report struct {
	URL      string        `json:"url"`
	Format   string        `json:"format"` // HLS or DASH
	Started  time.Time     `json:"started"`
	Took     time.Duration `json:"tookNanoseconds"`
	Requests int           `json:"requests"`
	Bytes    int64         `json:"bytes"`
	Findings []Finding     `json:"findings"` // one a rule, by number
}

// Failed tells that a rule was not kept.
func (r *Report) Failed() bool {
	for i := range r.Findings {
		if r.Findings[i].Verdict == Fail {
			return true
		}
	}
	return false
}

// WriteText writes the report as a table for people, evidence below its rule.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %d requests, %d bytes in %v\n\n", r.Format, r.URL, r.Requests, r.Bytes, r.Took.Round(100*time.Millisecond))
	counts := map[Verdict]int{}
	for i := range r.Findings {
		f := &r.Findings[i]
		counts[f.Verdict]++
		fmt.Fprintf(&b, "%4d  %-8s  %s", f.Number, f.Verdict, f.Title)
		if f.Clause != "" {
			fmt.Fprintf(&b, " [%s]", f.Clause)
		}
		switch {
		case f.Fails+f.Warnings > 0:
			fmt.Fprintf(&b, ": %d kept, %d not, %d warnings", f.Checks, f.Fails, f.Warnings)
		case f.Checks > 0:
			fmt.Fprintf(&b, ": %d kept", f.Checks)
		}
		b.WriteByte('\n')
		for _, e := range f.Evidence {
			fmt.Fprintf(&b, "        %s %s: %s", e.Time.UTC().Format("15:04:05.000"), e.Verdict, e.Text)
			if e.URL != "" {
				fmt.Fprintf(&b, "\n          %s", e.URL)
				if e.Line > 0 {
					fmt.Fprintf(&b, " line %d", e.Line)
				}
			}
			b.WriteByte('\n')
		}
		if f.Note != "" {
			fmt.Fprintf(&b, "        %s\n", f.Note)
		}
	}
	fmt.Fprintf(&b, "\n%d pass, %d fail, %d warnings, %d not seen\n", counts[Pass], counts[Fail], counts[Warning], counts[NotSeen])
	_, err := io.WriteString(w, b.String())
	return err
}
