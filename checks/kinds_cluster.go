package checks

// clusterKinds look at objects of a cluster.
func clusterKinds() []kind {
	return []kind{
		{workloadKind, readyWorkload},
		{nodesKind, readyNodes},
		{endpointsKind, readyEndpoints},
		{objectKind, readyObject},
		{configmapKind, readyConfigmap},
		{secretKind, readySecret},
		{jobKind, readyJob},
		{eventsKind, readyEvents},
		{accessKind, readyAccess},
	}
}
