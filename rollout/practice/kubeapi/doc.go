// Package kubeapi is a Kubernetes API server in memory, with the controllers behind it, for the practice world.
//
// It speaks the real protocol to the real client-go and kubectl: discovery, get, list, watch (bookmarks, streamed
// lists, 410 Gone), create, update, JSON, merge and strategic merge patches, dry run, resourceVersion conflicts,
// access reviews, and metav1.Status for every error. Behind it run a Deployment, a ReplicaSet and a Job controller,
// a scheduler, a kubelet, an endpoints controller and a garbage collector, which show what the real ones show. All
// of them take their time from a run.Clock, so a virtual clock makes an hour of rollout pass in a moment, and all
// names, UIDs and delays come from a seed, so the same seed gives the same world.
//
// The data's way: a request (in process through RoundTripper, or over loopback HTTP) or a controller changes the
// store under one lock; the change gets the next resourceVersion, joins the history that watches read, and marks
// the controllers' work. The controllers live in one goroutine that takes up what changed Lag later.
//
//	s := kubeapi.New(kubeapi.Options{Clock: clock, Seed: 7, Behaviour: func(c kubeapi.Container) kubeapi.Behaviour {
//		if c.Image == "registry.example/api:v2" {
//			return kubeapi.Behaviour{Crash: &kubeapi.Crash{After: 5 * time.Second, Log: []string{"panic: no config"}}}
//		}
//		return kubeapi.Behaviour{}
//	}})
//	err := s.CreateFromYAML(world)       // namespaces, nodes, deployments, services
//	s.Start(ctx)                         // the controllers, through clock.Go
//	client, err := kubernetes.NewForConfig(s.RESTConfig())
//	lift := s.Inject(kubeapi.Fault{Match: kubeapi.Rule{Verbs: []string{"patch"}}, Status: 429, RetryAfter: time.Second})
//
// Not simulated: StatefulSets, DaemonSets, CronJobs, HorizontalPodAutoscalers and PodDisruptionBudgets are stored
// and served but nothing acts on them; a Job runs one pod at a time; probes, init containers and taints are not
// looked at (Behaviour decides); ReplicaSets do not adopt orphans; server-side apply answers 415; exec, attach and
// port-forward do not exist; a followed log ends with what is written; a paged list reads the present state, not a
// snapshot. JSON is the only answer: a client that accepts protobuf first gets JSON all the same.
package kubeapi
