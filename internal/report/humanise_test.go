package report

import "testing"

func TestHumanise(t *testing.T) {
	for in, want := range map[string]string{
		"ContainerRestartRules":                        "Container restart rules",
		"DRAAdminAccess":                               "DRA admin access",
		"CustomCPUCFSQuotaPeriod":                      "Custom CPU CFS quota period",
		"KMSv2KDF":                                     "KMSv2 KDF",
		"IPv6DualStack":                                "IPv6 dual stack",
		"PodHostIPs":                                   "Pod host IPs",
		"StatefulSetMinReadySeconds":                   "StatefulSet min ready seconds",
		"SELinuxMount":                                 "SELinux mount",
		"ClientsAllowTLSCacheGC":                       "Clients allow TLS cache GC",
		"KubeletPSI":                                   "Kubelet PSI",
		"UnauthenticatedHTTP2DOSMitigation":            "Unauthenticated HTTP2 DOS mitigation",
		"csiMigrationRBD":                              "Csi migration RBD",
		"MultiCIDRServiceAllocator":                    "Multi CIDR service allocator",
		"StreamingCollectionEncodingToJSON":            "Streaming collection encoding to JSON",
		"AuthorizePodWebsocketUpgradeCreatePermission": "Authorize pod Websocket upgrade create permission",
		"CSIVolumeHealth":                              "CSI volume health",
		"A":                                            "A",
		"":                                             "",
	} {
		if got := humanise(in); got != want {
			t.Errorf("humanise(%q) = %q, want %q", in, got, want)
		}
	}
}
