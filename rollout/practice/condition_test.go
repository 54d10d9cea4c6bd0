package practice

import (
	"testing"

	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
)

func TestConditions(t *testing.T) {
	pods := func(fresh, unready, old, ending int) []kubeapi.PodView {
		var all []kubeapi.PodView
		add := func(n int, v kubeapi.PodView) {
			v.Namespace = Production
			for range n {
				all = append(all, v)
			}
		}
		add(fresh, kubeapi.PodView{Image: "registry.example/api:v2", Ready: true})
		add(unready, kubeapi.PodView{Image: "registry.example/api:v2"})
		add(old, kubeapi.PodView{Image: "registry.example/api:v1", Ready: true})
		add(ending, kubeapi.PodView{Image: "registry.example/api:v1", Ready: true, Terminating: true})
		return append(all, kubeapi.PodView{Namespace: Staging, Image: "registry.example/api:v1", Ready: true})
	}
	cases := []struct {
		when string
		pods []kubeapi.PodView
		want bool
	}{
		{"start", nil, true},
		{"production at 100%", pods(4, 0, 0, 0), true},
		{"production at 100%", pods(4, 1, 0, 0), false},
		{"production at 100%", pods(4, 0, 1, 0), false},
		{"production at 100%", pods(4, 0, 0, 1), false},
		{"production at 100 %", pods(0, 0, 0, 0), false},
		{"production at 50%", pods(2, 0, 2, 3), true},
		{"production at 50%", pods(2, 0, 3, 0), false},
		{"staging at 1%", pods(4, 0, 0, 0), false},
	}
	for _, c := range cases {
		cond, err := parseCondition(c.when)
		if err != nil {
			t.Fatal(err)
		}
		if got := cond.holds(c.pods, "v2"); got != c.want {
			t.Errorf("%s with %d pods: %t, want %t", c.when, len(c.pods), got, c.want)
		}
	}
}

func TestTag(t *testing.T) {
	for image, want := range map[string]string{
		"registry.example/api:v1.4.1":             "v1.4.1",
		"registry.example:5000/api":               "",
		"registry.example:5000/api:v1":            "v1",
		"registry.example/api@sha256:0011":        "",
		"registry.example/api:v1.4.1@sha256:0011": "v1.4.1",
		"api": "",
	} {
		if got := tag(image); got != want {
			t.Errorf("tag(%s) = %q, want %q", image, got, want)
		}
	}
}
