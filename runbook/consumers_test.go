package runbook

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// consumers says for every field of the file format which code makes it true: a folder, or a file where prose is only
// printed. A field that is read here and used nowhere would look like a guard that is not there.
var consumers = map[string]string{
	"Runbook.APIVersion": "runbook/lint.go", "Runbook.Kind": "runbook/lint.go", "Runbook.Metadata": "runbook/markdown.go",
	"Runbook.Purpose": "runbook/markdown.go", "Runbook.Scope": "runbook/markdown.go",
	"Runbook.Inputs": "runbook/inputs.go", "Runbook.Environments": "runbook/plan.go", "Runbook.Components": "runbook/run,ui/cli",
	"Runbook.Metrics": "rollout/watch,runbook/run", "Runbook.Phases": "runbook/run", "Runbook.Rollback": "runbook/run",
	"Runbook.Severities": "runbook/markdown.go", "Runbook.Communication": "runbook/run", "Runbook.KPIs": "runbook/markdown.go", "Runbook.References": "runbook/markdown.go",

	"Metadata.Name": "runbook/run,ui/cli", "Metadata.Title": "ui", "Metadata.Version": "runbook/markdown.go", "Metadata.Owner": "runbook/markdown.go",
	"Metadata.Classification": "runbook/markdown.go", "Metadata.LastUpdated": "runbook/markdown.go", "Metadata.ReviewBy": "runbook/markdown.go",

	"Input.Title": "runbook/inputs.go", "Input.Type": "runbook/inputs.go", "Input.Pattern": "runbook/inputs.go",
	"Input.Default": "runbook/inputs.go", "Input.Required": "runbook/inputs.go", "Input.Options": "runbook/inputs.go",

	"Environment.Context": "rollout/kube", "Environment.ClusterUID": "rollout/kube", "Environment.Namespace": "rollout/kube,checks",
	"Environment.Prometheus": "rollout/watch", "Environment.Values": "runbook/plan.go", "Environment.Protected": "ui", "Environment.Notes": "runbook/markdown.go",
	"Prometheus.URL":     "rollout/watch",
	"Component.Workload": "rollout", "Component.Container": "rollout", "Component.Image": "rollout",

	"Metric.Title": "ui,runbook/run", "Metric.Text": "runbook/markdown.go", "Metric.Unit": "rollout/watch", "Metric.Query": "rollout/watch",
	"Metric.Numerator": "rollout/watch", "Metric.Denominator": "rollout/watch", "Metric.Objective": "rollout/watch", "Metric.Absent": "rollout/watch", "Metric.Triggers": "runbook/run",
	"Trigger.Trip": "runbook/run", "Trigger.For": "runbook/run", "Trigger.AtLeast": "runbook/run", "Trigger.Severity": "runbook/run", "Trigger.Then": "runbook/run",

	"Phase.ID": "runbook/run", "Phase.Title": "ui", "Phase.Group": "runbook/markdown.go", "Phase.Environment": "runbook/run", "Phase.List": "runbook/markdown.go", "Phase.Sections": "runbook/run",
	"Section.Title": "runbook/markdown.go", "Section.Steps": "runbook/run",
	"Step.ID": "runbook/run", "Step.Title": "ui", "Step.Text": "runbook/markdown.go", "Step.Why": "ui", "Step.How": "ui",
	"Step.Required": "runbook/run:IsRequired", "Step.Overridable": "runbook/run:IsOverridable", "Step.When": "runbook/run", "Step.Owner": "ui",
	"Step.Estimate": "ui", "Step.Recheck": "runbook/run", "Step.DeferTo": "runbook/run", "Step.Inhibits": "runbook/run", "Step.Verify": "runbook/run",
	"Step.Deploy": "runbook/run", "Step.Watch": "runbook/run", "Step.Rollback": "runbook/run",

	"Check.Kind": "checks", "Check.Params": "runbook/params.go", "Check.Interval": "runbook/run,checks", "Check.Timeout": "runbook/run,checks", "Check.TTL": "runbook/run",
	"Check.FailureThreshold": "runbook/run", "Check.SuccessThreshold": "runbook/run", "Check.Expect": "checks",

	"Deploy.Strategy": "runbook/run,rollout", "Deploy.Waves": "runbook/run:Waves", "Deploy.Steps": "runbook/run", "Deploy.Hold": "runbook/run", "Deploy.Deadline": "runbook/run",
	"Watch.For": "runbook/run", "Watch.Every": "runbook/run", "Watch.Metrics": "runbook/run", "Watch.WarmUp": "runbook/run",
	"RollbackAction.Do": "runbook/run",
	"Rollback.Auto":     "runbook/run", "Rollback.Fuse": "runbook/run", "Rollback.Settle": "runbook/run", "Rollback.Triggers": "runbook/markdown.go", "Rollback.Steps": "runbook/run",
	"Communication.Before": "runbook/markdown.go", "Communication.During": "runbook/markdown.go", "Communication.After": "runbook/markdown.go",
	"Communication.Incidents": "runbook/markdown.go", "Communication.Every": "runbook/run",
	"Step.Notify": "runbook/run", "Step.Approve": "runbook/run", "Step.Job": "runbook/run", "Step.Command": "runbook/run", "Step.HTTP": "runbook/run",
	"Step.Flags": "runbook/run", "Step.Wait": "runbook/run", "Step.Ask": "runbook/run", "Step.Confirm": "runbook/run",
	"Notify.Channel": "runbook/run", "Notify.Text": "runbook/run", "Notify.Invite": "runbook/run",
	"Invite.Title": "rollout/act", "Invite.After": "rollout/act", "Invite.Lasts": "rollout/act", "Invite.Text": "rollout/act", "Invite.Where": "rollout/act", "Invite.Guest": "rollout/act",
	"Approve.Text": "runbook/run", "Approve.From": "runbook/run", "Approve.Within": "runbook/run",
	"Job.CronJob": "rollout/act", "Job.Manifest": "rollout/act", "Job.Timeout": "rollout/act", "Job.Migration": "runbook/run",
	"Command.Argv": "rollout/act", "Command.Dir": "rollout/act", "Command.Env": "rollout/act", "Command.Variables": "rollout/act",
	"Command.Timeout": "rollout/act", "Command.Repeat": "runbook/run", "Command.Migration": "runbook/run",
	"Request.URL": "rollout/act", "Request.Method": "rollout/act", "Request.Headers": "rollout/act", "Request.From": "rollout/act", "Request.Body": "rollout/act",
	"Request.Status": "rollout/act", "Request.Contains": "rollout/act", "Request.Timeout": "rollout/act", "Request.Repeat": "runbook/run",
	"Flags.ConfigMap": "rollout/act", "Flags.URL": "rollout/act", "Flags.Flags": "rollout/act", "Flags.Steps": "runbook/run:Shares", "Flags.Hold": "runbook/run",
	"ConfigMapKey.Name": "rollout/act", "ConfigMapKey.Key": "rollout/act",
	"Wait.For": "runbook/run", "Wait.Window": "runbook/run",
	"Window.Days": "runbook/window.go", "Window.From": "runbook/window.go", "Window.To": "runbook/window.go", "Window.Zone": "runbook/window.go",
	"Ask.Questions": "runbook/run", "Question.ID": "runbook/run", "Question.Title": "runbook/run", "Question.Text": "ui", "Question.Options": "runbook/run",
	"Question.Pattern": "runbook/lint_actions.go", "Question.Default": "runbook/run", "Question.Optional": "runbook/run",
	"Communication.Channels": "runbook/run", "Communication.Status": "runbook/run", "Communication.Escalation": "runbook/run",
	"Channel.Webhook": "rollout/act", "Channel.Format": "rollout/act", "Channel.Command": "rollout/act",
	"KPI.Title": "runbook/markdown.go", "KPI.Target": "runbook/markdown.go", "Reference.Title": "runbook/markdown.go", "Reference.URL": "runbook/markdown.go",
}

func TestEveryFieldHasAConsumer(t *testing.T) {
	found := map[string]bool{}
	listFields(reflect.TypeFor[Runbook](), found)
	used := map[string]map[string]bool{}
	for name := range found {
		places, ok := consumers[name]
		if !ok {
			t.Errorf("%s has no consumer in the list", name)
			continue
		}
		places, selector, _ := strings.Cut(places, ":")
		if selector == "" {
			_, selector, _ = strings.Cut(name, ".")
		}
		for place := range strings.SplitSeq(places, ",") {
			if used[place] == nil {
				used[place] = selectors(t, filepath.Join("..", place))
			}
			if !used[place][selector] {
				t.Errorf("%s: no code in %s reads .%s", name, place, selector)
			}
		}
	}
	for name := range consumers {
		if !found[name] {
			t.Errorf("%s is in the list and is no field", name)
		}
	}
}

// listFields notes every field that a file can set, as Type.Field.
func listFields(t reflect.Type, found map[string]bool) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		listFields(t.Elem(), found)
		return
	case reflect.Struct:
	default:
		return
	}
	if t.PkgPath() != reflect.TypeFor[Runbook]().PkgPath() {
		return
	}
	if values, ok := t.FieldByName("values"); ok && values.Type.Kind() == reflect.Map { // a Map
		listFields(values.Type.Elem(), found)
		return
	}
	if _, notation := reflect.New(t).Interface().(selfDecoder); notation && t != reflect.TypeFor[Check]() {
		return
	}
	for f := range t.Fields() {
		if f.IsExported() && f.Tag.Get("yaml") != "-" {
			found[t.Name()+"."+f.Name] = true
			listFields(f.Type, found)
		}
	}
}

// selectors are the names that the code of a folder, or of one file, selects: x.Name. Which type x has is not known,
// so this is a net with wide meshes; the list above says where each field must be caught.
func selectors(t *testing.T, place string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	err := filepath.WalkDir(place, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, data, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				out[s.Sel.Name] = true
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
