// Package practice is the simulated world that people learn the procedure in: a cluster, a Prometheus and a site
// that speak the real protocols, and a Scenario that says how they behave and what goes wrong.
//
// The program that runs in it is the real one; only its kubeconfig, its URLs, its dialer and its Clock differ.
// The world reads nothing of the user's: no kubeconfig, no environment, no network.
//
//	sc, err := practice.Find("tuesday")
//	clock := practice.NewJumping(sc.Start)
//	w, err := practice.New(sc, clock, sc.Seed)
//	clock.AddIdle(w.Idle())
//	err = w.Start(ctx)          // settles: every component runs and is ready
//	config := w.RESTConfig()    // for client-go
//	client := &http.Client{Transport: w.Transport()} // for Prometheus and the site
//
// The data's way: Scenario → World → kubeapi.Server (what runs) → promapi.Server (how it does) → HTTP. Faults begin
// when something is true of the world itself, such as "production at 100%", never because of what the program
// thinks.
package practice
