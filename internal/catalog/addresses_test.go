package catalog

import (
	"net/netip"
	"strings"
	"testing"
)

func TestParseAddresses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in   string
		want Addresses
	}{
		{"", ""},
		{"192.0.2.7", "192.0.2.7"},
		{"192.0.2.7/32 10.1.2.3/8", "192.0.2.7,10.0.0.0/8"},
		{"::ffff:192.0.2.7 ::ffff:10.0.0.0/104", "192.0.2.7,10.0.0.0/8"},
		{"2001:DB8::1/32 fe80::1", "2001:db8::/32,fe80::1"},
		{"0.0.0.0/0 ::/0", "0.0.0.0/0,::/0"},
	} {
		got, err := ParseAddresses(strings.Fields(tc.in))
		if err != nil || got != tc.want {
			t.Errorf("%s: %q, %v", tc.in, got, err)
		}
		if err := validateAddresses("allow", got); err != nil {
			t.Errorf("%s: %v", got, err)
		}
	}
	for _, bad := range []string{"host", "10.0.0.0/33", "10.0.0", "192.0.2.7,192.0.2.8", " 10.0.0.1", "fe80::1%eth0", "fe80::1%e/64"} {
		if got, err := ParseAddresses([]string{bad}); err == nil {
			t.Errorf("%q: %q", bad, got)
		}
	}
	if _, err := ParseAddresses(make([]string, MaxAddresses+1)); err == nil {
		t.Error("too many were taken")
	}
	if err := validateAddresses("allow", "10.1.2.3/8"); err == nil {
		t.Error("a block that is not masked was taken")
	}
}

func TestAddressesContain(t *testing.T) {
	t.Parallel()
	const list Addresses = "10.0.0.0/8,192.0.2.7,2001:db8::/32"
	for addr, want := range map[string]bool{
		"10.255.0.1": true, "::ffff:10.255.0.1": true, "11.0.0.1": false, "192.0.2.7": true, "192.0.2.8": false,
		"2001:db8:1::1": true, "2001:db9::1": false, "::1": false,
	} {
		if got := list.Contain(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %t", addr, got)
		}
	}
	if Addresses("").Contain(netip.MustParseAddr("10.0.0.1")) {
		t.Error("the empty list has an address")
	}
	if Addresses("0.0.0.0/0").Contain(netip.Addr{}) {
		t.Error("an address that is none is in a list")
	}
}
