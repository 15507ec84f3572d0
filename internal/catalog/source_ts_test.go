package catalog

import (
	"net/netip"
	"strings"
	"testing"
)

func TestParseUDP(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]UDPSource{
		"udp://239.1.1.1:5000":                    {Address: netip.MustParseAddrPort("239.1.1.1:5000")},
		"udp://@239.1.1.1:5000":                   {Address: netip.MustParseAddrPort("239.1.1.1:5000")},
		"udp://10.0.0.7@239.1.1.1:5000?program=3": {Address: netip.MustParseAddrPort("239.1.1.1:5000"), Interface: netip.MustParseAddr("10.0.0.7"), Program: 3},
		"udp://127.0.0.1:5000":                    {Address: netip.MustParseAddrPort("127.0.0.1:5000")},
		"udp://:5000":                             {Address: netip.MustParseAddrPort("[::]:5000")},
		"udp://[ff02::1%25lo]:5000":               {Address: netip.MustParseAddrPort("[ff02::1]:5000"), Zone: "lo"},
	} {
		got, err := ParseUDP(source)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", source, got, err)
		}
		if err := validateSource(source); err != nil {
			t.Error(err)
		}
	}
	for source, words := range map[string]string{
		"udp://239.1.1.1":                  "port",
		"udp://239.1.1.1:0":                "port",
		"udp://host:5000":                  "IP address",
		"udp://eth0@239.1.1.1:5000":        "interface",
		"udp://10.0.0.7@127.0.0.1:5000":    "no group",
		"udp://239.1.1.1:5000?program=0":   "program",
		"udp://239.1.1.1:5000?pkt_size=10": "pkt_size",
		"udp://239.1.1.1:5000/x":           "no UDP address",
	} {
		if _, err := ParseUDP(source); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", source, err)
		}
		if validateSource(source) == nil {
			t.Errorf("%s is valid", source)
		}
	}
}

func TestParsePull(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]PullSource{
		"http://host/a.ts":                        {URL: "http://host/a.ts"},
		"https://u:p@host:8443/a?x=1#program=12":  {URL: "https://u:p@host:8443/a?x=1", Program: 12},
		"http://[::1]:80/live/stream?token=a%20b": {URL: "http://[::1]:80/live/stream?token=a%20b"},
	} {
		got, err := ParsePull(source)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", source, got, err)
		}
		if err := validateSource(source); err != nil {
			t.Error(err)
		}
	}
	for _, source := range []string{"http://", "http:///a.ts", "https://u:s3cret@host/#x", "http://u:s3cret@host/#program=x", "http://h:99999999/\x7f"} {
		if _, err := ParsePull(source); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", source, err)
		}
	}
}

func TestTransportFile(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"file:a/b.ts": "a/b.ts", "file:B.M2TS": "B.M2TS", "file:x.ts?program=3": "x.ts", "file:a.mp4": "", "http://h/a.ts": "", "file:x.ts?program=x": "",
	} {
		if name, _, ok := TransportFile(source); name != want || ok != (want != "") {
			t.Errorf("%s: %q, %v", source, name, ok)
		}
	}
}
