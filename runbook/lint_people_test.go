package runbook

import (
	"strings"
	"testing"
)

func TestInhibits(t *testing.T) {
	ready := "title: Ready, verify"
	for _, w := range []wants{
		{name: "unknown step", old: ready, becomes: "title: Ready, inhibits: [answer], verify", line: 34, message: `unknown step "answer"`, hint: `did you mean "answers"?`},
		{name: "itself", old: ready, becomes: "title: Ready, inhibits: [ready], verify", message: `step "ready" inhibits itself`},
		{name: "twice", old: ready, becomes: "title: Ready, inhibits: [answers, answers], verify", message: `"answers" stands twice in inhibits`},
		{name: "a circle", old: ready, becomes: "title: Ready, inhibits: [answers], verify"},
		{name: "no list", old: ready, becomes: "title: Ready, inhibits: {answers: true}, verify", line: 34},
		{name: "of another phase", old: "title: Answers\n", becomes: "title: Answers\n            inhibits: [watch]\n", message: `step "answers" is no longer looked at when step "watch" is`, warning: true},
		{name: "by hand", old: "title: Stop, rollback: {do: stop}}", becomes: "title: Stop, rollback: {do: stop}, inhibits: [tell]}\n    - {id: tell, title: Tell, inhibits: [undo]}", message: `step "tell" is ticked by hand, so it never fails as a consequence`, warning: true},
		{name: "a hand step inhibits nothing", old: "title: Stop, rollback: {do: stop}}", becomes: "title: Stop, rollback: {do: stop}}\n    - {id: tell, title: Tell, inhibits: [undo]}", message: "inhibits nothing", warning: true},
	} {
		if w.name == "a circle" {
			w.old, w.becomes = "", with(t, ready, "title: Ready, inhibits: [answers], verify")
			w.becomes = strings.Replace(w.becomes, "title: Answers\n", "title: Answers\n            inhibits: [roll]\n", 1)
			w.becomes = strings.Replace(w.becomes, "title: Roll,", "title: Roll, inhibits: [ready],", 1)
			w.message, w.hint = "inhibits goes in a circle: answers → roll → ready → answers", "a root is no consequence"
		}
		t.Run(w.name, w.check)
	}
	mustLoad(t, with(t, ready, "title: Ready, inhibits: [answers, roll, move], verify"))
}

func TestACircleIsToldOnce(t *testing.T) {
	data := with(t, "title: Ready, verify", "title: Ready, inhibits: [answers], verify")
	data = strings.Replace(data, "title: Answers\n", "title: Answers\n            inhibits: [ready]\n", 1)
	if _, problems := loadSmall(t, data); len(problems) != 1 || !strings.Contains(problems[0].Message, "answers → ready → answers") {
		t.Errorf("got %v", problems)
	}
}

// watchStep is the last step of the last phase.
const watchStep = "          - {id: watch, title: Watch, watch: {for: 30m, metrics: [errors]}}\n"

func TestTooManyItemsAtOnePause(t *testing.T) {
	items := func(ids string) (text string) {
		for _, id := range strings.Split(ids, "") {
			text += "          - {id: " + id + ", title: " + id + "}\n"
		}
		return text
	}
	for _, w := range []wants{
		{name: "one section", becomes: watchStep + items("abcdefgh"), message: "10 items at one pause point", warning: true},
		{name: "a section without a title is no pause", becomes: watchStep + items("abcd") + "      - steps:\n" + items("efgh"), message: "10 items at one pause point", warning: true},
		{name: "the second section", becomes: watchStep + "      - title: Two\n        steps:\n" + items("abcdefghij"), line: 54, message: "10 items at one pause point", warning: true},
	} {
		w.old = watchStep
		t.Run(w.name, w.check)
	}
	mustLoad(t, with(t, watchStep, watchStep+items("abcd")+"      - title: Two\n        steps:\n"+items("efgh")))
}

func TestActsThatNobodyLooksAt(t *testing.T) {
	warned := "changes the world, and nothing in phase"
	for _, w := range []wants{
		{name: "no check at all", old: ", verify: [{workload: {components: all}}]}", becomes: "}", line: 46, message: `step "roll" ` + warned + ` "staging"`, warning: true},
		{name: "only before it", old: "title: Watch, watch: {for: 30m, metrics: [errors]}}", becomes: "title: Look}", message: `step "move" ` + warned, warning: true},
	} {
		t.Run(w.name, w.check)
	}
	mustLoad(t, with(t, "title: Watch, watch: {for: 30m, metrics: [errors]}}", "title: Look, verify: [{workload: {components: [web]}}]}"))
}

func TestNoWayBack(t *testing.T) {
	head := "apiVersion: sop/v1\nkind: Runbook\nmetadata: {name: a, title: A}\nenvironments: {prod: {namespace: prod, protected: true}, test: {namespace: test}}\ncomponents: {api: {workload: deployment/api, image: 'a:b'}}\n"
	phase := func(env string) string {
		return head + "phases: [{id: a, title: A, environment: " + env + ", sections: [{steps: [{id: b, title: B, deploy: {}, verify: [{bare: {}}]}]}]}]\n"
	}
	for _, w := range []wants{
		{name: "a deploy", becomes: phase("test"), line: 6, message: `step "b" deploys, and the runbook says nothing of rolling back`, warning: true},
		{name: "a protected environment", becomes: phase("prod"), line: 6, message: `the gate to phase "a" opens on prod, which is protected`, warning: true},
		{name: "a rollback that undoes nothing", becomes: phase("prod") + "rollback: {steps: [{id: stop, title: Stop, rollback: {do: stop}}]}\n", line: 7, message: "no step of its rollback undoes it", warning: true},
	} {
		t.Run(w.name, func(t *testing.T) {
			w.check(t)
			if _, problems := loadSmall(t, w.becomes); len(problems) != 1 {
				t.Errorf("one fault is told once, got %v", problems)
			}
		})
	}
}
