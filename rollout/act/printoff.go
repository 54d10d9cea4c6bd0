package act

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// KubectlOff returns the shell commands that turn flags off, as they stand now. What no command can be written for, a
// comment tells a person.
func (w *Worker) KubectlOff(ctx context.Context, env runbook.Environment, f run.RaisedFlags) []string {
	work := run.FlagsWork{Act: run.Act{Env: env}, Flags: runbook.Flags{Flags: runbook.Names{All: len(f.Flags) == 0}}, Note: f}
	for _, name := range f.Flags {
		work.Flags.Flags.List = append(work.Flags.Flags.List, string(name))
	}
	if f.ConfigMap == "" {
		return []string{comment("by hand, at %s: %s", f.Host, wanted(work))}
	}
	work.Flags.ConfigMap = runbook.ConfigMapKey{Name: f.ConfigMap, Key: f.Key}
	line, err := w.kubectlOff(ctx, work)
	if err != nil {
		return []string{comment("by hand, in configmap/%s: %s (%s)", f.ConfigMap, wanted(work), web.Scrub(err.Error()))}
	}
	return []string{line}
}

// comment is a line that a shell leaves alone.
func comment(format string, args ...any) string {
	return "# " + string(run.MakeSafe(fmt.Sprintf(format, args...), 500))
}

func (w *Worker) kubectlOff(ctx context.Context, work run.FlagsWork) (string, error) {
	cluster, err := w.cluster(work.Act.Env)
	if err != nil {
		return "", err
	}
	now, err := cluster.ConfigMapNow(ctx, work.Flags.ConfigMap.Name)
	if err != nil {
		return "", err
	}
	key, next, err := nextFlags(now, work)
	if err != nil {
		return "", err
	}
	if next == now.Data[key] {
		return comment("off already in configmap/%s: %s", now.Name, strings.TrimSuffix(wanted(work), " off")), nil
	}
	patch, err := flagsPatch(now, key, next, nil)
	if err != nil {
		return "", err
	}
	return kubectlLine(work.Act.Env, "patch", "configmap", now.Name, "--type=merge", "-p", inASCII(patch)), nil
}

// inASCII spells whatever a terminal might obey or not show: the text of the flags is foreign.
func inASCII(doc []byte) string {
	var b strings.Builder
	for _, r := range string(doc) {
		if r < 0x7f {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}
