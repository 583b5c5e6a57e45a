package connector

import "net/netip"

// refused are the ranges that netip has no name for: "this network", shared address
// space (RFC 6598), protocol assignments, documentation, 6to4 relays, benchmarking and
// the reserved block; for IPv6 what is documentation or wraps an IPv4 address in a
// way that nobody needs any more (6to4, Teredo, RFC 6890).
var refused = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
	"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

var (
	globalIPv6 = netip.MustParsePrefix("2000::/3")
	// nat64 is the well-known prefix of RFC 6052: its last four bytes are an IPv4
	// address, reachable through the network's translator.
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
)

// public reports whether ip is an address of the public internet.
func public(ip netip.Addr) bool {
	ip = ip.Unmap()
	if nat64.Contains(ip) {
		b := ip.As16()
		ip = netip.AddrFrom4([4]byte(b[12:]))
	}
	if ip.Is6() && (!globalIPv6.Contains(ip) || ip.Zone() != "") {
		return false
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return false
	}
	for _, p := range refused {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}
