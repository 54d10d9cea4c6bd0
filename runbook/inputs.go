package runbook

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxInput is how long the value of an input may be, in characters.
const maxInput = 256

// accepts says what is wrong with a value; pattern is the compiled Pattern, or nil. Values end up in queries, URLs
// and names of images, so what could break out of a line or look like a flag is refused for every input.
func (in Input) accepts(value string, pattern *regexp.Regexp) error {
	switch {
	case !utf8.ValidString(value):
		return errors.New("the value is not UTF-8 text")
	case utf8.RuneCountInString(value) > maxInput:
		return fmt.Errorf("the value has %d characters, at most %d are allowed", utf8.RuneCountInString(value), maxInput)
	case strings.HasPrefix(value, "-"):
		return fmt.Errorf("%s begins with -, like a flag", quote(value))
	case strings.Contains(value, "${"):
		return fmt.Errorf("%s holds ${, and values are never expressions", quote(value))
	}
	if r, bad := controlIn(value, false); bad {
		return fmt.Errorf("the value holds %s", runeName(r))
	}
	if in.Type == "duration" {
		if _, err := parseDuration(value); err != nil {
			return fmt.Errorf("%w; write it like 90s or 5m", err)
		}
	}
	if len(in.Options) > 0 && !slices.Contains(in.Options, value) {
		return fmt.Errorf("%s is none of %s", quote(value), strings.Join(in.Options, ", "))
	}
	if in.Pattern == "" || pattern == nil {
		return nil
	}
	whole, err := regexp.Compile(`\A(?:` + in.Pattern + `)\z`)
	if err != nil || !whole.MatchString(value) {
		return fmt.Errorf("%s does not match %s", quote(value), in.Pattern)
	}
	return nil
}

// resolveInputs takes what the operator gave, defaults for the rest. An input that nobody gave and that has no
// default is the empty text, unless it is required.
func resolveInputs(rb *Runbook, given map[string]string, partial bool) (map[string]string, []Problem) {
	values := map[string]string{}
	var problems []Problem
	wrong := func(hint, format string, args ...any) {
		problems = append(problems, problemAt(Position{}, fmt.Sprintf(format, args...), hint))
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if _, ok := rb.Inputs.Get(name); !ok {
			wrong(suggest(name, rb.Inputs.Keys()), "unknown input %s", quote(name))
		}
	}
	for name, in := range rb.Inputs.All() {
		title := name
		if in.Title != "" {
			title = fmt.Sprintf("%s (%s)", name, in.Title)
		}
		value, ok := given[name]
		if !ok && in.Default != nil {
			value, ok = *in.Default, *in.Default != ""
		}
		switch {
		case value == "" && in.Required && !partial:
			wrong("give it with --set "+name+"=…"+in.form(), "input %s is required", title)
		case value == "" && ok && in.Type == "duration":
			wrong("write it like 90s or 5m", "input %s is empty", title)
		case value != "":
			pattern, _ := regexp.Compile(in.Pattern)
			if err := in.accepts(value, pattern); err != nil {
				wrong("give another with --set "+name+"=…"+in.form(), "input %s: %v", title, err)
				continue
			}
		}
		values[name] = value
	}
	return values, problems
}

// form says what an input looks like, for hints.
func (in Input) form() string {
	switch {
	case len(in.Options) > 0:
		return ", one of " + strings.Join(in.Options, ", ")
	case in.Pattern != "":
		return ", matching " + in.Pattern
	case in.Type == "duration":
		return ", such as 5m"
	}
	return ""
}

// Check says in words what is wrong with a value of this input that is not empty; nil when nothing is.
func (in Input) Check(value string) error {
	pattern, err := regexp.Compile(in.Pattern)
	if err != nil {
		return fmt.Errorf("its pattern is wrong: %w", err)
	}
	return in.accepts(value, pattern)
}
