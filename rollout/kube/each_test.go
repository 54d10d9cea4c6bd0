package kube_test

import (
	"slices"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
)

func TestEachIsOrderedButDoesNotWaitForTheOthers(t *testing.T) {
	inWorld(t, func(w *world) {
		var order []int
		began := w.clock.Now()
		kube.Each(w.clock, 5, func(i int) {
			if i == 1 {
				w.wait(time.Minute) // as a request does that hangs
			}
			order = append(order, i) // on this clock no two of them run at once
		})
		if !slices.Equal(order, []int{0, 2, 3, 4, 1}) || w.clock.Now().Sub(began) > time.Minute+time.Millisecond {
			t.Errorf("order %v after %s", order, w.clock.Now().Sub(began))
		}
		kube.Each(w.clock, 0, func(int) { t.Error("called for none") })
	})
}
