//go:build !linux

// Package process starts programs beside this one so that they do not get in its way, nor outlive it.
package process

import "os/exec"

// Confine does nothing where there is no way to.
func Confine(*exec.Cmd) {}

// Lower does nothing where there is no way to.
func Lower(int) error { return nil }

// EndGroup does nothing where there is no way to.
func EndGroup(int) {}
