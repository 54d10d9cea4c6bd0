package runbook

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A value that the operator or a site file gives must not become more than one argument of a program, nor the text of
// a script. The rules of this file see to it when the file is loaded.

// interpreters are programs that run the text which they are given.
var interpreters = []string{
	"sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "fish", "csh", "tcsh", "busybox",
	"python", "perl", "ruby", "node", "deno", "bun", "php", "lua", "awk", "gawk", "osascript", "pwsh", "powershell",
}

// evaluates are options after which an interpreter takes a text to run.
var evaluates = regexp.MustCompile(`^(-[a-zA-Z]*[cCeErp]|--(eval|command|print|run)|-[Cc]ommand)$`)

// rejoiners put their arguments together again for a shell, here or elsewhere.
var rejoiners = []string{"ssh", "mosh", "su", "runuser", "eval", "watch", "parallel", "script"}

// LintArgv finds what must not be in an argument list: raw is the parameter as it stands in the file, argv the list.
func LintArgv(raw any, argv []string) []ParamProblem {
	if text, ok := raw.(string); ok {
		return []ParamProblem{argvProblem("argv", "write a list: [program, argument, …]", "%q is one text, and no shell splits it", text)}
	}
	if len(argv) == 0 || strings.TrimSpace(argv[0]) == "" {
		return []ParamProblem{argvProblem("argv", "write argv: [program, argument, …]", "no program is named")}
	}
	var out []ParamProblem
	if !constant(argv[0]) {
		out = append(out, argvProblem("argv[0]", "write the program's name", "which program runs must not depend on a value"))
	}
	if strings.HasPrefix(argv[0], "-") {
		out = append(out, argvProblem("argv[0]", "write the program's name", "%q is an option, not a program", argv[0]))
	}
	for i, arg := range argv[1:] {
		path := fmt.Sprintf("argv[%d]", i+1)
		switch {
		case strings.ContainsRune(arg, 0):
			out = append(out, argvProblem(path, "", "an argument cannot hold a NUL byte"))
		case constant(arg):
		case !isWhole(arg):
			out = append(out, argvProblem(path, "give the value an argument of its own, or an environment variable under env:",
				"a value must fill a whole argument"))
		case isScript(argv[:i+1]):
			out = append(out, argvProblem(path, `write the script as it is and pass the value behind it: [sh, -c, 'curl "$1"', sh, '${…}']`,
				"a value must not be a script that %s runs", filepath.Base(interpreter(argv[:i+1]))))
		}
	}
	return out
}

// isWhole tells whether the text is one ${…} and nothing else.
func isWhole(text string) bool {
	return strings.HasPrefix(text, "${") && strings.IndexByte(text, '}') == len(text)-1
}

// isScript tells whether the argument that follows these would be taken as a script or its file: it stands behind an
// interpreter's -c, there is no constant script before it, or all arguments become one.
func isScript(before []string) bool {
	i := slices.IndexFunc(before, isInterpreter)
	if i < 0 {
		return false
	}
	if slices.Contains(rejoiners, filepath.Base(before[i])) {
		return true
	}
	if evaluates.MatchString(before[len(before)-1]) {
		return true
	}
	return !slices.ContainsFunc(before[i+1:], func(arg string) bool { return !strings.HasPrefix(arg, "-") && constant(arg) })
}

func isInterpreter(arg string) bool {
	name := strings.TrimRight(filepath.Base(arg), "0123456789.") // python3.12
	return slices.Contains(interpreters, name) || slices.Contains(rejoiners, name)
}

func interpreter(argv []string) string {
	if i := slices.IndexFunc(argv, isInterpreter); i >= 0 {
		return argv[i]
	}
	return argv[0]
}

// constant tells whether nothing fills the text in.
func constant(text string) bool { return !HasExpr(text) }

func argvProblem(path, hint, format string, args ...any) ParamProblem {
	return ParamProblem{Path: path, Message: fmt.Sprintf(format, args...), Hint: hint}
}
