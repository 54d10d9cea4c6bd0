package checks

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/process"
	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

type commandParams struct {
	Argv      []string          `yaml:"argv" doc:"the program and its arguments, a list; a ${…} fills a whole argument"`
	Dir       string            `yaml:"dir,omitempty" doc:"where it runs; without it, where sop was started"`
	Env       map[string]string `yaml:"env,omitempty" doc:"environment variables that it gets beside PATH, HOME and the like"`
	Variables []string          `yaml:"variables,omitempty" doc:"names of variables of your own environment that it gets too, such as a token; their values are never shown"`
	Contains  string            `yaml:"contains,omitempty" doc:"text that its standard output must contain"`
	Pass      []int             `yaml:"pass,omitempty" doc:"exit codes that pass; 0 when not written"`
	Warn      []int             `yaml:"warn,omitempty" doc:"exit codes that warn; 2 when not written"`
	Unknown   []int             `yaml:"unknown,omitempty" doc:"exit codes by which it says that it could not look"`
}

var commandKind = runbook.Kind{
	Name: "command",
	Doc: `A program of yours looks, and its exit code says what it saw. It must only read: a check runs again and again.
passes   exit code 0 (pass), and the output contains the text
warns    exit code 2 (warn)
fails    exit code 1, or any other
unknown  the program is not there, does not start, is killed or does not end in time; an exit code of unknown; 126, 127
         and from 129 on, by which shells say the same; a variable is not set; the output was cut before the text was found
No shell reads argv. A shell is not supported beside it, since a value could then become a command; where one is
needed, name it, write its script as it is, and pass values behind it: [sh, -c, 'curl -fsS "$1"', sh, '${env.values.url}'].
The program has no input and no terminal. Of your environment it gets PATH, HOME, TMPDIR, XDG_CONFIG_HOME, KUBECONFIG,
USER, LOGNAME, LANG, LC_*, TZ, the proxies, the files of certificates and SSH_AUTH_SOCK; the rest by env and variables.
self     a map of code, stdout, stderr and json (the standard output read as JSON, null when it is none)`,
	Example:  "command: {argv: [./scripts/smoke.sh, --url, '${env.values.url}'], contains: ok, timeout: 20s}",
	Params:   commandParams{},
	Interval: time.Minute,
	Timeout:  30 * time.Second,
	Lint:     lintCommand,
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// loaders are variables that make a program run other code than its own; a step that needs one can name env in argv.
var loaders = []string{"LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "DYLD_LIBRARY_PATH", "BASH_ENV", "ENV", "IFS", "PATH"}

func lintCommand(params any, c runbook.Check) []runbook.ParamProblem {
	p := params.(*commandParams)
	out := runbook.LintArgv(c.Params["argv"], p.Argv)
	if !known(p.Dir) {
		out = append(out, problem("dir", "write the directory", "where a program runs must not depend on a value"))
	}
	for _, name := range slices.Sorted(maps.Keys(p.Env)) {
		switch value := p.Env[name]; {
		case !variableName.MatchString(name):
			out = append(out, problem("env."+name, "letters, digits and _", "%q is not the name of a variable", name))
		case strings.ContainsRune(value, 0):
			out = append(out, problem("env."+name, "", "a variable cannot hold a NUL byte"))
		case slices.Contains(loaders, name) && !known(value):
			out = append(out, problem("env."+name, "write the value", "which code runs must not depend on a value"))
		}
	}
	for i, name := range p.Variables {
		if !variableName.MatchString(name) {
			out = append(out, problem(fmt.Sprintf("variables[%d]", i), "letters, digits and _", "%q is not the name of a variable", name))
		}
	}
	return append(out, lintCodes(p)...)
}

// lintCodes finds exit codes that cannot be, or mean two things.
func lintCodes(p *commandParams) []runbook.ParamProblem {
	var out []runbook.ParamProblem
	meaning := map[int]string{}
	for _, list := range []struct {
		name  string
		codes []int
	}{{"pass", p.Pass}, {"warn", p.Warn}, {"unknown", p.Unknown}} {
		for i, code := range list.codes {
			path := fmt.Sprintf("%s[%d]", list.name, i)
			if code < 0 || code > 255 {
				out = append(out, problem(path, "write a number from 0 to 255", "%d is not an exit code", code))
			} else if before := meaning[code]; before != "" && before != list.name {
				out = append(out, problem(path, "keep one", "exit code %d stands under %s already", code, before))
			}
			meaning[code] = list.name
		}
	}
	return out
}

func readyCommand(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[commandParams](commandKind, work.Check)
	if err != nil {
		return check{}, err
	}
	if w.Programs == nil {
		return check{}, errors.New("no programs can be run here")
	}
	l := commandLook{commandParams: p, programs: w.Programs, variable: w.Variable}
	l.hide.AddArgv(p.Argv)
	for name, value := range p.Env {
		if web.IsSecretName(name) || web.LooksSecret(value) {
			l.hide.Add(value)
		}
	}
	for _, name := range p.Variables {
		l.hide.Add(w.variable(name))
	}
	return check{look: l.look, sensor: said("command %s", l.hide.In(p.Argv[0])), secrets: l.hide}, nil
}

// variable is the value of an environment variable through its door; empty when it is not set or there is no door.
func (w *Worker) variable(name string) string {
	if w.Variable == nil {
		return ""
	}
	return w.Variable(name)
}

type commandLook struct {
	commandParams
	programs process.Runner
	variable func(string) string
	hide     web.Secrets
}

func (l commandLook) look(ctx context.Context) seen {
	source := run.Evidence{Source: said("command %s", l.hide.In(l.Argv[0])), Query: run.MakeSafe(l.hide.In(process.ShellLine(l.Argv)), maxQuery), Expected: l.expected()}
	env, err := l.environment()
	if err != nil {
		return couldNotLook(source, err)
	}
	out, err := l.programs.Run(ctx, process.Command{Argv: l.Argv, Dir: l.Dir, Env: env})
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return couldNotLook(source, errors.New(web.HideShapes(l.hide.In(err.Error()))))
	}
	return l.judge(out, source)
}

// environment is what the program gets beside the usual.
func (l commandLook) environment() ([]string, error) {
	var env []string
	for _, name := range slices.Sorted(maps.Keys(l.Env)) {
		env = append(env, name+"="+l.Env[name])
	}
	for _, name := range l.Variables {
		value := ""
		if l.variable != nil {
			value = l.variable(name)
		}
		if value == "" {
			return nil, fmt.Errorf("the variable %s is not set; set it before sop is started", name)
		}
		env = append(env, name+"="+value)
	}
	return env, nil
}

func (l commandLook) expected() run.Safe {
	text := "exit code " + codes(l.passing())
	if l.Contains != "" {
		text += fmt.Sprintf(", output with %q", l.hide.In(l.Contains))
	}
	return said("%s", text)
}

func (l commandLook) passing() []int {
	if len(l.Pass) == 0 {
		return []int{0}
	}
	return l.Pass
}

func (l commandLook) warning() []int {
	if len(l.Warn) == 0 && !slices.Contains(l.Pass, 2) && !slices.Contains(l.Unknown, 2) {
		return []int{2}
	}
	return l.Warn
}

// meaning of the exit code.
func (l commandLook) meaning(code int) run.Status {
	switch {
	case slices.Contains(l.passing(), code):
		return run.Passed
	case slices.Contains(l.warning(), code):
		return run.Warn
	case slices.Contains(l.Unknown, code), code == 126, code == 127, code > 128 && code < 255:
		return run.Unknown
	}
	return run.Failed
}

func (l commandLook) judge(out process.Output, source run.Evidence) seen {
	stdout, stderr := string(out.Stdout), string(out.Stderr)
	s := seen{self: map[string]any{"code": out.Code, "stdout": stdout, "stderr": stderr, "json": jsonOf(out)}}
	words := fmt.Sprintf("exit code %d", out.Code)
	status := l.meaning(out.Code)
	if found := strings.Contains(stdout, l.Contains); !found && (status == run.Passed || status == run.Warn) {
		status = run.Failed
		words += fmt.Sprintf(", the output does not contain %q", l.hide.In(l.Contains))
		if out.Cut {
			status = run.Unknown
			words += ", but it was too long to be kept whole"
		}
	}
	first, second := stdout, stderr
	if status != run.Passed {
		first, second = stderr, stdout
	}
	last := cmp.Or(lastLines(l.hide.In(first)), lastLines(l.hide.In(second)))
	s.summed(status, "%s%s", words, after(": ", last))
	if status == run.Warn || status == run.Failed {
		s.Badness = 1
	}
	s.Ill = status == run.Unknown
	source.Observed = said("%s%s", words, after(": ", last))
	s.Evidence = []run.Evidence{source}
	return s
}

// jsonOf is the standard output as a document; what was cut is none.
func jsonOf(out process.Output) any {
	var document any
	if out.Cut || json.Unmarshal(out.Stdout, &document) != nil {
		return nil
	}
	return document
}

// lastLines are the last lines with text in them, as one.
func lastLines(text string) string {
	const most, longest, atAll = 3, 160, 16 << 10
	text = text[max(len(text)-atAll, 0):]
	var lines []string
	for len(lines) < most && text != "" {
		text = strings.TrimRight(text, " \t\r\n")
		at := strings.LastIndexByte(text, '\n') + 1
		if line := strings.TrimSpace(text[at:]); line != "" {
			lines = append(lines, string(run.MakeSafe(web.HideShapes(line), longest)))
		}
		text = text[:at]
	}
	slices.Reverse(lines)
	return strings.Join(lines, " | ")
}

// after is the text behind a separator, or nothing.
func after(separator, text string) string {
	if text == "" {
		return ""
	}
	return separator + text
}

func codes(list []int) string {
	words := make([]string, len(list))
	for i, code := range list {
		words[i] = fmt.Sprint(code)
	}
	return strings.Join(words, " or ")
}
