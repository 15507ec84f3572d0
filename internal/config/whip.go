package config

import (
	"fmt"
	"net/netip"
)

// WHIP is where the media of WebRTC publishers comes in. Their offers come by Ingest.HTTP: without that there is no WHIP.
type WHIP struct {
	UDP string       // HOST:PORT for the media of all sessions, "" for no WHIP. Default: ":8189"
	TCP string       // HOST:PORT for networks without UDP, "" for none. Default: ""
	NAT []netip.Addr // addresses of this machine outside of its NAT, for publishers there. Default: none
}

// maxNAT is how many addresses a machine may have outside of its NAT: publishers try each.
const maxNAT = 8

// whip reads the section of that name.
func whip(to *WHIP) reader {
	return section(
		key{"udp", value(&to.UDP, listenOrOff)},
		key{"tcp", value(&to.TCP, listenOrOff)},
		key{"nat", list(&to.NAT, nat)},
	)
}

func nat(entries []string) ([]netip.Addr, error) {
	if len(entries) > maxNAT {
		return nil, fmt.Errorf("%d are too many, at most %d", len(entries), maxNAT)
	}
	var all []netip.Addr
	for _, entry := range entries {
		a, err := netip.ParseAddr(entry)
		if err != nil || a.Zone() != "" || a.IsUnspecified() {
			return nil, fmt.Errorf("%.60q is no address, write it like 192.0.2.7", entry)
		}
		all = append(all, a.Unmap())
	}
	return all, nil
}
