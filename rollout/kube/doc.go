// Package kube is everything that the program reads from a Kubernetes cluster and the only place that writes to one.
//
// Reads come from caches that follow the cluster by watches, one a resource and namespace, started when first asked
// for; a Secret's values never leave here. Writes are few: JSON patches of Deployments and the Lease that is the
// environment's lock. A forward patch goes only while the lock is ours; a rollback patch never asks.
//
// An answer is one of four: the object, missing (apierrors.IsNotFound), forbidden (apierrors.IsForbidden), or could
// not look (Unreachable).
//
//	clusters := kube.NewClusters(connect, clock)
//	cluster, err := clusters.Get(env)                 // no network yet
//	d, err := cluster.Deployment(ctx, "api")          // first call: list and watch; later ones: memory
//	stop := cluster.OnChange(kube.Pods, signal)       // woken whenever a pod changes
//	d, err = cluster.Patch(ctx, "api", patch, kube.PatchOptions{Forward: true})
package kube
