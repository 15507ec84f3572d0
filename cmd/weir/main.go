// Weir is a packaging and delivery server for live video and audio: feeds in by RTMP, HLS and DASH out, with a window to rewind.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// program is the command line: one field a subcommand.
type program struct {
	Serve   serveCommand   `cmd:"" help:"Run everything in one process: ingest, bus, edge, player page and admin API."`
	Config  configCommand  `cmd:"" help:"Work with the configuration file."`
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
		kong.Description("Live video and audio in by RTMP, HLS and DASH out, with a window to rewind."))
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "weir: %v\n", err)
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	command.BindTo(ctx, (*context.Context)(nil))
	if err := command.Run(); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintf(os.Stderr, "weir: %v\n", err)
		return exitFailure
	}
	return 0
}
