package runbook

import "testing"

func TestLint(t *testing.T) {
	deploy := "deploy: {strategy: canary, waves: [[web], [api]], steps: [5%, 50%], hold: '${inputs.hold}'}"
	for _, w := range []wants{
		{name: "step id twice", old: "id: watch", becomes: "id: ready", line: 53, message: `step id "ready" stands twice`, hint: "line 34"},
		{name: "step id form", old: "id: watch", becomes: "id: Watch It", message: "not in kebab-case", hint: "write watch-it"},
		{name: "phase id twice", old: "id: after", becomes: "id: before", message: `phase id "before" stands twice`},
		{name: "unknown environment", old: "environment: production", becomes: "environment: prod", message: `unknown environment "prod"`},
		{name: "near environment", old: "environment: production", becomes: "environment: prodution", hint: `did you mean "production"?`},
		{name: "deferred backwards", old: "title: Roll,", becomes: "title: Roll, deferTo: before,", message: "only be deferred to a later phase"},
		{name: "deferred to itself", old: "title: Roll,", becomes: "title: Roll, deferTo: staging,", message: "only be deferred to a later phase", hint: "after"},
		{name: "deferred nowhere", old: "deferTo: after", becomes: "deferTo: afterr", message: `unknown phase "afterr"`, hint: `"after"`},
		{name: "recheck", old: "recheck: run", becomes: "recheck: runs", message: "recheck must be once or phase or run"},
		{name: "list", old: "title: Before\n", becomes: "title: Before\n    list: bulets\n", hint: "bullets"},
		{name: "two actions", old: "title: Roll, deploy: {strategy: rolling}", becomes: "title: Roll, deploy: {strategy: rolling}, watch: {for: 3m}", message: "deploy and watch; one is the most"},
		{name: "no phases", becomes: "apiVersion: sop/v1\nkind: Runbook\nmetadata: {name: a, title: A}\nphases: []\n", line: 4, message: "no phases"},
		{name: "no steps", becomes: "apiVersion: sop/v1\nkind: Runbook\nmetadata: {name: a, title: A}\nphases: [{id: a, title: A, sections: [{steps: []}]}]\n", message: "no steps"},

		{name: "unknown component", old: deploy, becomes: "deploy: {waves: [[web], [apo]]}", message: `unknown component "apo"`, hint: `"api"`},
		{name: "component twice", old: deploy, becomes: "deploy: {waves: [[web], [api, web]]}", message: `component "web" stands twice`, line: 52},
		{name: "empty wave", old: deploy, becomes: "deploy: {waves: [[web, api], []]}", message: "the wave is empty"},
		{name: "component left out", old: deploy, becomes: "deploy: {waves: [[web]]}", message: `component "api" is in no wave`, warning: true},
		{name: "unknown strategy", old: deploy, becomes: "deploy: {strategy: blue}", message: "strategy must be rolling or canary"},
		{name: "falling shares", old: "[5%, 50%]", becomes: "[50%, 5%]", message: "must rise, and 5% comes after 50%"},
		{name: "equal shares", old: "[5%, 50%]", becomes: "[5%, 5%]", message: "must rise"},
		{name: "zero share", old: "[5%, 50%]", becomes: "[0%, 5%]", message: "must rise"},
		{name: "shares without a canary", old: deploy, becomes: "deploy: {steps: [5%]}", message: "belong to a canary"},
		{name: "endless watch", old: "watch: {for: 30m,", becomes: "watch: {for: 0s,", message: "a watch must last"},
		{name: "unknown metric", old: "metrics: [errors]", becomes: "metrics: [error]", message: `unknown metric "error"`, hint: `"errors"`},
		{name: "component of a check", old: "components: [api]", becomes: "components: [apj]", message: `unknown component "apj"`, hint: `"api"`},
		{name: "kind's own lint", old: "url: '${env.values.url}/healthz'", becomes: "url: ftp://x", message: "no address", hint: "https", line: 39, column: 29},
		{name: "kind's own warning", old: "status: [200, 2xx]", becomes: "status: [500]", message: "500 is odd", warning: true},
		{name: "threshold", old: "interval: 10s", becomes: "failureThreshold: -1", message: "failureThreshold must be from 1 to 1000"},
		{name: "short ttl", old: "interval: 10s", becomes: "interval: 10s, ttl: 5s", message: "would be stale in between", warning: true},

		{name: "input pattern", old: "pattern: 'v[0-9.]+'", becomes: "pattern: 'v[0-9'", line: 5, message: "the pattern does not compile: missing closing ]"},
		{name: "input type", old: "type: duration", becomes: "type: durations", hint: "did you mean duration?"},
		{name: "default of the wrong form", old: "default: 5m", becomes: "default: five", message: `the default of input hold does not fit: "five" is not a length of time`},
		{name: "default and pattern", old: "  hold:", becomes: "  other: {pattern: '[a-z]', default: ab}\n  hold:", message: `"ab" does not match [a-z]`},
		{name: "default and options", old: "  hold:", becomes: "  other: {options: [a, b], default: c}\n  hold:", message: `"c" is none of a, b`},
		{name: "required with default", old: "required: true", becomes: "required: true, default: v1", message: "never asked for", warning: true},
		{name: "namespace", old: "namespace: production", becomes: "namespace: Production_1", message: "no name of a namespace"},
		{name: "Prometheus without scheme", old: "'https://prometheus.example'", becomes: "prometheus.example", message: "must begin with http:// or https://"},
		{name: "password in an address", old: "'https://prometheus.example'", becomes: "'https://a:b@prometheus.example'", message: "holds a user or password"},
		{name: "workload form", old: "deployment/web", becomes: "web", message: `"web" is no workload`, hint: "deployment/api"},
		{name: "later workload", old: "deployment/web", becomes: "statefulset/web", message: `workload kind "statefulset" is not in this version`},
		{name: "unknown workload", old: "deployment/web", becomes: "deploymnt/web", hint: `did you mean "deployment"?`},
		{name: "image without tag", old: "registry.example/web:${inputs.version}", becomes: "registry.example:5000/web", message: "neither a tag nor a digest"},
		{name: "no image", old: "registry.example/web:${inputs.version}", becomes: "Registry Example/web:v1", message: "not the name of an image"},

		{name: "unit", old: "unit: seconds", becomes: "unit: second", message: "unit must be", hint: "seconds"},
		{name: "trip without unit", old: "'> baseline + 5pp'", becomes: "'> baseline + 5'", line: 21, message: `"5" has no unit`, hint: "5pp"},
		{name: "trip of another unit", old: "'> baseline + 5pp'", becomes: "'> 200ms'", message: "the trip is in seconds, the metric in percent", hint: "5pp"},
		{name: "objective of another unit", old: "'< 0.1%'", becomes: "'< 200ms'", message: "the objective is in seconds, the metric in percent"},
		{name: "atLeast of another unit", old: "atLeast: 10ms", becomes: "atLeast: 5pp", message: "atLeast is in percent, the metric in seconds"},
		{name: "atLeast without baseline", old: "'> baseline + 20%', atLeast", becomes: "'> 200ms', atLeast", message: "does not name the baseline"},
		{name: "burn of a query", old: "query: q\n    triggers:\n      - {trip: '> baseline + 20%', atLeast: 10ms}", becomes: "query: q\n    triggers:\n      - {trip: 'burn > 14.4 of 0.1% over 5m'}", message: "percent"},
		{name: "query and numerator", old: "query: q", becomes: "query: q\n    numerator: n", message: "a query and a numerator"},
		{name: "numerator alone", old: "    denominator: 'd'\n", becomes: "", message: "numerator without its denominator"},
		{name: "nothing to ask", old: "    query: q\n", becomes: "", message: "nothing to ask for", line: 23},
		{name: "absent without numerator", old: "query: q", becomes: "query: q\n    absent: zero", message: "absent is about a missing numerator"},
		{name: "severity", old: "severity: critical", becomes: "severity: critcal", hint: "critical"},
		{name: "then", old: "then: rollback", becomes: "then: explode", message: "then must be rollback"},

		{name: "rollback step does what", old: "do: undo", becomes: "do: undoo", hint: "did you mean undo?"},
		{name: "rollback step twice", old: "do: undo", becomes: "do: stop", message: "stop stands twice"},
		{name: "rollback out of order", old: "{do: undo}}", becomes: "{do: verify}}\n    - {id: late, title: Late, rollback: {do: undo}}", message: "undo comes after verify"},
		{name: "rollback action in a phase", old: "title: Roll, deploy: {strategy: rolling}", becomes: "title: Roll, rollback: {do: undo}", message: "belongs to the rollback procedure"},
		{name: "deploy in a rollback", old: "title: Undo, rollback: {do: undo}", becomes: "title: Undo, deploy: {}", message: "no action deploy"},
		{name: "severities", old: "rollback:\n", becomes: "severities: {fatal: x}\nrollback:\n", message: `unknown severity "fatal"`},
		{name: "last updated", old: "lastUpdated: 2025-11-14", becomes: "lastUpdated: 14.11.2025", message: "lastUpdated is not a day"},
	} {
		t.Run(w.name, w.check)
	}
}

func TestLintExpressions(t *testing.T) {
	for _, w := range []wants{
		{name: "unknown input", old: "registry.example/web:${inputs.version}", becomes: "registry.example/web:${inputs.versoin}", line: 12, column: 66, message: `unknown input "versoin"`, hint: `"version"`},
		{name: "not closed", old: "registry.example/web:${inputs.version}", becomes: "registry.example/web:${inputs.version", line: 12, column: 64, message: "without its }"},
		{name: "environment of a component", old: "registry.example/web:${inputs.version}", becomes: "registry.example/web:${env.name}", line: 12, message: "not known here", hint: "inputs"},
		{name: "unknown value", old: "${env.values.url}/healthz", becomes: "${env.values.uri}/healthz", line: 39, column: 32, message: `unknown value "uri"`, hint: `"url"`},
		{name: "value of one environment", old: "${env.values.url}/healthz", becomes: "${env.values.only}/healthz", message: `value "only" is missing in environment production`},
		{name: "unknown field", old: `ns="${env.namespace}"`, becomes: `ns="${env.nmspace}"`, line: 17, message: `"env.nmspace" is not known here`},
		{name: "unknown input of a duration", old: "'${inputs.hold}'", becomes: "'${inputs.hald}'", message: `unknown input "hald"`},
		{name: "unknown step", old: "steps.ready ==", becomes: "steps.raedy ==", line: 37, message: `unknown step "raedy"`, hint: `"ready"`},
		{name: "condition that is none", old: "steps.ready == 'passed'", becomes: "steps.ready", line: 37, message: "must give true or false"},
		{name: "expect that is none", old: "self.status < 300", becomes: "self.status <", line: 40, message: "ends too early"},
		{name: "where nothing fills it in", old: "title: Before", becomes: "title: 'Before ${env.name}'", line: 30, column: 20, message: "${…} is not filled in in title", hint: "$${"},
		{name: "in a trip", old: "'> baseline + 5pp'", becomes: "'> ${inputs.hold}'", message: "not a number"},
	} {
		t.Run(w.name, w.check)
	}
}

func TestMultilineExpressionsHaveTheirPlace(t *testing.T) {
	data := with(t, "    query: q\n", "    query: |\n      a +\n      b{ns=\"${env.nam}\"}\n")
	_, problems := loadSmall(t, data)
	if len(problems) != 1 || problems[0].Line != 27 || problems[0].Column < 14 || problems[0].Column > 20 {
		t.Errorf("got %v", problems)
	}
}
