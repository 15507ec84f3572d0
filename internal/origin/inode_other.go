//go:build !unix

package origin

import (
	"fmt"
	"io/fs"
)

// stateOf names a state of a file: its size, and when it was written to.
func stateOf(info fs.FileInfo) string {
	return fmt.Sprintf("%d-%x", info.Size(), info.ModTime().UnixNano())
}
