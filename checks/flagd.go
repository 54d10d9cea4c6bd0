package checks

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/politicalsphere/sop/rollout/web"
)

// flagSet is a document of flags in flagd's format, https://flagd.dev/schema/v0/flags.json.
type flagSet struct {
	flags      map[string]flag
	evaluators map[string]any
}

// flag is one feature flag.
type flag struct {
	State    string          `json:"state"`
	Variants map[string]any  `json:"variants"`
	Default  *string         `json:"defaultVariant"`
	Rules    json.RawMessage `json:"targeting"`

	targeting any // Rules, read
}

const (
	flagEnabled  = "ENABLED"
	flagDisabled = "DISABLED"
)

// parseFlags reads a document of flags.
func parseFlags(in *bufio.Reader, _ web.Secrets) (flagSet, error) {
	var doc struct {
		Flags      json.RawMessage `json:"flags"`
		Evaluators map[string]any  `json:"$evaluators"`
	}
	if err := readJSON(in, &doc); err != nil {
		return flagSet{}, err
	}
	if len(doc.Flags) == 0 || string(doc.Flags) == "null" {
		return flagSet{}, errors.New(`it is JSON, and not flagd's: it has no "flags"`)
	}
	flags, err := parseFlagMap(doc.Flags)
	if err != nil {
		return flagSet{}, err
	}
	for name, f := range flags {
		if f.State != flagEnabled && f.State != flagDisabled {
			return flagSet{}, fmt.Errorf("flag %.80q has the state %.80q; flagd knows ENABLED and DISABLED", name, f.State)
		}
		if len(f.Rules) > 0 {
			if err := json.Unmarshal(f.Rules, &f.targeting); err != nil {
				return flagSet{}, wrongJSON(err)
			}
			flags[name] = f
		}
	}
	return flagSet{flags, doc.Evaluators}, nil
}

// parseFlagMap reads flags by name, or a list of flags with keys.
func parseFlagMap(data json.RawMessage) (map[string]flag, error) {
	flags := map[string]flag{}
	if data[0] != '[' {
		if err := json.Unmarshal(data, &flags); err != nil {
			return nil, fmt.Errorf("flags: %w", wrongJSON(err))
		}
		return flags, nil
	}
	var list []struct {
		Key string `json:"key"`
		flag
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("flags: %w", wrongJSON(err))
	}
	for _, f := range list {
		if _, twice := flags[f.Key]; twice || f.Key == "" {
			return nil, fmt.Errorf("the flag key %.80q is empty or stands twice", f.Key)
		}
		flags[f.Key] = f.flag
	}
	return flags, nil
}

// share is the part of all evaluations, in percent, for which a flag is true: it lies somewhere from least to most.
// Rules that look at who asks leave it open; a fractional split does not.
type share struct{ least, most float64 }

var (
	shareNone = share{0, 0}
	shareAll  = share{100, 100}
	shareOpen = share{0, 100}
)

func (s share) isExact() bool { return s.least == s.most }

// or is what holds when one or the other may hold.
func (s share) or(o share) share { return share{min(s.least, o.least), max(s.most, o.most)} }

// flagState is what a flag amounts to.
type flagState struct {
	share    share
	variant  string // the default one, empty when the flag names none
	value    any    // of the default variant
	targeted bool   // it has rules
	open     string // why nothing can be said of its default; empty when something can
}

func (set flagSet) state(f flag) flagState {
	s := flagState{targeted: hasRules(f.targeting)}
	if f.Default != nil {
		s.variant = *f.Default
	}
	s.value = f.Variants[s.variant]
	if f.State == flagDisabled {
		return s // flagd answers that it is disabled, and the code takes what it takes without flags
	}
	e := flagEvaluation{set: set, flag: f, left: maxFlagRules}
	s.share = e.variant(f.Default)
	if f.Default == nil {
		s.open = "no default variant, so the code decides"
	} else if _, ok := f.Variants[s.variant]; !ok {
		s.open = "a default variant that does not exist, so the code decides"
	}
	if s.targeted {
		s.share = e.rule(f.targeting)
	}
	return s
}

// hasRules tells whether targeting says anything: null and {} do not.
func hasRules(targeting any) bool {
	rules, isMap := targeting.(map[string]any)
	return targeting != nil && (!isMap || len(rules) > 0)
}

// maxFlagRules bounds the rules that are looked at for one flag: rules may refer to each other.
const maxFlagRules = 10_000

// flagEvaluation finds out what a flag's rules can come to, without knowing who asks.
type flagEvaluation struct {
	set  flagSet
	flag flag
	left int
}

// variant is the share of a variant by name; nil is the flag's own default.
func (e *flagEvaluation) variant(name *string) share {
	if name == nil {
		if name = e.flag.Default; name == nil {
			return shareOpen
		}
	}
	value, ok := e.flag.Variants[*name]
	switch on, isBool := value.(bool); {
	case !ok:
		return shareOpen // flagd answers with an error, and the code decides
	case isBool && on:
		return shareAll
	case isBool:
		return shareNone
	}
	return shareAll // any other value than false is something
}

// rule is the share of a rule: JSON logic that gives the name of a variant, or nothing for the default.
func (e *flagEvaluation) rule(r any) share {
	if e.left--; e.left < 0 {
		return shareOpen
	}
	switch r := r.(type) {
	case nil:
		return e.variant(nil)
	case string:
		return e.variant(&r)
	case bool:
		name := strconv.FormatBool(r)
		return e.variant(&name)
	case map[string]any:
		if len(r) == 1 {
			for op, of := range r {
				return e.operation(op, of)
			}
		}
	}
	return e.any()
}

func (e *flagEvaluation) operation(op string, of any) share {
	switch op {
	case "if", "?:":
		if list, ok := of.([]any); ok {
			return e.branches(list)
		}
	case "fractional", "fractionalEvaluation":
		if list, ok := of.([]any); ok {
			return e.fractional(list)
		}
	case "$ref":
		if name, ok := of.(string); ok && e.set.evaluators[name] != nil {
			return e.rule(e.set.evaluators[name])
		}
	}
	return e.any()
}

// branches is an if with its conditions and outcomes in turn: any outcome may come out.
func (e *flagEvaluation) branches(list []any) share {
	if len(list) == 0 {
		return e.variant(nil)
	}
	out := share{100, 0}
	for i := 1; i < len(list); i += 2 {
		out = out.or(e.rule(list[i]))
	}
	if len(list)%2 == 1 {
		return out.or(e.rule(list[len(list)-1]))
	}
	return out.or(e.variant(nil))
}

// fractional adds up the weights. The first item may say by what the split is made, which does not matter here.
func (e *flagEvaluation) fractional(list []any) share {
	var out share
	total := 0.0
	for i, item := range list {
		bucket, ok := item.([]any)
		if !ok && i == 0 {
			continue
		}
		if !ok || len(bucket) == 0 || len(bucket) > 2 {
			return e.any()
		}
		weight := 1.0
		if len(bucket) == 2 {
			if weight, ok = bucket[1].(float64); !ok || weight < 0 {
				return e.any()
			}
		}
		part := e.rule(bucket[0])
		out.least += part.least * weight
		out.most += part.most * weight
		total += weight
	}
	if total == 0 {
		return e.any()
	}
	return share{out.least / total, out.most / total}
}

// any is a rule that cannot be followed: one of the variants comes out, or the default.
func (e *flagEvaluation) any() share {
	out := e.variant(nil)
	for name := range e.flag.Variants {
		out = out.or(e.variant(&name))
	}
	return out
}
