package kube

import (
	"context"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The Lease's annotations.
const (
	leaseRun   = Prefix + "run"
	leaseHead  = Prefix + "head"  // journal head of the run that holds it
	leaseFlags = Prefix + "flags" // JSON: flags that runs have raised; it outlives the hold on the lock
)

// Holder says who wants the lock.
type Holder struct {
	Identity string // for people: who, where, which run
	Run      string // a Lease of the same run is ours, whoever held it
	Head     string // journal head to stamp on it
}

// LockChange tells about the lock: held with a token, or not, because of somebody or something.
type LockChange struct {
	Token int64  // 0: not held
	By    string // who holds it; empty when that is not the reason
	Err   error  // why it could not be taken or kept; nil when it is held or somebody else holds it
}

// KeepLock takes the environment's lock, keeps it, and tells of every change, until ctx ends; then it gives it back.
// While somebody else holds it, it waits until that Lease is given back or has been silent for its duration.
func (c *Cluster) KeepLock(ctx context.Context, h Holder, tell func(LockChange)) error {
	k := &keeper{c: c, holder: h, tell: tell}
	defer k.release()
	for ctx.Err() == nil {
		wait, err := k.turn(ctx)
		if err != nil && ctx.Err() == nil {
			k.say(LockChange{Err: err})
		}
		if c.clock.Wait(ctx, wait, nil) != nil {
			break
		}
	}
	return ctx.Err()
}

// keeper is one KeepLock under way. It belongs to one goroutine.
type keeper struct {
	c      *Cluster
	holder Holder
	tell   func(LockChange)
	said   *LockChange

	token   int64
	version string // of the Lease that we hold; empty when we hold none
	foreign string // resourceVersion of somebody else's Lease
	since   time.Time
}

// turn takes or renews once and tells how long to wait until the next turn.
func (k *keeper) turn(ctx context.Context) (time.Duration, error) {
	if err := k.c.rightCluster(ctx, true); err != nil {
		return lookEvery, err
	}
	lease, err := k.c.lease(ctx)
	if apierrors.IsNotFound(err) {
		lease, err = k.c.freshLease(), nil
	}
	if err != nil {
		return k.trouble(err)
	}
	if lease.Spec.LeaseTransitions == nil {
		lease.Spec.LeaseTransitions = new(int32)
	}
	mine := k.version != "" && int64(*lease.Spec.LeaseTransitions) == k.token && lease.Annotations[leaseRun] == k.holder.Run
	if !mine {
		if by := k.heldBy(lease); by != "" {
			k.lose()
			k.say(LockChange{By: by})
			return lookEvery, nil
		}
	}
	return k.stamp(ctx, lease, mine && k.c.lock.left() > 0)
}

func (c *Cluster) freshLease() *coordinationv1.Lease {
	return &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: c.leaseName(), Namespace: c.env.Namespace}}
}

// heldBy names the other holder of the lease, empty when it is free: given back, of our own run (which died, for no
// two processes can have one journal open), or silent for all of its duration.
func (k *keeper) heldBy(lease *coordinationv1.Lease) string {
	holder := lease.Spec.HolderIdentity
	if holder == nil || *holder == "" || lease.Annotations[leaseRun] == k.holder.Run {
		return ""
	}
	now := k.c.clock.Now()
	if k.foreign != lease.ResourceVersion {
		k.foreign, k.since = lease.ResourceVersion, now
	}
	duration := leaseDuration
	if s := lease.Spec.LeaseDurationSeconds; s != nil {
		duration = max(duration, time.Duration(*s)*time.Second)
	}
	if now.Sub(k.since) >= duration {
		return ""
	}
	return *holder
}

// stamp writes our name and the time on the lease; unless it is only a renewal the token grows.
func (k *keeper) stamp(ctx context.Context, lease *coordinationv1.Lease, renewal bool) (time.Duration, error) {
	sent := k.c.clock.Now()
	at, seconds := metav1.NewMicroTime(sent), int32(leaseDuration/time.Second)
	s := &lease.Spec
	if !renewal {
		*s.LeaseTransitions++
		s.AcquireTime = &at
	}
	s.HolderIdentity, s.RenewTime, s.LeaseDurationSeconds = &k.holder.Identity, &at, &seconds
	if lease.Annotations == nil {
		lease.Annotations = map[string]string{}
	}
	lease.Annotations[leaseRun], lease.Annotations[leaseHead] = k.holder.Run, k.holder.Head
	written, err := k.c.writeLease(ctx, lease)
	if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) {
		return 0, nil // somebody was faster: look who
	}
	if err != nil {
		return k.trouble(err)
	}
	k.token, k.version, k.foreign = int64(*written.Spec.LeaseTransitions), written.ResourceVersion, ""
	k.c.lock.hold(k.token, sent)
	k.say(LockChange{Token: k.token})
	return renewEvery, nil
}

// trouble keeps the lock through an error for as long as it certainly is ours.
func (k *keeper) trouble(err error) (time.Duration, error) {
	if k.c.lock.held() {
		return retryEvery, nil
	}
	k.lose()
	return lookEvery, err
}

func (k *keeper) lose() {
	k.version = ""
	k.c.lock.drop()
}

// say tells a change once.
func (k *keeper) say(change LockChange) {
	same := k.said != nil && k.said.Token == change.Token && k.said.By == change.By &&
		fmt.Sprint(k.said.Err) == fmt.Sprint(change.Err)
	if same {
		return
	}
	k.said = &change
	k.tell(change)
}

// release gives the lock back so that the next one need not wait for it to run out.
func (k *keeper) release() {
	if k.version == "" {
		return
	}
	k.c.lock.drop()
	ctx, done := k.c.within(context.Background(), 2*time.Second)
	defer done()
	lease, err := k.c.lease(ctx)
	if err != nil || lease.Spec.LeaseTransitions == nil || int64(*lease.Spec.LeaseTransitions) != k.token {
		return
	}
	lease.Spec.HolderIdentity = nil
	_, _ = k.c.writeLease(ctx, lease) // if it fails the lock runs out by itself
}

// LockHolder reads who holds the environment's lock; empty when nobody does. It does not tell whether that one is
// still alive.
func (c *Cluster) LockHolder(ctx context.Context) (holder, run string, err error) {
	lease, err := c.lease(ctx)
	if apierrors.IsNotFound(err) {
		return "", "", nil
	}
	if err != nil || lease.Spec.HolderIdentity == nil {
		return "", "", err
	}
	return *lease.Spec.HolderIdentity, lease.Annotations[leaseRun], nil
}

// Anchor reads the journal head that was stamped on the environment's Lease, and by which run; both are empty when there
// is none.
func (c *Cluster) Anchor(ctx context.Context) (run, head string, err error) {
	lease, err := c.lease(ctx)
	if apierrors.IsNotFound(err) {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	return lease.Annotations[leaseRun], lease.Annotations[leaseHead], nil
}

func (c *Cluster) leaseName() string { return "sop-" + c.env.Namespace }

func (c *Cluster) lease(ctx context.Context) (*coordinationv1.Lease, error) {
	l := &coordinationv1.Lease{}
	return l, c.get(ctx, c.client.CoordinationV1().RESTClient(), "leases", c.leaseName(), l)
}

// writeLease creates the lease, or replaces the one of its resourceVersion.
func (c *Cluster) writeLease(ctx context.Context, l *coordinationv1.Lease) (*coordinationv1.Lease, error) {
	ctx, done := c.within(ctx, writeTimeout)
	defer done()
	client := c.client.CoordinationV1().RESTClient()
	request := client.Post()
	if l.ResourceVersion != "" {
		request = client.Put().Name(l.Name)
	}
	written := &coordinationv1.Lease{}
	err := request.Namespace(l.Namespace).Resource("leases").Body(l).MaxRetries(0).Do(ctx).Into(written)
	if err != nil {
		return nil, c.failed(ctx, fmt.Sprintf("write lease/%s in namespace %s", l.Name, l.Namespace), err)
	}
	return written, nil
}
