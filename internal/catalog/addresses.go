package catalog

import (
	"fmt"
	"net/netip"
	"strings"
)

// MaxAddresses is how many entries a list of addresses may have.
const MaxAddresses = 64

// Addresses is a list of IP addresses and CIDR blocks (RFC 4632, RFC 4291), as ParseAddresses gives it: comma-separated, "" for the
// empty one. It is text, so that channels can be compared.
type Addresses string

// ParseAddresses makes a list of 10.0.0.0/8, 192.0.2.7, 2001:db8::/32 and their like. The error says which is none, in one line.
func ParseAddresses(entries []string) (Addresses, error) {
	if len(entries) > MaxAddresses {
		return "", fmt.Errorf("%d are too many, at most %d", len(entries), MaxAddresses)
	}
	all := make([]string, len(entries))
	for i, entry := range entries {
		p, err := parsePrefix(entry)
		if err != nil {
			return "", fmt.Errorf("%.60q is no address and no block of addresses, write it like 192.0.2.7 or 10.0.0.0/8", entry)
		}
		all[i] = p.String()
		if p.IsSingleIP() {
			all[i] = p.Addr().String()
		}
	}
	return Addresses(strings.Join(all, ",")), nil
}

// parsePrefix reads an address or a block; IPv4 within IPv6 (RFC 4291, 2.5.5.2) becomes IPv4.
func parsePrefix(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return addr.Prefix(addr.BitLen())
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), nil
}

// List is the entries one by one, never nil.
func (a Addresses) List() []string {
	if a == "" {
		return []string{}
	}
	return strings.Split(string(a), ",")
}

// Contain tells whether addr is one of them. The empty list has none.
func (a Addresses) Contain(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	for _, entry := range a.List() {
		if p, err := parsePrefix(entry); err == nil && p.Contains(addr) {
			return true
		}
	}
	return false
}

// validateAddresses wants what ParseAddresses gives.
func validateAddresses(field string, a Addresses) error {
	parsed, err := ParseAddresses(a.List())
	if err != nil {
		return invalid(field, "%s", err)
	}
	if parsed != a {
		return invalid(field, "%.60q must be written %.60q", a, parsed)
	}
	return nil
}
