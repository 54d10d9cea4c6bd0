package engine

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestAHeldClockStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC)
		c := Scaled(start, 30)
		time.Sleep(time.Second)
		release, second := c.Hold(), c.Hold()
		time.Sleep(3 * time.Second)
		if got := c.Now().Sub(start); got != 30*time.Second {
			t.Errorf("held after %s, it shows %s", 30*time.Second, got)
		}
		release()
		release() // a second time says nothing
		time.Sleep(time.Second)
		if got := c.Now().Sub(start); got != 30*time.Second {
			t.Errorf("held by another still, it shows %s", got)
		}
		second()
		time.Sleep(time.Second)
		if got := c.Now().Sub(start); got != time.Minute {
			t.Errorf("after it was released it shows %s, want %s", got, time.Minute)
		}
	})
}

// A server that needs a second of real time to answer has not been silent for thirty.
func TestAWaitTakesNoNoticeOfAHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Scaled(time.Now(), 30)
		began, from := time.Now(), c.Now()
		go func() {
			time.Sleep(100 * time.Millisecond)
			release := c.Hold()
			time.Sleep(time.Second)
			release()
		}()
		if err := c.Wait(t.Context(), 15*time.Second, nil); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 1500*time.Millisecond || took > 1510*time.Millisecond {
			t.Errorf("half a second of waiting and one of standing still took %s", took)
		}
		if passed := c.Now().Sub(from); passed < 15*time.Second || passed > 16*time.Second {
			t.Errorf("%s passed by the clock", passed)
		}
	})
}
