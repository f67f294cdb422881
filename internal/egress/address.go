package egress

import "net/netip"

// notPublic says what an address is that is not one of the public internet, "" for a public one. It
// knows the special blocks of the IANA registries for IPv4 and IPv6, and what clouds put where.
func notPublic(a netip.Addr) string {
	a = a.WithZone("").Unmap()
	if !a.IsValid() {
		return "no address"
	}
	for _, b := range []struct{ block, is string }{
		{"0.0.0.0/8", "this host"},
		{"10.0.0.0/8", "private"},
		{"100.64.0.0/10", "private (carrier's network)"},
		{"127.0.0.0/8", "this machine"},
		{"169.254.0.0/16", "link-local (cloud metadata)"},
		{"172.16.0.0/12", "private"},
		{"192.0.0.0/24", "reserved"},
		{"192.0.2.0/24", "for documentation"},
		{"192.88.99.0/24", "a 6to4 relay"},
		{"192.168.0.0/16", "private"},
		{"198.18.0.0/15", "for benchmarks"},
		{"198.51.100.0/24", "for documentation"},
		{"203.0.113.0/24", "for documentation"},
		{"224.0.0.0/4", "multicast"},
		{"240.0.0.0/4", "reserved"},
		{"168.63.129.16/32", "a cloud's own (metadata)"}, // public by number, but inside Azure
		{"::/128", "this host"},
		{"::1/128", "this machine"},
		{"64:ff9b:1::/48", "private (NAT64)"},
		{"2001::/23", "reserved"}, // Teredo among them
		{"2001:db8::/32", "for documentation"},
		{"3fff::/20", "for documentation"},
		{"fc00::/7", "private"},
		{"fe80::/10", "link-local"},
		{"fec0::/10", "private (site-local)"},
		{"ff00::/8", "multicast"},
	} {
		if netip.MustParsePrefix(b.block).Contains(a) {
			return b.is
		}
	}
	if a.Is4() {
		return ""
	}
	bytes := a.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(a): // NAT64: what it stands for is at the end
		return notPublic(netip.AddrFrom4([4]byte(bytes[12:])))
	case netip.MustParsePrefix("2002::/16").Contains(a): // 6to4: after the prefix
		return notPublic(netip.AddrFrom4([4]byte(bytes[2:6])))
	case !netip.MustParsePrefix("2000::/3").Contains(a):
		return "reserved" // no other block was ever given out
	}
	return ""
}
