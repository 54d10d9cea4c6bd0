package checks

import (
	"fmt"
	"strings"
	"testing"

	"github.com/politicalsphere/sop/runbook"
)

// load lints a runbook with one check.
func load(check string) (*runbook.Document, []runbook.Problem) {
	text := `apiVersion: sop/v1
kind: Runbook
metadata: {name: test, title: Test}
inputs:
  {path: {title: Path, default: healthz}, version: {title: Version, default: v1.4.2}}
environments: {staging: {namespace: staging, prometheus: {url: 'https://prometheus.example'}, values: {url: 'https://example.com'}},
  production: {namespace: production, prometheus: {url: 'https://prometheus.example'}, values: {url: 'https://example.com'}}}
components:
  api: {workload: deployment/api, image: 'registry.example/api:v1'}
  worker: {workload: deployment/worker, image: 'registry.example/worker:v1'}
phases:
  - id: one
    title: One
    environment: production
    sections:
      - steps:
          - id: step
            title: Step
            verify:
              - ` + check + "\n"
	return runbook.Load(Kinds(), runbook.Source{Name: "test.yaml", Data: []byte(text)})
}

func TestExamplesAreAccepted(t *testing.T) {
	for _, k := range Kinds() {
		doc, problems := load(k.Example)
		if doc == nil || len(problems) > 0 {
			t.Errorf("%s: %v", k.Name, problems)
			continue
		}
		plan, problems := runbook.Resolve(doc, runbook.Choice{})
		if plan == nil {
			t.Errorf("%s does not resolve: %v", k.Name, problems)
			continue
		}
		check := plan.Runbook.Phases[0].Sections[0].Steps[0].Verify[0]
		into := kindNamed(k.Name)
		if _, err := into.ready(bareWorker(t, plan), workOf(plan, check)); err != nil {
			t.Errorf("%s: %v", k.Name, err)
		}
	}
}

func TestLint(t *testing.T) {
	for _, c := range []struct{ check, words string }{
		{"workload: {}", "no workload is named"},
		{"workload: {workloads: [cronjob/db]}", "does not look at"},
		{"workload: {components: all, availabel: true}", `unknown key "availabel"`},
		{"nodes: {headroom: much}", `"much" is not known`},
		{"nodes: {min: 0}", "asks for nothing"},
		{"nodes: {selector: 'a in b'}", "not a label selector"},
		{"object: {apiVersion: v1, kind: Pod}", "no object is named"},
		{"object: {apiVersion: v1, kind: Pod, name: a, selector: b}", "beside each other"},
		{"object: {apiVersion: v1, kind: Secret, name: a}", "use the kind secret"},
		{"object: {apiVersion: a/b/c, kind: Pod, name: a}", "not a group and version"},
		{"object: {apiVersion: v1, kind: Pod, name: a/b}", "not the name"},
		{"object: {apiVersion: v1, kind: Pod, name: a, jsonpath: '{.a'}", "not a jsonpath"},
		{"object: {apiVersion: v1, kind: Pod, name: a, value: b}", "without jsonpath"},
		{"object: {apiVersion: v1, kind: Pod, name: a, exists: false, condition: Ready}", "no condition"},
		{"object: {apiVersion: v1, kind: Pod, name: a, min: 2}", "min asks for nothing"},
		{"object: {apiVersion: v1, kind: Pod, name: a, namespace: A_b}", "not the name of a namespace"},
		{"configmap: {keys: [a]}", "lacks"},
		{"configmap: {name: A_b}", "not the name"},
		{"configmap: {name: a, except: [b]}", "without sameAs"},
		{"configmap: {name: a, values: {K: '/(/'}}", "not a regular expression"},
		{"job: {name: A_b}", "not the name"},
		{"job: {name: a, lines: 200}", "not between 0 and 20"},
		{"events: {types: [Bad]}", "not a type of event"},
		{"events: {since: 3h}", "not between"},
		{"events: {max: -1}", "cannot be"},
		{"endpoints: {services: []}", "no Service is named"},
		{"endpoints: {services: [A_b]}", "not the name of a Kubernetes object"},
		{"endpoints: {services: [api], min: 0}", "asks for nothing"},
		{"secret: {keys: [A]}", "lacks"},
		{"secret: {name: A_b}", "not the name of a Kubernetes object"},
		{"access: {}", "no right is named"},
		{"access: {for: fun}", "not known"},
		{"access: {for: rollout, verbs: [get]}", "for stands beside verbs"},
		{"http: {url: example.com}", "must begin with https"},
		{"http: {url: 'http://169.254.169.254/'}", "blocked"},
		{"http: {url: 'https://x.example', method: DELETE}", "not allowed"},
		{"http: {url: 'https://x.example', status: 2000}", "not an HTTP status"},
		{"http: {url: 'https://x.example', method: HEAD, contains: ok}", "no body"},
		{"http: {url: 'https://x.example', insecure: true}", `unknown key "insecure"`},
		{"http: {url: 'https://x.example', headersFrom: {X-Key: secret}}", "does not name an environment variable"},
		{"http: {url: 'https://x.example', headers: {X-Key: a}, headersFrom: {x-key: 'env:A'}}", "stands in headers, too"},
		{"reach: {services: [A_b]}", "not the name of a Kubernetes object"},
		{"reach: {services: [api], path: healthz}", "begins with one slash"},
		{"reach: {services: [api], path: //evil.example/}", "begins with one slash"},
		{"reach: {services: [api], path: /a/../../secrets}", "segments"},
		{"reach: {services: [api], path: /a/%2e%2e/x}", "segments"},
		{"reach: {services: [api], port: 70000}", "not a port"},
		{"reach: {services: [api], scheme: ftp}", "cannot be asked"},
		{"reach: {services: [api], status: [abc]}", "not an HTTP status"},
		{"image: {}", "no image is named"},
		{"image: {images: ['registry.example/API:v1']}", "not the name of an image"},
		{"image: {images: ['169.254.169.254/api:v1']}", "blocked"},
		{"image: {components: all, platform: [amd64]}", "not a platform"},
		{"tcp: {address: []}", "no address is named"},
		{"tcp: {address: 'db.example'}", "host:port"},
		{"tcp: {address: '[fe80::1]:80'}", "blocked"},
		{"tcp: {address: 'metadata.google.internal:80'}", "blocked"},
		{"tcp: {address: '2852039166:80'}", "four decimal numbers"},
		{"dns: {name: 10.0.0.1}", "not a name in DNS"},
		{"dns: {name: x.example, type: MX}", "not a type"},
		{"dns: {name: x.example, type: TXT, addresses: [192.0.2.1]}", "has no address"},
		{"dns: {name: x.example, type: AAAA, addresses: [192.0.2.1]}", "cannot be in a record"},
		{"dns: {name: x.example, addresses: [x]}", "not an IP address"},
		{"tls: {address: 'x.example:http'}", "not a port number"},
		{"tls: {address: x.example, minVersion: '1.1'}", "not a version of TLS"},
		{"tls: {address: x.example, serverName: 'a b'}", "not the name of a host"},
		{"tls: {address: x.example, warn: 5d}", "never warns"},
		{"tls: {address: x.example, names: ['*']}", "not the name of a host"},
		{"certificate: {warn: 30d}", "no certificate is named"},
		{"certificate: {secrets: [A_b]}", "not the name of a Kubernetes object"},
		{"certificate: {hosts: [169.254.169.254]}", "blocked"},
		{"certificate: {hosts: [x.example], warn: 10d, fail: 20d}", "never warns"},
		{"certificate: {hosts: [x.example], fail: 2w}", "not a length of time"},
		{"prometheus: {query: up}", "nothing says which number is good"},
		{"prometheus: {query: ' ', expect: 'self > 0.0'}", "query"},
		{"window: {days: Mon-Fun, from: '09:00', to: '17:00'}", "not a day"},
		{"window: {from: '9:00', to: '17:00'}", "not a time of day"},
		{"window: {from: '09:00', to: '09:00'}", "ends when it begins"},
		{"window: {from: '09:00', to: '17:00', zone: Mars}", "not a time zone"},
	} {
		_, problems := load(c.check)
		text := fmt.Sprint(problems)
		if !runbook.HasErrors(problems) || !strings.Contains(text, c.words) {
			t.Errorf("%s: got %s, want %q", c.check, text, c.words)
		}
		for _, p := range problems {
			if p.Line != 20 {
				t.Errorf("%s: a problem in line %d, want 20: %v", c.check, p.Line, p)
			}
		}
	}
}

func TestLintLeavesExpressionsAlone(t *testing.T) {
	for _, check := range []string{
		"http: {url: '${env.values.url}/${inputs.path}', contains: '${inputs.path}', headers: {X-Env: '${env.name}'}}",
		"prometheus: {query: 'up{namespace=\"${env.namespace}\"}', expect: 'self == 1.0'}",
		"secret: {name: '${env.name}-secrets'}",
		"tcp: {address: ['${inputs.path}']}",
		"image: {images: ['registry.example/api:${inputs.path}'], platform: ['${inputs.path}']}",
		"reach: {services: ['${inputs.path}'], path: '${inputs.path}', port: '${inputs.path}', scheme: '${inputs.path}', status: ['${inputs.path}']}",
		"dns: {name: '${inputs.path}', type: '${inputs.path}', addresses: ['${inputs.path}']}",
		"tls: {address: '${inputs.path}', serverName: '${inputs.path}', minVersion: '${inputs.path}', warn: '${inputs.path}', names: ['${inputs.path}']}",
		"certificate: {secrets: ['${inputs.path}'], hosts: ['${inputs.path}'], names: ['${inputs.path}'], fail: '${inputs.path}'}",
		"endpoints: {services: ['${env.name}-api']}",
		"window: {days: '${inputs.path}', from: '${inputs.path}', to: '${inputs.path}', zone: '${inputs.path}'}",
	} {
		if _, problems := load(check); len(problems) > 0 {
			t.Errorf("%s: %v", check, problems)
		}
	}
}
