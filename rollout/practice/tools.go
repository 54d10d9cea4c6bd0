package practice

import (
	"net/http"
	"time"

	"github.com/politicalsphere/sop/rollout/practice/artifact"
	"github.com/politicalsphere/sop/rollout/practice/forge"
)

// tools are what the organisation builds its releases with: the repository and its CI, and the reports.
type tools struct {
	forge     *forge.Repository
	artifacts *artifact.Store
}

// toolsAt makes the tools as they are at the start of the drill, for whoever has this clock. other tells of versions
// that there are beside the scenario's.
func (w *World) toolsAt(start time.Time, now func() time.Time, other func(version string) bool) tools {
	spec := w.scenario.World
	built := spec.builtBefore(start)
	f := forge.New(forge.Options{
		Owner: repoOwner, Name: repoName, Running: spec.Running, Release: spec.Release, Other: other,
		Seed: w.seed, Built: built, Now: now, State: w.forgeState,
	})
	return tools{forge: f, artifacts: artifact.New(artifact.Options{
		Seed: w.seed, Built: built, Repository: "https://" + forgeHost + "/" + repoOwner + "/" + repoName,
		Exists: func(v string) bool { return v == spec.Running || v == spec.Release || other(v) },
		Commit: f.Commit,
		State:  w.reportState,
	})}
}

// atHost is what answers under the name of one of the tools.
func (t tools) atHost(kind siteKind) http.Handler {
	if kind == forgeSite {
		return t.forge
	}
	return t.artifacts
}
