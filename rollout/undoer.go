package rollout

import (
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/runbook/run"
	appsv1 "k8s.io/api/apps/v1"
)

// undoer names who else writes the Deployment and may undo what we do: a GitOps controller that owns it, or somebody
// who changed it after our last patch. Empty when nobody is known.
func undoer(d *appsv1.Deployment) run.Safe {
	if owner := gitOps(d); owner != "" {
		return run.MakeSafe(owner, 0)
	}
	last, by := patchedAt(d), ""
	for _, f := range d.ManagedFields {
		ours := f.Manager == kube.FieldManager
		controller := f.Manager == "kube-controller-manager" && f.Subresource != "scale"
		if ours || controller || f.Subresource == "status" || f.Time == nil || patchedAt(d).IsZero() || !f.Time.After(last) {
			continue
		}
		last, by = f.Time.Time, f.Manager
		if f.Subresource == "scale" {
			by += " (scale)"
		}
	}
	if by == "" {
		return ""
	}
	return run.MakeSafe(by+" changed it at "+last.UTC().Format(time.TimeOnly)+" UTC, after us", 0)
}

// gitOps names the GitOps controller that owns the Deployment.
func gitOps(d *appsv1.Deployment) string {
	if id := d.Annotations["argocd.argoproj.io/tracking-id"]; id != "" {
		app, _, _ := strings.Cut(id, ":")
		return "Argo CD application " + app
	}
	if app := d.Labels["argocd.argoproj.io/instance"]; app != "" {
		return "Argo CD application " + app
	}
	if name := d.Labels["kustomize.toolkit.fluxcd.io/name"]; name != "" {
		return "Flux Kustomization " + name
	}
	if name := d.Labels["helm.toolkit.fluxcd.io/name"]; name != "" {
		return "Flux HelmRelease " + name
	}
	for _, f := range d.ManagedFields {
		switch {
		case strings.HasPrefix(f.Manager, "argocd"):
			return "Argo CD"
		case f.Manager == "kustomize-controller" || f.Manager == "helm-controller":
			return "Flux"
		}
	}
	return ""
}
