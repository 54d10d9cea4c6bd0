package run

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook"
)

// Law: nobody approves their own run, and an approval is bound to what was shown: it is void when an image that was
// known then is another one now. Runbook, inputs and targets are frozen in a run, and stand in the digest.

// Approval is the yes of one person.
type Approval struct {
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Words  Safe      `json:"words"`
	Digest string    `json:"digest"` // of what was approved
	How    Stamp     `json:"how"`
}

// Stamp is how it is known who approved.
type Stamp string

// SaidSo means that the operator wrote down who it was and what they said; nobody else vouches for it. A stamp that a server
// gives stands beside it under a name of its own.
const SaidSo Stamp = "said-so"

func (a Approval) words() Safe {
	return MakeSafe(fmt.Sprintf("approved by %s: %s", a.By, a.Words), 400)
}

// minWords is how much an approver has to say at least.
const minWords = 3

// ApprovalDigest is the SHA-256 of everything an approval is about: the runbook, the inputs, the target and the images.
func (s State) ApprovalDigest() string {
	type target struct{ Environment, Context, Namespace, ClusterUID string }
	env := s.Plan.Env(s.Plan.Environment)
	facts := struct {
		Runbook string
		Inputs  map[string]string
		Target  target
		Images  []string
	}{s.Plan.Digest, s.Plan.Inputs, target{env.Name, env.Context, env.Namespace, env.ClusterUID}, s.images()}
	for name, c := range s.Plan.Runbook.Components.All() {
		facts.Images = append(facts.Images, name+"="+c.Image)
	}
	data, err := json.Marshal(facts)
	if err != nil { // maps and lists of texts
		panic(err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// images are the identities behind the names of images, as the checks of kind image know them: step/index=identity.
func (s State) images() []string {
	var list []string
	for step := range Steps(s.Plan) {
		for i, check := range step.Verify {
			if check.Kind != "image" {
				continue
			}
			c := s.Steps[step.ID].Checks[i]
			pin := c.Result.Pin
			if pin == "" {
				pin = c.Pin
			}
			if pin != "" {
				list = append(list, fmt.Sprintf("%s/%d=%s", step.ID, i, pin))
			}
		}
	}
	return list
}

// approve takes the yes, or the no, of somebody else.
func (d *decision) approve(v Approve) {
	step, _, ok := d.s.place(v.Step)
	a := d.s.Actions[v.Step]
	by, words := strings.TrimSpace(v.By), MakeSafe(strings.TrimSpace(v.Words), 1000)
	switch {
	case !ok || step.Approve == nil:
		d.refuse("there is nothing to approve in %q", v.Step)
	case a.Stage != ActionWaiting:
		d.refuse("%s does not wait for an approval: start it first", step.Title)
	case by == "":
		d.refuse("say who approves: their name")
	case d.s.isOperator(by, a):
		d.refuse("%s runs this deployment: somebody else has to approve it", by)
	case len(step.Approve.From) > 0 && !slices.ContainsFunc(step.Approve.From, func(name string) bool { return strings.EqualFold(name, by) }):
		d.refuse("%s may not approve this: the runbook names %s", by, strings.Join(step.Approve.From, ", "))
	case len([]rune(string(words))) < minWords:
		d.refuse("write down what %s said, in their words", by)
	case v.Denied:
		d.emit(ActionEnded{Step: v.Step, Stage: ActionFailed, Summary: MakeSafe(fmt.Sprintf("denied by %s: %s", by, words), 400)})
	default:
		d.emit(Approved{Step: v.Step, Approval: Approval{By: string(MakeSafe(by, 100)), At: d.at, Words: words, Digest: a.Digest, How: SaidSo}})
	}
}

// isOperator tells whether a name is one of those who run this.
func (s State) isOperator(name string, a ActionState) bool {
	return strings.EqualFold(name, s.Operator) || a.By != "" && strings.EqualFold(name, a.By)
}

// judgeApprovals finds approvals whose images are others now.
func (d *decision) judgeApprovals() {
	for step := range Steps(d.s.Plan) {
		a := d.s.Actions[step.ID]
		if step.Approve == nil || a.Approval == nil || a.Stage != ActionDone {
			continue
		}
		if why := d.s.otherThan(a.Images); why != "" {
			d.emit(ApprovalVoided{Step: step.ID, Why: why})
		}
	}
}

// otherThan says which of the images that were known is another one now.
func (s State) otherThan(known []string) Safe {
	now := map[string]string{}
	for _, image := range s.images() {
		where, identity, _ := strings.Cut(image, "=")
		now[where] = identity
	}
	for _, image := range known {
		where, identity, _ := strings.Cut(image, "=")
		if is, ok := now[where]; ok && is != identity {
			return MakeSafe("what was approved was "+identity+", now it is "+is+": ask again", 400)
		}
	}
	return ""
}

// answer takes the answers to a step's questions.
func (d *decision) answer(v Answer) {
	step, _, ok := d.s.place(v.Step)
	switch {
	case !ok || step.Ask == nil:
		d.refuse("there is nothing to answer in %q", v.Step)
		return
	case d.s.Actions[v.Step].Stage != ActionWaiting:
		d.refuse("%s does not wait for answers: start it first", step.Title)
		return
	}
	answers := map[string]Safe{}
	for _, q := range step.Ask.Questions {
		text := strings.TrimSpace(v.Answers[q.ID])
		if wrong := q.Accepts(text); wrong != "" {
			d.refuse("%s: %s", q.Title, wrong)
			return
		}
		if text != "" {
			answers[q.ID] = MakeSafe(text, 1000)
		}
	}
	for id := range v.Answers {
		if !slices.ContainsFunc(step.Ask.Questions, func(q runbook.Question) bool { return q.ID == id }) {
			d.refuse("%s does not ask for %q", step.Title, id)
			return
		}
	}
	d.emit(Answered{Step: v.Step, Answers: answers})
}

func answersInWords(answers map[string]Safe) Safe {
	var list []string
	for id, text := range answers {
		list = append(list, id+": "+string(text))
	}
	slices.Sort(list)
	if len(list) == 0 {
		return "answered"
	}
	return MakeSafe(strings.Join(list, "; "), 400)
}
