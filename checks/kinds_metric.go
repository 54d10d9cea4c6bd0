package checks

// metricKinds ask for metrics and alerts.
func metricKinds() []kind {
	return []kind{
		{prometheusKind, readyPrometheus},
		{alertsKind, readyAlerts},
	}
}
