package run

import (
	"maps"
	"slices"
	"time"
)

// Events of the actions outside of the rollout.
type (
	// ActionStarted begins an action; with a Wish it is the wish of its act.
	ActionStarted struct {
		Step    string    `json:"step"`
		Env     string    `json:"env"`
		Attempt int       `json:"attempt"`
		Wish    string    `json:"wish,omitempty"`
		Back    bool      `json:"back,omitempty"` // a step of the rollback procedure: it does not wait for a dead journal
		Text    Safe      `json:"text,omitempty"`
		Until   time.Time `json:"until,omitzero"`
		Digest  string    `json:"digest,omitempty"`
		Images  []string  `json:"images,omitempty"`
	}
	// ActionSeen refreshes how far an action is.
	ActionSeen struct {
		unrecorded
		Step    string
		Summary Safe
		Output  Safe
	}
	// ActionEnded is the outcome of an action.
	ActionEnded struct {
		Step     string      `json:"step"`
		Wish     string      `json:"wish,omitempty"`
		Stage    ActionStage `json:"stage"` // done, failed or in-doubt
		Summary  Safe        `json:"summary,omitempty"`
		Evidence []Evidence  `json:"evidence,omitempty"`
		Output   Safe        `json:"output,omitempty"`
		Kept     string      `json:"kept,omitempty"`
	}
	// Invited says that the appointment of a message was written, which a person had passed on, or why not.
	Invited struct {
		Step    string `json:"step"`
		Summary Safe   `json:"summary"`
		Kept    string `json:"kept,omitempty"`
	}
	// Approved is the yes of somebody else.
	Approved struct {
		Step     string   `json:"step"`
		Approval Approval `json:"approval"`
	}
	// ApprovalVoided says that what was approved is no longer what would be done.
	ApprovalVoided struct {
		Step string `json:"step"`
		Why  Safe   `json:"why"`
	}
	// Answered are the answers to a step's questions.
	Answered struct {
		Step    string          `json:"step"`
		Answers map[string]Safe `json:"answers"`
	}
	// ShareWished is the wish to move a step's flags to a share.
	ShareWished struct {
		Step  string `json:"step"`
		Wish  string `json:"wish"`
		Share int    `json:"share"`
	}
	// ShareReached says that the flags stand at a share.
	ShareReached struct {
		Step     string     `json:"step"`
		Wish     string     `json:"wish"`
		Share    int        `json:"share"`
		Hold     time.Time  `json:"hold,omitzero"`
		Summary  Safe       `json:"summary,omitempty"`
		Evidence []Evidence `json:"evidence,omitempty"`
	}
	// FlagsPaused freezes flags where they are, or sets them going again.
	FlagsPaused struct {
		Step   string    `json:"step"`
		Paused bool      `json:"paused"`
		Hold   time.Time `json:"hold,omitzero"`
	}
)

// Events of messages.
type (
	// MessageWished is the wish to tell somebody something: a status update or an escalation.
	MessageWished struct {
		Wish    string `json:"wish"`
		About   string `json:"about"`
		Channel string `json:"channel"`
		Text    Safe   `json:"text"`
	}
	// MessageSent is what came of it; with an Err it did not go out.
	MessageSent struct {
		Wish    string `json:"wish"`
		Summary Safe   `json:"summary,omitempty"`
		Err     Safe   `json:"err,omitempty"`
	}
)

// Events of the flags in a rollback.
type (
	// FlagsOffAsked is the wish to turn off the flags that this run raised, before the patches go out.
	FlagsOffAsked struct {
		Wish  string    `json:"wish"`
		Steps []string  `json:"steps"`
		Until time.Time `json:"until"` // the patches wait no longer than this
	}
	// FlagsOffSeen is the outcome for the flags of one step. With an Err it is tried again.
	FlagsOffSeen struct {
		Step string `json:"step"`
		Err  Safe   `json:"err,omitempty"`
	}
	// FlagsOffLate lets the patches go out although the flags are not off yet.
	FlagsOffLate struct {
		Missing []string `json:"missing"`
	}
)

var journaledActions = []Event{
	ActionStarted{},
	ActionEnded{},
	Invited{},
	Approved{},
	ApprovalVoided{},
	Answered{},
	ShareWished{},
	ShareReached{},
	FlagsPaused{},
	MessageWished{},
	MessageSent{},
	FlagsOffAsked{},
	FlagsOffSeen{},
	FlagsOffLate{},
}

func (s *State) action(step string, change func(*ActionState)) {
	a := s.Actions[step]
	a.Answers = maps.Clone(a.Answers)
	change(&a)
	s.Actions[step] = a
}

func (e ActionStarted) apply(s *State, at time.Time) {
	a := ActionState{
		Step: e.Step, Env: e.Env, Stage: ActionRunning, Attempt: e.Attempt, By: s.actor, Wish: e.Wish, Started: at, Until: e.Until,
		Text: e.Text, Digest: e.Digest, Images: e.Images, Share: s.Actions[e.Step].Share,
	}
	if e.Wish == "" {
		a.Stage = ActionWaiting
	} else {
		s.Acts++
	}
	step, _, _ := s.place(e.Step)
	if step.Flags != nil {
		a.Stage = ActionHolding // at its last share, for no time: the rule of flags wishes the next one
	}
	s.Actions[e.Step] = a
	if locks(step) {
		s.env(e.Env, func(*EnvState) {}) // whose lock is wanted
	}
	s.step(e.Step, func(st *StepState) {
		st.Override, st.Deferred, st.Deferral, st.Attested = nil, false, nil, nil // they were about not doing it
	})
	if step.Notify != nil {
		s.tell(Message{Wish: e.Wish, About: e.Step, Channel: step.Notify.Channel, Text: e.Text, At: at, By: s.actor})
	}
}

func (e ActionSeen) apply(s *State, _ time.Time) {
	s.action(e.Step, func(a *ActionState) { a.Summary, a.Output = e.Summary, e.Output })
}

func (e ActionEnded) apply(s *State, at time.Time) {
	s.action(e.Step, func(a *ActionState) {
		a.Stage, a.Ended, a.Wish = e.Stage, at, ""
		a.Summary, a.Evidence, a.Output, a.Kept = e.Summary, e.Evidence, e.Output, e.Kept
	})
	if e.Wish != "" {
		sent := MessageSent{Wish: e.Wish, Summary: e.Summary}
		if e.Stage != ActionDone {
			sent.Summary, sent.Err = "", e.Summary
		}
		s.answer(sent, at)
	}
}

func (e Invited) apply(s *State, _ time.Time) {
	a := s.Actions[e.Step]
	a.Step, a.Summary, a.Kept = e.Step, e.Summary, e.Kept
	s.Actions[e.Step] = a
}

func (e Approved) apply(s *State, at time.Time) {
	s.action(e.Step, func(a *ActionState) {
		approval := e.Approval
		a.Stage, a.Ended, a.Approval = ActionDone, at, &approval
		a.Summary = approval.words()
	})
}

func (e ApprovalVoided) apply(s *State, at time.Time) {
	s.action(e.Step, func(a *ActionState) {
		a.Stage, a.Ended = ActionFailed, at
		a.Summary = MakeSafe("void: "+string(e.Why), 400)
	})
}

func (e Answered) apply(s *State, at time.Time) {
	s.action(e.Step, func(a *ActionState) {
		a.Stage, a.Ended, a.Answers = ActionDone, at, e.Answers
		a.Summary = answersInWords(e.Answers)
	})
}

func (e ShareWished) apply(s *State, at time.Time) {
	s.Acts++
	s.action(e.Step, func(a *ActionState) { a.Stage, a.Wish, a.Aim = ActionRunning, e.Wish, e.Share })
	env := s.Actions[e.Step].Env
	monitor := s.monitorOf(e.Step, env)
	s.env(env, func(v *EnvState) {
		if v.Written.IsZero() {
			v.Written = at
		}
		v.LastWrite = at
		if monitor != "" {
			v.Monitored = monitor
		}
	})
}

func (e ShareReached) apply(s *State, at time.Time) {
	s.action(e.Step, func(a *ActionState) {
		a.Stage, a.Wish, a.Share, a.Hold = ActionHolding, "", e.Share, e.Hold
		a.Summary, a.Evidence = e.Summary, e.Evidence
	})
	s.env(s.Actions[e.Step].Env, func(v *EnvState) {
		v.Marks = append(slices.Clone(v.Marks), ChartMark{At: at, Label: "flags " + percentText(e.Share)})
	})
}

func (e FlagsPaused) apply(s *State, _ time.Time) {
	s.action(e.Step, func(a *ActionState) {
		a.Paused = e.Paused
		if !e.Hold.IsZero() {
			a.Hold = e.Hold
		}
	})
}

func (e MessageWished) apply(s *State, at time.Time) {
	s.Acts++
	s.tell(Message{Wish: e.Wish, About: e.About, Channel: e.Channel, Text: e.Text, At: at, By: s.actor})
}

func (e MessageSent) apply(s *State, at time.Time) { s.answer(e, at) }

func (e FlagsOffAsked) apply(s *State, _ time.Time) {
	s.Acts++
	s.Rollback.FlagsWish, s.Rollback.FlagsUntil = e.Wish, e.Until
	for _, step := range e.Steps {
		s.Rollback.Flags[step] = FlagsOff{}
	}
}

func (e FlagsOffSeen) apply(s *State, at time.Time) {
	s.Rollback.Flags[e.Step] = FlagsOff{Done: e.Err == "", Err: e.Err}
	if _, foreign := s.found(e.Step); e.Err == "" && !foreign {
		s.action(e.Step, func(a *ActionState) {
			a.Stage, a.Ended, a.Wish, a.Share, a.Summary = ActionUndone, at, "", 0, "turned off by the rollback"
		})
	}
}

func (FlagsOffLate) apply(s *State, _ time.Time) { s.Rollback.FlagsUntil = time.Time{} }
