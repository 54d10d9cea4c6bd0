// Package promapi is the practice world's Prometheus: its HTTP API over the real PromQL engine, with metrics
// that are made up from what the world's pods do.
//
// The world tells the Server about pods (Observe), about how they misbehave (Inject) and about trouble of
// Prometheus itself (Break). Nothing ticks: a query first brings the samples up to the world's present, a scrape
// every five seconds of it. Noise comes from a generator of its own for each pod, seeded by the world's seed
// and the pod's name, so that neither the order of queries nor their number changes a sample.
//
//	s := promapi.New(promapi.Options{Now: clock.Now, Start: start, Seed: 7, Loads: loads})
//	s.Observe(start, promapi.Pod{Namespace: "production", Component: "api", Name: "api-1", Version: "v1"}, promapi.Ready)
//	api := v1.NewAPI(client) // whose RoundTripper ends in s.ServeHTTP
//
// The data's way: Observe and Inject → a log of changes → advance: scrapes → columns of values → a
// storage.Queryable → promql → JSON.
package promapi
