package pull

import (
	"fmt"
	"net"
	"net/netip"

	"weir/internal/catalog"
)

// socketBuffer is what the kernel is asked to hold, in bytes: 50 Mbit/s for more than half a second. It may give less (net.core.rmem_max).
const socketBuffer = 4 << 20

// bind opens the socket of a source, in its group if it names one.
func bind(source catalog.UDPSource) (*net.UDPConn, error) {
	address := net.UDPAddrFromAddrPort(source.Address)
	network := "udp"
	if source.Address.Addr().Is4() {
		network = "udp4"
	}
	var conn *net.UDPConn
	var err error
	if source.Address.Addr().IsMulticast() {
		var on *net.Interface
		if on, err = interfaceOf(source); err != nil {
			return nil, err
		}
		conn, err = net.ListenMulticastUDP(network, on, address)
	} else {
		conn, err = net.ListenUDP(network, address)
	}
	if err != nil {
		return nil, err
	}
	_ = conn.SetReadBuffer(socketBuffer)
	tellDrops(conn)
	return conn, nil
}

// interfaceOf is where a group is joined; nil: where the system likes.
func interfaceOf(source catalog.UDPSource) (*net.Interface, error) {
	if source.Zone != "" {
		return net.InterfaceByName(source.Zone)
	}
	if !source.Interface.IsValid() {
		return nil, nil
	}
	all, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list the interfaces: %w", err)
	}
	for _, i := range all {
		addresses, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addresses {
			if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Unmap() == source.Interface.Unmap() {
				return &i, nil
			}
		}
	}
	return nil, fmt.Errorf("no interface of this machine has the address %s", source.Interface)
}
