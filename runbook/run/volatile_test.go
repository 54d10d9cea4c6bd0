package run

import "testing"

func TestVolatileEventsStayOutOfTheJournal(t *testing.T) {
	for _, e := range []Event{CheckSeen{}, RecheckAsked{}, Refusal{}, ProgressSeen{}, TriggersSeen{}, Ticked{}} {
		if !IsVolatile(e) {
			t.Errorf("%s would be journaled", e.Kind())
		}
		if _, ok := journaled[e.Kind()]; ok {
			t.Errorf("%s is listed as journaled", e.Kind())
		}
	}
	for kind, decode := range journaled {
		e, err := decode([]byte("{}"))
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if IsVolatile(e) {
			t.Errorf("%s would not be journaled", kind)
		}
	}
}
