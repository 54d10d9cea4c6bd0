// Package runbook is the document: a Standard Operating Procedure as a YAML file, its types, its strict
// loading, its lint and its Markdown form. It knows no cluster, no screen and no run.
//
// # Glossary (one noun, one meaning)
//
// A Runbook has Phases, a Phase has Sections, a Section has Steps, a Step has Checks and at most one action.
// A Check reads the world and gives a Result with its Evidence. A Gate stands between phases. A Run is one
// execution of a frozen runbook. A Component is one workload with its image; a Wave is the components that move
// together; a Revision is what a component ran. A Baseline is the metrics frozen before the first write; a
// Trigger on a Metric leads to a Verdict.
//
// # The data's way
//
// Load reads one runbook and any number of site files over it and returns every problem at once. Resolve fills
// in the inputs and every ${…}, and what it returns is what a run executes:
//
//	doc, problems := runbook.Load(kinds, runbook.Source{Name: "deployment.yaml", Data: data}, sites...)
//	plan, err := runbook.Resolve(doc, runbook.Choice{Inputs: map[string]string{"version": "v1.4.2"}, Environment: "production"})
package runbook
