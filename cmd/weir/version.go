package main

import (
	"fmt"
	"runtime"
)

// version is set by the linker: what `git describe` said.
var version = "unknown"

// versionCommand is `weir version`.
type versionCommand struct{}

// Run prints the version.
func (*versionCommand) Run() error {
	_, err := fmt.Printf("weir %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
