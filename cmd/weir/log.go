package main

import (
	"log/slog"
	"os"

	"golang.org/x/term"

	"weir/internal/config"
)

// newLog writes to stderr: text for a person at a terminal, JSON for what collects logs, unless the configuration says which.
func newLog(level slog.Level, format config.LogFormat) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if format == config.LogText || format == config.LogAuto && term.IsTerminal(int(os.Stderr.Fd())) {
		return slog.New(slog.NewTextHandler(os.Stderr, options))
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, options))
}
