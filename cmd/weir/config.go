package main

import (
	"fmt"

	"weir/internal/config"
)

// configCommand is `weir config`.
type configCommand struct {
	Check configCheckCommand `cmd:"" help:"Read a configuration file and say what is wrong with it, if anything."`
}

// configCheckCommand is `weir config check`.
type configCheckCommand struct {
	File string `arg:"" help:"The YAML file." type:"path"`
}

// Run reads the file as serve does.
func (c *configCheckCommand) Run() error {
	cfg, err := config.Load(c.File)
	if err != nil {
		return err
	}
	_, err = fmt.Printf("%s is right: %d channels, %d assets\n", c.File, len(cfg.Channels), len(cfg.Assets))
	return err
}
