package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"time"

	"weir/internal/check"
)

// errBroken is a service that does not keep a rule. What it is stands in the report.
var errBroken = errors.New("not all rules are kept")

// checkCommand is `weir check`.
type checkCommand struct {
	URL    string        `arg:"" help:"A multivariant or media playlist, or an MPD."`
	For    time.Duration `help:"How long to follow it." default:"60s"`
	JSON   bool          `name:"json" help:"Print the report as JSON."`
	Schema string        `help:"The DASH schema (DASH-MPD.xsd), to validate MPDs with xmllint." type:"existingfile" placeholder:"FILE"`
}

// Help is what the help of the command adds.
func (*checkCommand) Help() string {
	return "Follows a live or finished service as players would and applies the rules of HLS, DASH and CMAF that can be seen from outside. " +
		"For each rule it prints its number, a verdict and evidence. The exit code is 1 where a rule is not kept or nothing could be " +
		"checked, 2 where the command line is wrong, else 0."
}

// Run prints the report; errBroken where a rule failed.
func (c *checkCommand) Run(ctx context.Context) error {
	report, err := check.Run(ctx, check.Options{URL: c.URL, For: c.For, Schema: c.Schema})
	if err != nil {
		return err
	}
	if c.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		err = out.Encode(report)
	} else {
		err = report.WriteText(os.Stdout)
	}
	if err == nil && report.Failed() {
		return errBroken
	}
	return err
}
