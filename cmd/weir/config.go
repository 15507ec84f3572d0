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
	for _, key := range cfg.Unserved() {
		fmt.Printf("%s: %s is set, but this version does not serve it\n", c.File, key)
	}
	_, err = fmt.Printf("%s is right: %d channels\n", c.File, len(cfg.Channels))
	return err
}
