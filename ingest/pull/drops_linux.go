package pull

import (
	"encoding/binary"
	"net"
	"syscall"
)

// tellDrops has the kernel tell with datagrams how many it had no room for (SO_RXQ_OVFL).
func tellDrops(conn *net.UDPConn) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RXQ_OVFL, 1)
	})
}

// dropsSpace is the room for what it tells.
const dropsSpace = 64

// drops reads how many there were since the socket was opened, modulo 2^32; ok is false where nothing is told, as there were none.
func drops(oob []byte) (n uint32, ok bool) {
	messages, err := syscall.ParseSocketControlMessage(oob)
	if err != nil {
		return 0, false
	}
	for _, m := range messages {
		if m.Header.Level == syscall.SOL_SOCKET && m.Header.Type == syscall.SO_RXQ_OVFL && len(m.Data) >= 4 {
			return binary.NativeEndian.Uint32(m.Data), true
		}
	}
	return 0, false
}
