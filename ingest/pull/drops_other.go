//go:build !linux

package pull

import "net"

// tellDrops does nothing: only Linux tells.
func tellDrops(*net.UDPConn) {}

const dropsSpace = 0

// drops knows of none.
func drops([]byte) (n uint32, ok bool) { return 0, false }
