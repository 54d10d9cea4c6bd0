package checks

// clusterKinds look at objects of a cluster.
func clusterKinds() []kind {
	return []kind{
		{workloadKind, readyWorkload},
		{endpointsKind, readyEndpoints},
		{secretKind, readySecret},
		{accessKind, readyAccess},
	}
}
