package practice

import (
	"slices"
	"time"

	"github.com/politicalsphere/sop/rollout/practice/artifact"
	"github.com/politicalsphere/sop/rollout/practice/forge"
	"github.com/politicalsphere/sop/rollout/practice/promapi"
)

// begin lets a trouble come over the world and returns what takes it away again.
func (w *World) begin(t *Trouble) (end func()) {
	now := w.clock.Now()
	switch b := t.body().(type) {
	case *MetricsFault:
		return w.prom.Inject(b.effect(now))
	case *PrometheusFault:
		w.prom.Break(promapi.Outage{Trouble: troubles[b.Trouble], Start: now, For: b.For, Delay: b.Delay})
	case *ClusterFault:
		return w.kube.Inject(b.fault())
	case *PodsFault:
		lift := w.live(t)
		w.kube.Reassess()
		return func() { lift(); w.kube.Reassess() }
	case *AlertFault:
		return w.prom.Raise(b.rule(), now)
	case *NodeFault:
		return w.ailNode(b)
	case *QuotaFault:
		return w.fillQuota(b)
	case *DependencyFault:
		lift, back := w.live(t), w.unlist(b)
		return func() { lift(); back() }
	case *CertificateFault:
		return w.replaceCertificate(b)
	case *SecretFault:
		return w.spoilSecret(b)
	case *ConfigFault:
		return w.spoilConfig(b)
	case *FlagFault:
		return w.spoilFlag(b)
	default: // it is looked up when somebody asks
		return w.live(t)
	}
	return func() {}
}

// live adds a trouble to those that are looked up, until it is lifted.
func (w *World) live(t *Trouble) (lift func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.present = append(w.present, t)
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.present = slices.DeleteFunc(slices.Clone(w.present), func(o *Trouble) bool { return o == t })
	}
}

// troublesNow are the troubles that are looked up, the oldest first.
func (w *World) troublesNow() []*Trouble {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.present
}

// forgeState is what is wrong with the code and CI at present.
func (w *World) forgeState() forge.State {
	s := forge.State{Checks: map[string]string{}, Statuses: map[string]string{}}
	for _, t := range w.troublesNow() {
		if c := t.Code; c != nil {
			for name, word := range c.Checks {
				s.Checks[name] = word
			}
			for name, word := range c.Statuses {
				s.Statuses[name] = word
			}
			s.Unmerged, s.Unprotected, s.RateLimited = s.Unmerged || c.Unmerged, s.Unprotected || c.Unprotected, s.RateLimited || c.RateLimited
		}
		if c := t.Checkout; c != nil {
			s.Without = append(s.Without, c.Without...)
			s.Unlisted, s.Dirty = s.Unlisted || c.Unlisted, s.Dirty || c.Dirty
		}
	}
	return s
}

// reportState is what is wrong with a report at present: of several troubles, the last.
func (w *World) reportState(name string) artifact.State {
	var s artifact.State
	for _, t := range w.troublesNow() {
		if r := t.Report; r != nil && r.Name == name {
			s = artifact.State{
				Missing: r.Missing, Broken: r.Broken, Age: r.Age, Failures: r.Failures, Errors: r.Errors,
				Skipped: r.Skipped, Critical: r.Critical, High: r.High, P95: r.P95,
			}
		}
	}
	return s
}

// siteTrouble is what is wrong with a host at present, or nil.
func (w *World) siteTrouble(host string) *SiteFault {
	for _, t := range w.troublesNow() {
		if t.Site != nil && t.Site.Host == host {
			return t.Site
		}
	}
	return nil
}

// isGone says whether a dependency does not answer at present.
func (w *World) isGone(namespace, name string) bool {
	return slices.ContainsFunc(w.troublesNow(), func(t *Trouble) bool {
		return t.Dependency != nil && t.Dependency.Namespace == namespace && t.Dependency.Name == name
	})
}

func (b *AlertFault) rule() promapi.Rule {
	r := promapi.Rule{
		Name: b.Name, Expr: `probe_ok{namespace="` + b.Namespace + `",probe="` + b.Name + `"} == 0`,
		Labels:      map[string]string{"severity": "critical", "namespace": b.Namespace},
		Annotations: map[string]string{"summary": b.Name},
	}
	if b.Severity != "" {
		r.Labels["severity"] = b.Severity
	}
	if b.Summary != "" {
		r.Annotations["summary"] = b.Summary
	}
	for name, value := range b.Labels {
		r.Labels[name] = value
	}
	return r
}

// usualBuilt is how long before the start CI had built the release.
const usualBuilt = 4 * time.Hour

func (spec WorldSpec) builtBefore(start time.Time) time.Time {
	if spec.Built > 0 {
		return start.Add(-spec.Built)
	}
	return start.Add(-usualBuilt)
}
