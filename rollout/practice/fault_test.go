package practice

import (
	"errors"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// troubled is a scenario with other faults than the shipped ones.
const troubled = `apiVersion: sop/v1
kind: Scenario
metadata: {name: troubled, title: A day, difficulty: 3}
runbook: deployment
start: 2026-03-10T10:00:00Z
seed: 1
world:
  running: v1.4.1
  release: v1.4.2
  replicas: {staging: {api: 3}}
  certificateDays: {staging: 10}
  images:
    "web:v1.4.3": {latency: 3}
faults:
  - at: {after: start, delay: 1m}
    prometheus: {trouble: down, for: 1m}
  - at: {after: start, delay: 3m}
    pods: {namespace: staging, component: api, notReady: "HTTP probe failed with statuscode: 503", for: 2m}
  - at: {after: start, delay: 10m}
    cluster: {verbs: [list], resources: [deployments], status: 503, for: 1m}
  - at: {after: staging at 30%}
    metrics: {namespace: staging, cpu: 1.5}
expect: {action: hold}
debrief: many things happened
`

func TestFaultsComeAndGo(t *testing.T) {
	sc, err := Parse("troubled.yaml", []byte(troubled))
	if err != nil {
		t.Fatal(err)
	}
	inWorld(t, sc, 1, func(d drill) {
		at := func(since time.Duration) { d.sleep(sc.Start.Add(since).Sub(d.jump.Now())) }
		prometheus := func() error {
			_, err := d.get("https://prometheus.production.example/-/healthy")
			return err
		}
		if err := prometheus(); err != nil {
			t.Errorf("before the outage: %v", err)
		}
		at(90 * time.Second)
		if err := prometheus(); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("during the outage: %v", err)
		}
		if late := d.FaultBegan().Sub(sc.Start.Add(time.Minute)); late < 0 || late > time.Second {
			t.Errorf("the first fault began %s late", late)
		}
		at(3*time.Minute - time.Second)
		if err := prometheus(); err != nil {
			t.Errorf("after the outage: %v", err)
		}
		if code, err := d.get("https://staging.example/healthz"); err != nil || code != http.StatusOK {
			t.Errorf("staging before its fault: %d, %v", code, err)
		}
		at(3*time.Minute + 45*time.Second)
		if code, err := d.get("https://staging.example/healthz"); err != nil || code != http.StatusServiceUnavailable {
			t.Errorf("staging without a ready pod: %d, %v", code, err)
		}
		at(6 * time.Minute)
		if code, err := d.get("https://staging.example/healthz"); err != nil || code != http.StatusOK {
			t.Errorf("staging after its fault: %d, %v", code, err)
		}
		at(10*time.Minute + 30*time.Second)
		if _, err := d.client.AppsV1().Deployments(Staging).List(d.ctx, metav1.ListOptions{}); err == nil {
			t.Error("the API answered during its fault")
		}
		at(12 * time.Minute)
		list, err := d.client.AppsV1().Deployments(Staging).List(d.ctx, metav1.ListOptions{})
		if err != nil || len(list.Items) != 4 || *list.Items[0].Spec.Replicas != 3 {
			t.Errorf("after the API's fault: %v, %v", list, err)
		}
		d.deploy(Staging, "v1.4.2")
		d.sleep(3 * time.Minute)
		if v := d.query(`avg(avg_over_time(process_cpu_usage_cores{namespace="staging",component="worker"}[1m]))`, ""); v < 0.6 || v > 0.75 {
			t.Errorf("the CPU of staging is %v, want half more than 0.45", v)
		}
	})
}

func TestImagesBehaveAsTheScenarioSays(t *testing.T) {
	sc, err := Parse("troubled.yaml", []byte(strings.Replace(troubled, `"web:v1.4.3": {latency: 3}`, `"v1.4.2": {latency: 3}`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	sc.Faults = nil
	inWorld(t, sc, 1, func(d drill) {
		before := d.query(p95Query, Staging)
		d.deploy(Staging, "v1.4.2")
		d.sleep(3 * time.Minute)
		if after := d.query(p95Query, Staging); after < 2.5*before || after > 3.5*before {
			t.Errorf("p95 went from %v to %v, want three times as much", before, after)
		}
	})
}
