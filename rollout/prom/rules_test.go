package prom_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/rollout/prom"
)

func TestAlertRules(t *testing.T) {
	const body = `{"status":"success","data":{"groups":[{"name":"g","file":"f","interval":15,"rules":[
		{"type":"recording","name":"a:b","query":"up","health":"ok","evaluationTime":0,"lastEvaluation":"2026-03-02T09:00:00Z"},
		{"type":"alerting","name":"Down","query":"up == 0","duration":60,"labels":{"severity":"critical"},"annotations":{},"health":"ok","evaluationTime":0,
		 "lastEvaluation":"2026-03-02T09:00:00Z","alerts":[
			{"labels":{"alertname":"Down","pod":"p\u001b[2J"},"annotations":{"summary":"it is \u202edown"},"state":"firing","activeAt":"2026-03-02T10:00:00+01:00","value":"1"},
			{"labels":{"alertname":"Down"},"annotations":{},"state":"pending","activeAt":"2026-03-02T09:00:00Z","value":"1"},
			{"labels":{"alertname":"Down"},"annotations":{},"state":"inactive","activeAt":"2026-03-02T09:00:00Z","value":"1"},
			null]},
		{"type":"alerting","name":"Broken","query":"x","health":"err","lastError":"many\rto many","evaluationTime":0,"lastEvaluation":"2026-03-02T09:00:00Z","alerts":[]},
		{"type":"alerting","name":"New","query":"x","health":"unknown","evaluationTime":0,"lastEvaluation":"0001-01-01T00:00:00Z","alerts":[]}]}]}}`
	clock := practice.NewJumping(start)
	clock.Run(func() {
		client := prom.NewClients(served(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/api/v1/rules" {
				t.Errorf("asked %s", r.URL)
			}
			_, _ = w.Write([]byte(body))
		}), clock).Get("http://prom.example")
		rules, err := client.AlertRules(context.Background())
		if err != nil || len(rules) != 3 {
			t.Errorf("%v, %v", rules, err)
			return
		}
		down := rules[0]
		if down.Name != "Down" || down.Labels["severity"] != "critical" || down.Fault != "" || len(down.Alerts) != 2 {
			t.Errorf("%+v", down)
		}
		first := down.Alerts[0]
		if !first.Firing || first.Labels["pod"] != "p^[[2J" || first.Summary != "it is <U+202E>down" || !first.Since.Equal(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)) {
			t.Errorf("%+v", first)
		}
		if down.Alerts[1].Firing || rules[1].Fault != "many^Mto many" || rules[2].Fault != "it was not evaluated yet" {
			t.Errorf("%+v", rules)
		}
		_, err = prom.NewClients(served(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }), clock).Get("http://prom.example").AlertRules(context.Background())
		var refused *prom.Error
		if !errors.As(err, &refused) || refused.Reason != prom.Other {
			t.Errorf("403 gave %v", err)
		}
		_, err = prom.NewClients(nil, clock).Get("").AlertRules(context.Background())
		if !errors.As(err, &refused) {
			t.Errorf("no address gave %v", err)
		}
	})
}
