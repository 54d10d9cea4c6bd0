package rollout

import (
	"fmt"
	"strings"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// KubectlUndo returns the shell commands that do what the rollback to the pin does, for a terminal with nothing but
// kubectl: one patch with the pinned ReplicaSet's template, its pace and no pause. The second command waits for it.
func KubectlUndo(env runbook.Environment, pin run.Pin) ([]string, error) {
	to, ok, err := readPace(pin.Strategy)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", pin.Component, err)
	}
	var before, after patch
	before.test("/metadata/uid", pin.UID)
	if ok {
		after.pace(to)
	}
	after.set("/spec/paused", false)
	head, err := before.json()
	if err != nil {
		return nil, err
	}
	tail, err := after.json()
	if err != nil {
		return nil, err
	}
	kubectl := "kubectl"
	if env.Context != "" {
		kubectl += " --context " + quote(env.Context)
	}
	kubectl += " -n " + quote(pin.Namespace)
	workload := quote(pin.Workload)
	// The shell puts the ReplicaSet's template between the two halves of the patch.
	value := quote(strings.TrimSuffix(string(head), "]")+`,{"op":"replace","path":"/spec/template","value":`) +
		fmt.Sprintf(`"$(%s get replicaset %s -o jsonpath='{.spec.template}')"`, kubectl, quote(pin.ReplicaSet)) +
		quote(`},{"op":"remove","path":"/spec/template/metadata/labels/pod-template-hash"},`+strings.TrimPrefix(string(tail), "["))
	return []string{
		fmt.Sprintf("%s patch %s --type=json -p %s", kubectl, workload, value),
		fmt.Sprintf("%s rollout status %s", kubectl, workload),
	}, nil
}

// quote makes one word of s for a POSIX shell.
func quote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
