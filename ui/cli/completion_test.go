package cli

import (
	"context"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// completed is what a shell would offer for a command line whose last word is being typed.
func completed(t *testing.T, args ...string) []string {
	t.Helper()
	out := must(t, exitDone, append([]string{cobra.ShellCompRequestCmd}, args...)...).out
	var names []string
	for line := range strings.Lines(out) {
		name, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !strings.HasPrefix(name, ":") {
			names = append(names, name)
		}
	}
	return names
}

func TestCompletions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line  string
		wants []string
		not   []string
	}{
		{"run |", []string{"deployment"}, nil},
		{"run x|", []string{"yaml", "yml"}, nil}, // files of that kind
		{"run deployment |", nil, []string{"deployment"}},
		{"practice t|", []string{"tuesday", "thursday"}, []string{"wednesday"}},
		{"kinds w|", []string{"window", "workload"}, []string{"tcp"}},
		{"check deployment -e |", []string{"staging", "production"}, nil},
		{"check deployment --phase se|", []string{"security"}, []string{"staging"}},
		{"check deployment -o |", []string{"table", "json", "junit"}, nil},
		{"watch deployment -e p|", []string{"production"}, []string{"staging"}},
		{"rollback |", []string{"deployment", "api", "worker"}, nil},
		{"rollback deployment api |", []string{"web", "worker"}, []string{"api", "deployment"}},
		{"rollback api |", []string{"web"}, []string{"api"}},
		{"completion |", []string{"bash", "zsh", "fish", "powershell"}, nil},
		{"report " + thursdayRun(t).Run[:20] + "|", []string{thursdayRun(t).Run}, nil},
		{"rollback --run |", []string{thursdayRun(t).Run}, nil},
		{"attach |", nil, []string{thursdayRun(t).Run}}, // nobody has it open
		{"resume |", nil, []string{thursdayRun(t).Run}}, // it is over
	} {
		words := strings.Split(strings.TrimSuffix(c.line, "|"), " ")
		got := completed(t, words...)
		for _, w := range c.wants {
			if !slices.Contains(got, w) {
				t.Errorf("%s offers %q, without %s", c.line, got, w)
			}
		}
		for _, w := range c.not {
			if slices.Contains(got, w) {
				t.Errorf("%s offers %s", c.line, w)
			}
		}
	}
}

func TestCompletionScripts(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if out := must(t, exitDone, "completion", shell).out; !strings.Contains(out, "sop") || !strings.Contains(out, cobra.ShellCompRequestCmd) {
			t.Errorf("%s: %.200s", shell, out)
		}
	}
}

// Under the names that kubectl looks for, the program is its plugin, and completes for it.
func TestAsAPluginOfKubectl(t *testing.T) {
	t.Parallel()
	as := func(name string, args ...string) string {
		ctx, stop := context.WithTimeout(t.Context(), soon)
		defer stop()
		out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v: %s", name, args, err, out)
		}
		return string(out)
	}
	if help := as("kubectl-sop", "help", "run"); !strings.Contains(help, "kubectl sop run RUNBOOK") {
		t.Errorf("the help of the plugin says\n%s", help)
	}
	if offered := as(kubectlCompletes, "practice", "tue"); !strings.HasPrefix(offered, "tuesday\t") {
		t.Errorf("kubectl is offered %q", offered)
	}
}
