package egress

import (
	"net/netip"
	"testing"
)

func TestOnlyPublicAddressesArePublic(t *testing.T) {
	for text, public := range map[string]bool{
		"140.82.121.4": true, "8.8.8.8": true, "2606:4700:4700::1111": true, "172.15.0.1": true, "172.32.0.1": true, "100.128.0.1": true, "11.0.0.1": true,
		"127.0.0.1": false, "127.255.255.254": false, "0.0.0.0": false, "0.1.2.3": false, "10.0.0.7": false, "172.16.0.1": false, "172.31.255.255": false,
		"192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false, "100.100.100.200": false, "192.0.0.192": false, "198.18.0.1": false,
		"224.0.0.1": false, "239.255.255.250": false, "255.255.255.255": false, "168.63.129.16": false, "192.0.2.1": false,
		"::": false, "::1": false, "fe80::1": false, "fe80::1%eth0": false, "fd00:ec2::254": false, "fc00::1": false, "fec0::1": false, "ff02::1": false,
		"2001:db8::1": false, "2001::1": false, "100::1": false, "::7f00:1": false, "5f00::1": false,
		// What stands inside decides.
		"::ffff:10.0.0.7": false, "::ffff:127.0.0.1": false, "::ffff:8.8.8.8": true, "::ffff:0:10.0.0.7": false,
		"64:ff9b::a00:7": false, "64:ff9b::a9fe:a9fe": false, "64:ff9b::808:808": true, "64:ff9b:1::808:808": false,
		"2002:a00:7::1": false, "2002:7f00:1::": false, "2002:808:808::1": true,
	} {
		if why := notPublic(netip.MustParseAddr(text)); (why == "") != public {
			t.Errorf("%s: %q, want public: %v", text, why, public)
		}
	}
	if notPublic(netip.Addr{}) == "" {
		t.Error("no address is no public one")
	}
}
