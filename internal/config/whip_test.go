package config

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestWHIP(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]WHIP{
		"":                            {UDP: ":8189"},
		"ingest: {whip: {udp: \"\"}}": {},
		"ingest: {whip: {udp: \"192.0.2.1:9000\", tcp: \":9000\", nat: [203.0.113.7, \"2001:db8::7\"]}}": {
			UDP: "192.0.2.1:9000", TCP: ":9000", NAT: []netip.Addr{netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("2001:db8::7")},
		},
	} {
		c, err := parse("weir.yaml", []byte(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if d := cmp.Diff(want, c.Ingest.WHIP, cmpopts.EquateComparable(netip.Addr{})); d != "" {
			t.Errorf("%s: %s", text, d)
		}
	}
	for text, want := range map[string]string{
		"ingest: {whip: {nat: [here]}}":    `weir.yaml:1:22: ingest.whip.nat: "here" is no address, write it like 192.0.2.7`,
		"ingest: {whip: {nat: [0.0.0.0]}}": `weir.yaml:1:22: ingest.whip.nat: "0.0.0.0" is no address, write it like 192.0.2.7`,
		"ingest: {whip: {nat: [1.1.1.1, 1.1.1.2, 1.1.1.3, 1.1.1.4, 1.1.1.5, 1.1.1.6, 1.1.1.7, 1.1.1.8, 1.1.1.9]}}": "weir.yaml:1:22: ingest.whip.nat: 9 are too many, at most 8",
		"ingest: {whip: {udp: 8189}}": `weir.yaml:1:22: ingest.whip.udp: "8189" is no address, write it as HOST:PORT or :PORT`,
		"ingest: {whip: {stun: x}}":   `weir.yaml:1:17: unknown key "stun" in ingest.whip, known: udp, tcp, nat`,
	} {
		if _, err := parse("weir.yaml", []byte(text)); err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", text, err, want)
		}
	}
}
