//go:build unix

package origin

import (
	"fmt"
	"io/fs"
	"syscall"
)

// stateOf names a state of a file: its size, when it was written to, and which file of the disk it is.
func stateOf(info fs.FileInfo) string {
	inode := uint64(0)
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		inode = uint64(st.Ino)
	}
	return fmt.Sprintf("%d-%x-%x", info.Size(), info.ModTime().UnixNano(), inode)
}
