package checks

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

type flagsParams struct {
	Document `yaml:",inline" doc:"where the flags are"`
	Flags    []string         `yaml:"flags" doc:"the flags by name; all for every flag of the document; all-new for those that the document before does not have"`
	Off      *bool            `yaml:"off,omitempty" doc:"they must be off for everybody; true when neither this, share nor expect is written"`
	Share    *runbook.Percent `yaml:"share,omitempty" doc:"they must be on for this share, such as 25%"`
	Before   *Document        `yaml:"before,omitempty" doc:"the flags before this release, for all-new: a document of the same form"`
}

const (
	allFlags = "all"
	newFlags = "all-new"
	// shareSlack is how far, in percentage points, a share may be from the one asked for: weights are whole numbers.
	shareSlack = 0.5
)

var flagsKind = runbook.Kind{
	Name: "flags",
	Doc: `Feature flags in flagd's format (https://flagd.dev/schema/v0/flags.json) exist and are off, or on for a share.
A flag is off when its state is DISABLED, or when nobody can get anything but false: its default variant is false, and
so is every variant that its targeting can lead to. A share is computed from the weights of fractional targeting.
passes   every flag is there and off (or on for the share asked for)
warns    targeting rules, or a default that is left to the code, make a flag on for some and nobody can say for how many
fails    a flag is missing, on, or on for another share
unknown  the document cannot be fetched or is none of flagd's
A flag in a ConfigMap is looked at as soon as it changes.
self     a map of flags by name: state, defaultVariant, value (of that variant), targeting (true when it has rules),
         off (true when certain), and rollout, least and most: the share in percent (rollout is -1 where it is open)`,
	Example:  "flags: {configmap: {name: feature-flags, key: flags.json}, flags: [new-lobby], off: true}",
	Params:   flagsParams{},
	Interval: documentInterval,
	Timeout:  documentTimeout,
	Lint:     lintFlags,
}

func lintFlags(params any, c runbook.Check) []runbook.ParamProblem {
	p := params.(*flagsParams)
	out := lintDocument("", p.Document, false)
	if len(p.Flags) == 0 {
		out = append(out, problem("flags", "write the names of flags, all or all-new", "no flag is named"))
	}
	isNew := slices.Contains(p.Flags, newFlags)
	if len(p.Flags) > 1 && (isNew || slices.Contains(p.Flags, allFlags)) {
		out = append(out, problem("flags", "write all or all-new alone", "all stands beside names"))
	}
	switch {
	case isNew && p.Before == nil:
		out = append(out, problem("flags", "write before: {path: …}, the flags as they were", "nothing says which flags are new"))
	case p.Before != nil:
		out = append(out, lintDocument("before", *p.Before, false)...)
	}
	if p.Off != nil && *p.Off && p.Share != nil {
		out = append(out, problem("share", "write one of them", "off and share contradict each other"))
	}
	if p.Off != nil && !*p.Off && p.Share == nil && c.Expect == "" {
		out = append(out, problem("off", "write share: 100% or an expect", "nothing says what is good"))
	}
	return out
}

func readyFlags(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[flagsParams](flagsKind, work.Check)
	if err != nil {
		return check{}, err
	}
	l := flagsLook{flagsParams: p}
	l.off = p.Share == nil && (p.Off == nil && work.Check.Expect == "" || p.Off != nil && *p.Off)
	if l.reader, err = newReader(w, work.Env, p.Document, parseFlags); err != nil {
		return check{}, err
	}
	var c check
	c.reads(l.reader.mapOf, l.reader.watches(), l.reader.hide)
	if p.Before != nil {
		if l.before, err = newReader(w, work.Env, *p.Before, parseFlags); err != nil {
			return check{}, fmt.Errorf("before: %w", err)
		}
		c.reads(l.before.mapOf, l.before.watches(), l.before.hide)
	}
	c.look = l.look
	return c, nil
}

type flagsLook struct {
	flagsParams
	reader, before *reader[flagSet]
	off            bool
}

func (l flagsLook) look(ctx context.Context) seen {
	s := l.judge(ctx)
	s.Sensor = l.reader.asks()
	return s
}

func (l flagsLook) judge(ctx context.Context) seen {
	e := l.reader.evidence()
	e.Expected = l.expected()
	parts, err := l.reader.read(ctx)
	if err != nil {
		return notRead(e, "", err)
	}
	set := parts[0].value
	e.ResourceVersion = parts[0].version
	names, err := l.names(ctx, set)
	if err != nil {
		before := l.before.evidence()
		return notRead(before, "the flags before: ", err)
	}
	if len(names) == 0 && l.Flags[0] == allFlags {
		var s seen
		s.summed(run.Failed, "the document holds no flag")
		s.Badness, e.Observed = 1, s.Summary
		s.self, s.Evidence = map[string]any{}, []run.Evidence{e}
		return s
	}
	return l.judgeAll(set, names, e)
}

// names are the flags that are asked for.
func (l flagsLook) names(ctx context.Context, set flagSet) ([]string, error) {
	switch l.Flags[0] {
	case allFlags:
		return slices.Sorted(maps.Keys(set.flags)), nil
	case newFlags:
		before, err := l.before.read(ctx)
		if err != nil {
			return nil, err
		}
		var names []string
		for _, name := range slices.Sorted(maps.Keys(set.flags)) {
			if _, was := before[0].value.flags[name]; !was {
				names = append(names, name)
			}
		}
		return names, nil
	}
	return l.Flags, nil
}

func (l flagsLook) judgeAll(set flagSet, names []string, e run.Evidence) seen {
	self := map[string]any{}
	out := seen{self: self}
	worst := run.Passed
	var wrong, fine []string
	for _, name := range names {
		f, there := set.flags[name]
		status, words, badness := run.Failed, fmt.Sprintf("there is no flag %s", name), 100.0
		if there {
			state := set.state(f)
			self[name] = state.self(f)
			status, words, badness = l.judgeOne(name, f, state)
		}
		words = l.reader.hide.In(words)
		if status != run.Passed {
			out.Badness += badness
			wrong = append(wrong, words)
		} else {
			fine = append(fine, words)
		}
		if rank(status) > rank(worst) {
			worst = status
		}
		if fact := e; len(out.Evidence) < maxEvidence {
			fact.Observed = said("%s", words)
			out.Evidence = append(out.Evidence, fact)
		}
	}
	switch {
	case len(names) == 0:
		out.summed(run.Passed, "no flag is new")
		e.Observed = out.Summary
		out.Evidence = []run.Evidence{e}
	case worst == run.Passed:
		out.summed(worst, "%s", strings.Join(fine, ", "))
	default:
		out.summed(worst, "%s", strings.Join(wrong, ", "))
	}
	return out
}

// judgeOne judges a flag that is there. Its badness is the share in percent for which it is not as it should be.
func (l flagsLook) judgeOne(name string, f flag, s flagState) (status run.Status, words string, badness float64) {
	words = name + " " + s.words(f)
	switch {
	case l.off && s.share.most == 0:
		return run.Passed, words, 0
	case l.off && s.share.least == 0 && (s.targeted || s.open != "") && !s.share.isExact():
		return run.Warn, words, s.share.most
	case l.off:
		return run.Failed, words, s.share.most
	case l.Share == nil:
		return run.Passed, words, 0
	}
	asked := float64(*l.Share)
	away := max(math.Abs(s.share.least-asked), math.Abs(s.share.most-asked))
	switch {
	case away <= shareSlack:
		return run.Passed, words, 0
	case !s.share.isExact() && s.share.least <= asked && asked <= s.share.most:
		return run.Warn, words, away
	}
	return run.Failed, words, away
}

// words say what a flag amounts to.
func (s flagState) words(f flag) string {
	switch {
	case f.State == flagDisabled:
		return "is disabled"
	case !s.share.isExact() && s.open != "" && !s.targeted:
		return "has " + s.open
	case !s.share.isExact():
		return fmt.Sprintf("has targeting rules: on for %s to %s", percent(s.share.least), percent(s.share.most))
	case s.share == shareNone:
		return "is off"
	case s.share == shareAll && !s.targeted:
		return "is on"
	}
	return "is on for " + percent(s.share.least)
}

func percent(x float64) string { return number(math.Round(x*10)/10) + " %" }

func (s flagState) self(f flag) map[string]any {
	rollout := -1.0
	if s.share.isExact() {
		rollout = s.share.least
	}
	return map[string]any{
		"state": f.State, "defaultVariant": s.variant, "value": s.value, "targeting": s.targeted,
		"off": s.share.most == 0, "rollout": rollout, "least": s.share.least, "most": s.share.most,
	}
}

func (l flagsLook) expected() run.Safe {
	switch {
	case l.off:
		return said("there and off: %s", strings.Join(l.Flags, ", "))
	case l.Share != nil:
		return said("on for %s: %s", percent(float64(*l.Share)), strings.Join(l.Flags, ", "))
	}
	return said("there: %s", strings.Join(l.Flags, ", "))
}
