package practice

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestHeadstartIsHastyAndThenTheClockBeneath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		beneath := NewJumping(clockStart)
		h := newHeadstart(beneath)
		beneath.Run(func() {
			begin := h.Now()
			if old := clockStart.Sub(begin); old != age {
				t.Errorf("the world is %s old, want %s", old, age)
			}
			for _, d := range []time.Duration{time.Minute, time.Nanosecond, 0} {
				if err := h.Wait(context.Background(), d, nil); err != nil {
					t.Error(err)
				}
			}
			if gone := h.Now().Sub(begin); gone < time.Minute || gone > time.Minute+time.Millisecond {
				t.Errorf("a minute took %s of the world's time", gone)
			}
			if gone := beneath.Now().Sub(clockStart); gone > 70*time.Millisecond {
				t.Errorf("a minute took %s of the clock beneath", gone)
			}
			h.settled()
			if !h.Now().Equal(beneath.Now()) {
				t.Errorf("settled at %s, the clock beneath says %s", h.Now(), beneath.Now())
			}
			before := beneath.Now()
			if err := h.Wait(context.Background(), time.Second, nil); err != nil || beneath.Now().Sub(before) != time.Second {
				t.Errorf("a second took %s, %v", beneath.Now().Sub(before), err)
			}
		})
	})
}
