package whip

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
)

const (
	socketBuffer = 4 << 20 // bytes of the UDP sockets' receive buffers: one goroutine reads for all sessions
	tcpQueue     = 64      // packets of a TCP connection that wait to be read
)

// Listener is where the media of all sessions comes in: a UDP port on every interface, and maybe a TCP port for publishers whose
// network lets no UDP through.
type Listener struct {
	udp   ice.UDPMux
	tcp   ice.TCPMux // nil: no TCP
	addrs []net.Addr // of udp
}

// Listen opens the ports, so that a used one shows before anything runs. udp is HOST:PORT; without a host every interface gets a socket of its
// own, as an answer must leave by the address that was asked. tcp is HOST:PORT or "".
func Listen(udp, tcp string) (*Listener, error) {
	l := &Listener{}
	addr, err := net.ResolveUDPAddr("udp", udp)
	if err != nil {
		return nil, fmt.Errorf("listen for WebRTC media: %w", err)
	}
	ips := []netip.Addr{addr.AddrPort().Addr().Unmap()}
	if addr.IP == nil || addr.IP.IsUnspecified() {
		if ips, err = interfaceAddrs(); err != nil {
			return nil, fmt.Errorf("listen for WebRTC media: %w", err)
		}
	}
	quiet := logging.NewDefaultLoggerFactory()
	quiet.DefaultLogLevel = logging.LogLevelDisabled
	var muxes []ice.UDPMux
	for _, ip := range ips {
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, uint16(addr.Port))))
		if errors.Is(err, syscall.EADDRNOTAVAIL) && len(ips) > 1 {
			continue // an address that is about to come or to go
		}
		if err != nil {
			for _, m := range muxes {
				_ = m.Close()
			}
			return nil, fmt.Errorf("listen for WebRTC media: %w", err)
		}
		_ = conn.SetReadBuffer(socketBuffer) // the system may allow less
		muxes = append(muxes, ice.NewUDPMuxDefault(ice.UDPMuxParams{Logger: quiet.NewLogger("ice"), UDPConn: conn}))
	}
	l.udp = ice.NewMultiUDPMuxDefault(muxes...)
	l.addrs = l.udp.GetListenAddresses()
	if len(l.addrs) == 0 {
		_ = l.udp.Close()
		return nil, fmt.Errorf("listen for WebRTC media on %s: no interface has an address", udp)
	}
	if tcp != "" {
		ln, err := net.Listen("tcp", tcp)
		if err != nil {
			_ = l.udp.Close()
			return nil, fmt.Errorf("listen for WebRTC media: %w", err)
		}
		l.tcp = ice.NewTCPMuxDefault(ice.TCPMuxParams{Listener: ln, Logger: quiet.NewLogger("ice"), ReadBufferSize: tcpQueue})
	}
	return l, nil
}

// Addrs are the UDP addresses, one an interface.
func (l *Listener) Addrs() []net.Addr { return l.addrs }

// Close frees the ports. It may be called more than once.
func (l *Listener) Close() {
	_ = l.udp.Close()
	if l.tcp != nil {
		_ = l.tcp.Close()
	}
}

// offered is the UDP port as one publisher is told of it.
type offered struct {
	ice.UDPMux
	addrs []net.Addr
}

// GetListenAddresses are those that the publisher may reach.
func (o offered) GetListenAddresses() []net.Addr { return o.addrs }

// offer tells a publisher of all addresses; of loopback only one on this machine, or where there is nothing else: a browser may ask its
// user before a page reaches into the own machine.
func (l *Listener) offer(local bool) ice.UDPMux {
	addrs := l.addrs
	if !local {
		addrs = slices.DeleteFunc(slices.Clone(addrs), func(a net.Addr) bool { return isLoopback(a.String()) })
		if len(addrs) == 0 {
			addrs = l.addrs
		}
	}
	return offered{l.udp, addrs}
}

// interfaceAddrs are the addresses of this machine, without those that need to be told by which interface they are meant.
func interfaceAddrs() ([]netip.Addr, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var ips []netip.Addr
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil && !p.Addr().IsLinkLocalUnicast() {
			ips = append(ips, p.Addr().Unmap())
		}
	}
	return ips, nil
}

// isLoopback tells whether HOST:PORT is of this machine.
func isLoopback(hostPort string) bool {
	a, err := netip.ParseAddrPort(hostPort)
	return err == nil && a.Addr().Unmap().IsLoopback()
}
