package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"reflect"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// The talk between the process of a run and those attached to it: a JSON value a line. The guest begins with a hello;
// then frames come, and wishes go.

// wireVersion is raised when an older program would misread what a newer one says.
const wireVersion = 1

// hello is the first word of a guest.
type hello struct {
	Version int    `json:"version"`
	Name    string `json:"name"` // who it is, for the journal
	PID     int    `json:"pid"`
	Looks   bool   `json:"looks,omitempty"` // only wants to look
}

// welcome is the first answer.
type welcome struct {
	Version  int     `json:"version"`
	PID      int     `json:"pid"`
	Cluster  string  `json:"cluster"`
	Practice bool    `json:"practice,omitempty"`
	Speed    float64 `json:"speed"` // of the run's clock
	Refused  string  `json:"refused,omitempty"`
}

// frame is how the run stands. A guest that is slow gets fewer of them.
type frame struct {
	Now     time.Time `json:"now"`
	Control bool      `json:"control,omitempty"` // the guest has the run in hand
	Whose   string    `json:"whose,omitempty"`   // otherwise who has
	Said    run.Safe  `json:"said,omitempty"`    // an answer to this guest alone
	Heard   int       `json:"heard,omitempty"`   // how many wishes of this guest are decided
	State   run.State `json:"state"`             // but for its Plan, which lies in the run's directory
}

// wish is an Intent on its way.
type wish struct {
	Intent string          `json:"intent"` // name of its type
	Data   json.RawMessage `json:"data"`
}

// wishes lists every Intent, by the name of its type.
var wishes = intents(
	run.Start{}, run.Approve{}, run.Answer{}, run.Update{}, run.Attest{}, run.Unattest{}, run.Override{}, run.Defer{}, run.Recheck{}, run.OpenGate{}, run.Note{},
	run.StatusSent{}, run.Extend{}, run.Finish{}, run.Freeze{}, run.Continue{}, run.Rollback{}, run.Burn{},
	run.TakeBack{}, run.Reason{}, run.GiveUp{},
)

func intents(list ...run.Intent) map[string]reflect.Type {
	m := make(map[string]reflect.Type, len(list))
	for _, i := range list {
		t := reflect.TypeOf(i)
		m[t.Name()] = t
	}
	return m
}

func encodeWish(i run.Intent) (wish, error) {
	t := reflect.TypeOf(i)
	if wishes[t.Name()] != t {
		return wish{}, fmt.Errorf("send %T to the run: it cannot be sent from another terminal", i)
	}
	data, err := json.Marshal(i)
	return wish{Intent: t.Name(), Data: data}, err
}

func (w wish) decode() (run.Intent, error) {
	t, ok := wishes[w.Intent]
	if !ok {
		return nil, fmt.Errorf("a guest wants %q, which this version of sop does not know", run.MakeSafe(w.Intent, 40))
	}
	v := reflect.New(t)
	if err := json.Unmarshal(w.Data, v.Interface()); err != nil {
		return nil, fmt.Errorf("a guest wants %s: %w", w.Intent, err)
	}
	return v.Elem().Interface().(run.Intent), nil
}

// maxWish bounds what a guest may send in one line.
const maxWish = 64 << 10

// listen reads lines of JSON from a guest.
func listen(conn net.Conn) *bufio.Scanner {
	scan := bufio.NewScanner(conn)
	scan.Buffer(make([]byte, 0, 4096), maxWish)
	return scan
}
