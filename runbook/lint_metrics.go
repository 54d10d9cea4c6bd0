package runbook

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
)

var severities = []string{"critical", "warning", "info"}

func (l *linter) metrics() {
	for name, m := range l.rb.Metrics.All() {
		path := "metrics." + name
		l.name(path, "metric", name)
		l.oneOf(path+".unit", m.Unit, Units...)
		l.metricSource(path, m)
		if m.Objective != "" {
			o, err := ParseObjective(m.Objective)
			if err == nil && slices.Contains(Units, m.Unit) {
				err = o.Fits(m.Unit)
			}
			if err != nil {
				l.fault(path+".objective", err)
			}
		}
		for i, t := range m.Triggers {
			l.trigger(fmt.Sprintf("%s.triggers[%d]", path, i), m, t)
		}
	}
}

// metricSource wants one query, or a numerator with its denominator.
func (l *linter) metricSource(path string, m Metric) {
	switch parts := m.Numerator != "" || m.Denominator != ""; {
	case m.Query != "" && parts:
		l.errorf(path, "keep the query, or the numerator and denominator", "metric %s has a query and a numerator or denominator", m.Name)
	case m.Query == "" && !parts:
		l.errorf(path, "add query:, or numerator: and denominator:", "metric %s has nothing to ask for", m.Name)
	case parts && m.Denominator == "":
		l.errorf(path, "add denominator:, or rename numerator to query", "metric %s has a numerator without its denominator", m.Name)
	case parts && m.Numerator == "":
		l.errorf(path, "add numerator:, or rename denominator to query", "metric %s has a denominator without its numerator", m.Name)
	}
	l.oneOf(path+".absent", m.Absent, "zero")
	if m.Absent != "" && m.Numerator == "" {
		l.errorf(path+".absent", "leave it out", "absent is about a missing numerator, and metric %s has none", m.Name)
	}
}

func (l *linter) trigger(path string, m Metric, t Trigger) {
	l.oneOf(path+".severity", t.Severity, severities...)
	l.oneOf(path+".then", t.Then, "rollback")
	if t.Then == "rollback" && l.rb.Rollback == nil {
		l.warnf(path+".then", "write a rollback section: its steps are what people do then", "the trigger asks for a rollback, and the runbook has no rollback section")
	}
	if t.Trip == "" {
		return
	}
	trip, err := ParseTrip(t.Trip)
	if err == nil && slices.Contains(Units, m.Unit) {
		err = trip.Fits(m.Unit)
	}
	if err != nil {
		l.fault(path+".trip", err)
		return
	}
	if trip.Burn != nil && m.Numerator == "" {
		l.errorf(path+".trip", "write the metric as numerator and denominator", "a burn trip needs a metric of errors over requests")
	}
	if t.AtLeast.Text == "" {
		return
	}
	if !trip.Baseline {
		l.errorf(path+".atLeast", "leave it out", "atLeast is a distance from the baseline, and the trip does not name the baseline")
		return
	}
	if _, unit, err := parseAmount(t.AtLeast.Text); err == nil && slices.Contains(Units, m.Unit) && unit.unit != m.Unit {
		l.errorf(path+".atLeast", "write "+unitExample(m.Unit), "atLeast is in %s, the metric in %s", unit.unit, m.Unit)
	}
}

// checkURL says what is wrong with an http or https address.
func checkURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return errors.New("not an address")
	case u.Scheme != "http" && u.Scheme != "https":
		return errors.New("the address must begin with http:// or https://")
	case u.Host == "":
		return errors.New("the address names no host")
	case u.User != nil:
		return errors.New("the address holds a user or password, which would be written into every report")
	}
	return nil
}
