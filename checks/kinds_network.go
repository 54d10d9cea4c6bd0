package checks

// networkKinds look at what answers over the network.
func networkKinds() []kind {
	return []kind{
		{httpKind, readyHTTP},
		{tcpKind, readyTCP},
		{dnsKind, readyDNS},
		{tlsKind, readyTLS},
		{certificateKind, readyCertificate},
		{reachKind, readyReach},
		{imageKind, readyImage},
	}
}
