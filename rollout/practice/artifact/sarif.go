package artifact

import (
	"encoding/json"
	"fmt"
	"time"
)

// scanner is a tool that writes SARIF and what it usually finds here.
type scanner struct {
	name, full, version, address string
	// usual are the findings of a release that nothing is wrong with; critical and high those that a State asks for.
	usual          []finding
	critical, high finding
	// provenance: it names the commit that it looked at.
	provenance bool
}

// finding is one rule and a place where it was broken.
type finding struct {
	rule, title, level, severity, file string
	line                               int
	tags                               []string
}

var codeQL = scanner{
	name: "CodeQL", full: "CodeQL command-line toolchain", version: "2.23.3", address: "https://codeql.github.com/",
	usual: []finding{
		{"js/missing-rate-limiting", "Missing rate limiting", "warning", "7.5", "web/src/routes/replay.ts", 58, []string{"security", "external/cwe/cwe-770"}},
		{"go/log-injection", "Log entries created from user input", "warning", "6.1", "api/lobby/log.go", 31, []string{"security", "external/cwe/cwe-117"}},
	},
	critical:   finding{"go/sql-injection", "Database query built from user-controlled sources", "error", "9.8", "api/lobby/find.go", 112, []string{"security", "external/cwe/cwe-089"}},
	high:       finding{"go/path-injection", "Uncontrolled data used in path expression", "error", "7.5", "api/replay/open.go", 44, []string{"security", "external/cwe/cwe-022"}},
	provenance: true,
}

var semgrep = scanner{
	name: "Semgrep OSS", full: "Semgrep OSS", version: "1.139.0", address: "https://semgrep.dev",
	usual: []finding{
		{"go.lang.security.audit.net.use-tls.use-tls", "Serve over TLS inside of the cluster as well", "warning", "5.3", "api/main.go", 77, []string{"security", "CWE-319: Cleartext Transmission of Sensitive Information", "LOW CONFIDENCE"}},
	},
	critical:   finding{"go.lang.security.deserialization.unsafe-gob", "Data from outside is decoded into code paths that run it", "error", "9.3", "worker/score/queue.go", 66, []string{"security", "CWE-502: Deserialization of Untrusted Data", "HIGH CONFIDENCE"}},
	high:       finding{"go.lang.security.audit.crypto.use_of_weak_crypto.use-of-md5", "A weak hash protects something", "error", "7.4", "api/session/token.go", 23, []string{"security", "CWE-328: Use of Weak Hash", "MEDIUM CONFIDENCE"}},
	provenance: true,
}

var zap = scanner{
	name: "ZAP", full: "Zed Attack Proxy", version: "2.16.1", address: "https://www.zaproxy.org/",
	usual: []finding{
		{"10020-1", "Missing Anti-clickjacking Header", "warning", "4.3", "https://staging.example/replay", 0, []string{"security"}},
		{"10096", "Timestamp Disclosure - Unix", "note", "3.1", "https://staging.example/api/status", 0, []string{"security"}},
	},
	critical: finding{"40018", "SQL Injection", "error", "9.8", "https://staging.example/api/lobby?name=a", 0, []string{"security"}},
	high:     finding{"40012", "Cross Site Scripting (Reflected)", "error", "7.2", "https://staging.example/lobby?name=a", 0, []string{"security"}},
}

var trivy = scanner{
	name: "Trivy", full: "Trivy Vulnerability Scanner", version: "0.68.1", address: "https://github.com/aquasecurity/trivy",
	usual: []finding{
		{"CVE-2025-45582", "tar: path traversal", "warning", "5.6", "registry.example/api", 1, []string{"vulnerability", "security", "MEDIUM"}},
		{"CVE-2011-3374", "apt: wrong validation of keys", "note", "3.7", "registry.example/web", 1, []string{"vulnerability", "security", "LOW"}},
	},
	critical: finding{"CVE-2025-49794", "libxml2: heap use after free", "error", "9.1", "registry.example/game-server", 1, []string{"vulnerability", "security", "CRITICAL"}},
	high:     finding{"CVE-2025-6020", "linux-pam: directory traversal", "error", "7.8", "registry.example/worker", 1, []string{"vulnerability", "security", "HIGH"}},
}

// object is a JSON object.
type object = map[string]any

func (s scanner) report(f facts) ([]byte, error) {
	found := append([]finding(nil), s.usual...)
	for range f.High {
		found = append(found, s.high)
	}
	for range f.Critical {
		found = append(found, s.critical)
	}
	rules, results, index := []object{}, []object{}, map[string]int{}
	for i, one := range found {
		at, known := index[one.rule]
		if !known {
			at = len(rules)
			index[one.rule] = at
			rules = append(rules, one.asRule())
		}
		results = append(results, one.asResult(at, i))
	}
	run := object{
		"tool": object{"driver": object{
			"name": s.name, "fullName": s.full, "semanticVersion": s.version, "version": s.version, "informationUri": s.address, "rules": rules,
		}},
		"invocations": []object{{"executionSuccessful": true, "endTimeUtc": f.at.Add(-10 * time.Minute).Format(time.RFC3339)}},
		"columnKind":  "utf16CodeUnits",
		"results":     results,
	}
	if s.provenance {
		run["versionControlProvenance"] = []object{{"repositoryUri": f.o.Repository, "revisionId": f.commit, "branch": "refs/heads/main"}}
	}
	return json.MarshalIndent(object{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": []object{run},
	}, "", "  ")
}

func (f finding) asRule() object {
	return object{
		"id": f.rule, "name": f.rule,
		"shortDescription":     object{"text": f.title},
		"fullDescription":      object{"text": f.title},
		"defaultConfiguration": object{"level": f.level},
		"properties":           object{"tags": f.tags, "precision": "high", "security-severity": f.severity},
	}
}

func (f finding) asResult(rule, i int) object {
	place := object{"artifactLocation": object{"uri": f.file}}
	if f.line > 0 {
		place["region"] = object{"startLine": f.line + i, "startColumn": 1, "endColumn": 40}
	}
	return object{
		"ruleId": f.rule, "ruleIndex": rule, "level": f.level,
		"message":             object{"text": f.title + "."},
		"locations":           []object{{"physicalLocation": place}},
		"partialFingerprints": object{"primaryLocationLineHash": fmt.Sprintf("%016x:1", i+1)},
	}
}
