package run

import (
	"slices"

	"github.com/politicalsphere/sop/runbook"
)

// RaisedFlags is the note that a run leaves in an environment's cluster before it raises the flags of a step, so that a
// rollback from a machine that never saw the run turns them off too. It names where the flags are and never how to get
// in: of an address only the host.
type RaisedFlags struct {
	Run       string `json:"run"`     // that raised them
	Runbook   string `json:"runbook"` // name of its runbook
	Step      string `json:"step"`
	Title     Safe   `json:"title"`
	ConfigMap string `json:"configmap,omitempty"`
	Key       string `json:"key,omitempty"`   // in the ConfigMap; empty: the only one
	Host      string `json:"host,omitempty"`  // instead of a ConfigMap
	Flags     []Safe `json:"flags,omitempty"` // by name; empty: every flag there
	Share     int    `json:"share"`           // in percent, that they are raised to
}

// Same tells whether two notes are about the same step of the same runbook.
func (f RaisedFlags) Same(o RaisedFlags) bool { return f.Runbook == o.Runbook && f.Step == o.Step }

// raisedFlags is the note about the flags of a step at a share. What a note said before it stands.
func (s State) raisedFlags(id string, share int) RaisedFlags {
	if f, ok := s.found(id); ok {
		return f
	}
	step, _, _ := s.place(id)
	f := RaisedFlags{Run: s.ID, Runbook: s.Plan.Runbook.Metadata.Name, Step: id, Title: MakeSafe(step.Title, 200), Share: share}
	if step.Flags.URL == "" {
		f.ConfigMap, f.Key = step.Flags.ConfigMap.Name, step.Flags.ConfigMap.Key
	} else {
		f.Host = step.Flags.Host()
	}
	if !step.Flags.Flags.All {
		for _, name := range step.Flags.Flags.List {
			f.Flags = append(f.Flags, MakeSafe(name, 200))
		}
	}
	return f
}

// found is the note about a step that another run left.
func (s State) found(id string) (RaisedFlags, bool) {
	i := slices.IndexFunc(s.Found, func(f RaisedFlags) bool { return f.Step == id })
	if i < 0 {
		return RaisedFlags{}, false
	}
	return s.Found[i], true
}

// FlagStep is a step whose flags this run may turn off, with its flags as they were raised: what another run has noted
// goes before what this runbook says. ok is false when nothing is known about flags of that step.
func (s State) FlagStep(id string) (step runbook.Step, ok bool) {
	step, _, _ = s.place(id)
	f, noted := s.found(id)
	if !noted {
		return step, step.Flags != nil
	}
	if step.ID == "" {
		step = runbook.Step{ID: f.Step, Title: string(f.Title)}
	}
	step.Flags = f.flags(step.Flags)
	return step, true
}

// flags are the flags of a note. The address of those that are in no ConfigMap only the runbook knows.
func (f RaisedFlags) flags(here *runbook.Flags) *runbook.Flags {
	flags := &runbook.Flags{Flags: runbook.Names{All: len(f.Flags) == 0}}
	for _, name := range f.Flags {
		flags.Flags.List = append(flags.Flags.List, string(name))
	}
	if f.ConfigMap != "" {
		flags.ConfigMap = runbook.ConfigMapKey{Name: f.ConfigMap, Key: f.Key}
		return flags
	}
	if here != nil {
		flags.URL = here.URL
	}
	return flags
}
