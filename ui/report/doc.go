// Package report tells a run after the fact: who did what when, every box with its evidence, the rollout's time line,
// the charts of what was watched, the verdict and the way back.
//
// It is pure. A run is told from the events of its journal, of which nothing is left out, and not from the State that
// they lead to, which forgets what screens need no more:
//
//	r := report.Of(report.Source{Run: id, Plan: plan, Events: events, Journal: facts})
//	r.Markdown(w) // or r.HTML(w); as JSON it is the Report itself
//
// Both documents are drawn from the same Sections (sections.go): facts, tables, notes and figures, escaped once by
// whoever writes them down. A new part of the report is a field of Report, filled in by the teller (teller.go), and one
// function in the list of sections.
//
// The same events, added up over many runs, are the KPIs (kpi.go), and a run in one line is a Summary (summary.go).
package report
