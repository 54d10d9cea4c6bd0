// Package prom asks Prometheus. It is the only place that does: checks and the watch get their numbers here, so
// that an answer is bounded, an error says which of its four kinds it is, and no foreign text comes in unsafe.
//
// Nothing is decided here and nothing is smoothed over. An empty Vector is an answer without data, NaN and Inf
// stay what they are, a warning of the server is handed on, and whatever is no number is an error.
//
//	clients := prom.NewClients(http.DefaultTransport, clock)
//	v, err := clients.Get("https://prometheus.example").Query(ctx, `sum(rate(http_requests_total[2m]))`, time.Time{})
//
// The data's way: query → POST by client_golang's API client → a capped body → Vector or Matrix, or an *Error.
package prom
