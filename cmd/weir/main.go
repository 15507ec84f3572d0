// Weir is a packaging and delivery server for live video and audio: feeds in by RTMP, HLS and DASH out, with a window to rewind.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// program is the command line: one field a subcommand.
type program struct {
	Serve   serveCommand   `cmd:"" help:"Run everything in one process: ingest, bus, edge, player page and admin API."`
	Ingest  ingestCommand  `cmd:"" help:"Only take feeds in, for edges that meet it on the NATS servers of bus.url."`
	Edge    edgeCommand    `cmd:"" help:"Only serve players, with what ingests put on the NATS servers of bus.url, or what the edges of another cluster have (edge.upstream)."`
	Bus     busCommand     `cmd:"" help:"Run a NATS server, one node of a cluster, for ingests and edges to meet on."`
	Check   checkCommand   `cmd:"" help:"Check whether a live or finished HLS or DASH service keeps the rules, ours or anybody's."`
	Config  configCommand  `cmd:"" help:"Work with the configuration file."`
	Mirror  mirrorCommand  `cmd:"" help:"Keep the NATS servers of bus.url, a leaf node of others, a point of presence: with their channels, and a retention of its own."`
	Size    sizeCommand    `cmd:"" help:"Reckon memory, disk, bandwidth, network interfaces and edges for channels and viewers, with the formulas."`
	Vod     vodCommand     `cmd:"" name:"vod" help:"Media files on demand: look into them, or write them as HLS and DASH."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// Exit codes: 0 all went well, 1 it could not be done, 2 the command line is wrong.
const (
	exitFailure = 1
	exitUsage   = 2
)

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	parser := kong.Must(&program{}, kong.Name("weir"), kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Description("Live and on-demand video and audio: feeds and files in, HLS and DASH out, with a window to rewind."))
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "weir: %v\n", err)
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, stop)() // a second signal ends the process at once
	command.BindTo(ctx, (*context.Context)(nil))
	if err := command.Run(); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintf(os.Stderr, "weir: %s\n", oneLine(err))
		return exitFailure
	}
	return 0
}

// oneLine is err as an operator reads it: joined errors have a line each.
func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}
