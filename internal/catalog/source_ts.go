package catalog

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"strconv"
	"strings"
)

// Schemes of a source that is an MPEG transport stream.
const (
	SourceUDP   = "udp://"
	SourceHTTP  = "http://"
	SourceHTTPS = "https://"
)

// UDPSource is a transport stream that comes in datagrams, bare or in RTP.
type UDPSource struct {
	Address   netip.AddrPort // group, or address of this machine
	Interface netip.Addr     // of this machine, where a group is joined; the zero value: where the system likes
	Zone      string         // name of an interface, for groups of IPv6
	Program   uint16         // 0: any
}

// ParseUDP reads udp://[INTERFACE-IP@]ADDRESS:PORT[?program=N].
func ParseUDP(source string) (UDPSource, error) {
	const form = "write it like udp://239.1.1.1:5000, udp://INTERFACE-IP@239.1.1.1:5000 or udp://:5000, with ?program=N for one of several programs"
	u, err := url.Parse(source)
	if err != nil || u.Scheme != "udp" || u.Path != "" && u.Path != "/" || u.Fragment != "" {
		return UDPSource{}, fmt.Errorf("%q is no UDP address, %s", source, form)
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil || port == 0 {
		return UDPSource{}, fmt.Errorf("%q needs a port from 1 to 65535, %s", source, form)
	}
	address := netip.IPv6Unspecified()
	if host := u.Hostname(); host != "" {
		if address, err = netip.ParseAddr(host); err != nil {
			return UDPSource{}, fmt.Errorf("%q needs an IP address, of a group or of this machine, %s", source, form)
		}
	}
	out := UDPSource{Address: netip.AddrPortFrom(address.WithZone(""), uint16(port)), Zone: address.Zone()}
	if on := u.User.String(); on != "" {
		if out.Interface, err = netip.ParseAddr(on); err != nil {
			return UDPSource{}, fmt.Errorf("%q: what stands before the @ must be the IP address of an interface, %s", source, form)
		}
		if !address.IsMulticast() {
			return UDPSource{}, fmt.Errorf("%q names an interface, but no group: for one address of this machine write udp://ADDRESS:PORT", source)
		}
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return UDPSource{}, fmt.Errorf("the query of %q cannot be read: %s", source, form)
	}
	for name, values := range q {
		if name != "program" || len(values) > 1 {
			return UDPSource{}, fmt.Errorf("%.30q is no parameter of a UDP source, or is there twice: program", name)
		}
		if out.Program, err = programNumber(values[0]); err != nil {
			return UDPSource{}, err
		}
	}
	return out, nil
}

func programNumber(s string) (uint16, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("program %.30q must be a number from 1 to 65535", s)
	}
	return uint16(n), nil
}

// PullSource is a transport stream that is fetched by HTTP.
type PullSource struct {
	URL     string
	Program uint16 // 0: any
}

// ParsePull reads http://…[#program=N] or https://…. Errors have no secrets.
func ParsePull(source string) (PullSource, error) {
	const form = "write it like http://HOST/PATH.ts, with #program=N for one of several programs"
	u, err := url.Parse(source)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return PullSource{}, fmt.Errorf("%q is no address, %s", HideSource(source), form)
	}
	if u.Port() != "" {
		if _, _, err := net.SplitHostPort(u.Host); err != nil {
			return PullSource{}, fmt.Errorf("%q has no right port, %s", HideSource(source), form)
		}
	}
	var out PullSource
	if u.Fragment != "" {
		number, ok := strings.CutPrefix(u.Fragment, "program=")
		if !ok {
			return PullSource{}, fmt.Errorf("%q: what stands behind # must be program=N", HideSource(source))
		}
		if out.Program, err = programNumber(number); err != nil {
			return PullSource{}, err
		}
	}
	u.Fragment = ""
	out.URL = u.String()
	return out, nil
}

// TransportFile tells whether a source is a file with a transport stream, by its name, and of which path: file:PATH.ts (.m2ts, .mts, .trp),
// maybe with ?program=N.
func TransportFile(source string) (name string, program uint16, ok bool) {
	name, ok = strings.CutPrefix(source, SourceFile)
	if !ok {
		return "", 0, false
	}
	if before, number, found := strings.Cut(name, "?program="); found {
		n, err := programNumber(number)
		if err != nil {
			return "", 0, false
		}
		name, program = before, n
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".ts", ".m2ts", ".mts", ".trp":
		return name, program, true
	}
	return "", 0, false
}
