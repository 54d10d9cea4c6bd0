package practice

import (
	"slices"

	"github.com/politicalsphere/sop/rollout/practice/images"
)

// inRegistry says whether an image exists: the running and the released version of each component, and those that the
// scenario speaks of.
func (w *World) inRegistry(name, version string) bool {
	return slices.ContainsFunc(components, func(c component) bool { return c.name == name }) && w.hasVersion(name, version)
}

func (w *World) hasVersion(component, version string) bool {
	spec := w.scenario.World
	if spec.imageOf(component, version).Missing != "" {
		return false
	}
	_, named := spec.Images[component+":"+version]
	_, known := spec.Images[version]
	return named || known || version == spec.Running || version == spec.Release
}

// prepare builds the images of the scenario's versions, so that they are found by their digests.
func prepare(r *images.Registry, spec WorldSpec) {
	for _, c := range components {
		r.Prepare(c.name, spec.Running)
		r.Prepare(c.name, spec.Release)
	}
}
